package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers the driver
)

// sqlite is a history in a folder. It has one writer at a time, and readers do not wait for it. A crash of Assay loses nothing that was
// recorded, a crash of the machine may lose the last moments, which the loop then finds again in Git.
type sqlite struct {
	dir string
	// volatile has it wait neither for the disk nor for another process.
	volatile bool
}

func (q sqlite) String() string { return q.dir }

func (q sqlite) connect(_ context.Context, a access) (writer, reader *sql.DB, err error) {
	if a == create {
		err = os.MkdirAll(q.dir, 0o700)
	} else {
		_, err = os.Stat(q.file())
	}
	if err != nil {
		return nil, nil, err
	}
	if q.volatile {
		writer, err = q.open("_txlock=deferred", 1, "locking_mode(exclusive)", "journal_mode(memory)", "synchronous(off)")
		return writer, writer, err
	}
	// Readers do not wait for the writer, whatever process they are in.
	shared := []string{"journal_mode(wal)", "synchronous(normal)"}
	if a == readOnly {
		reader, err = q.open("mode=ro", 4, shared...)
		return reader, reader, err
	}
	mode := "_txlock=immediate"
	if a == beside {
		mode += "&mode=rw"
	}
	if writer, err = q.open(mode, 1, shared...); err != nil {
		return nil, nil, err
	}
	if reader, err = q.open("mode=ro", 4, shared...); err != nil {
		return nil, nil, errors.Join(err, writer.Close())
	}
	return writer, reader, nil
}

// open opens the database with at most so many connections.
func (q sqlite) open(option string, connections int, pragmas ...string) (*sql.DB, error) {
	values := url.Values{"_pragma": append(slices.Clone(pragmas), "busy_timeout(10000)", "foreign_keys(on)")}
	path := url.URL{Scheme: "file", Opaque: (&url.URL{Path: q.file()}).EscapedPath()}
	db, err := sql.Open("sqlite", path.String()+"?"+option+"&"+values.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	return db, nil
}

func (q sqlite) file() string { return filepath.Join(q.dir, "history.db") }

func (sqlite) scripts() (goose.Dialect, fs.FS, []goose.ProviderOption, error) {
	files, err := fs.Sub(migrations, "migrations")
	return goose.DialectSQLite3, files, nil, err
}

func (q sqlite) check(ctx context.Context, db *sql.DB) error {
	damaged := fmt.Sprintf("the database is damaged: move %s away to begin anew (what is open will be found again in Git)", q.dir)
	rows, err := db.QueryContext(ctx, "PRAGMA quick_check")
	if err != nil {
		return fmt.Errorf("%s: %w", damaged, err)
	}
	defer rows.Close()
	var damage []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return err
		}
		if line != "ok" {
			damage = append(damage, line)
		}
	}
	if len(damage) > 0 {
		return fmt.Errorf("%s: %s", damaged, strings.Join(damage, "; "))
	}
	return rows.Err()
}

func (sqlite) say(query string, args []any) (string, []any) { return query, args }

func (sqlite) prepares() bool { return true }

func (sqlite) snapshot() *sql.TxOptions { return &sql.TxOptions{ReadOnly: true} }

// await has nothing to do: the transaction began when it was the only one that writes.
func (sqlite) await(context.Context, *sql.Tx, turn) error { return nil }

func (sqlite) again(error) bool { return false }

// lead has nothing to do: one Assay has the folder, and no other can take it.
func (sqlite) lead(context.Context, *Store, string, string) error { return nil }

func (sqlite) deposed() <-chan struct{} { return nil }

func (q sqlite) blobs(*Store) blobs { return folder{q.dir} }
