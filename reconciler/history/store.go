package history

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
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

//go:embed migrations/*.sql
var migrations embed.FS

// Store is the history of one Assay. It is safe for concurrent use: there is one writer at a time, and readers do not wait for it.
type Store struct {
	dir    string
	writer *database
	reader *database
	memory memory
}

// Open opens the history in a folder, which is created when absent, and brings its schema up to date. The error says so when the database
// is damaged or comes from a newer Assay.
//
// The database is SQLite with a write-ahead log, synchronised at checkpoints: a crash of Assay loses nothing that was recorded, a crash of
// the machine may lose the last moments, which the loop then finds again in Git.
func Open(ctx context.Context, dir string) (*Store, error) {
	s := &Store{dir: dir}
	var err error
	if s.writer, err = s.connect("_txlock=immediate", 1, shared...); err != nil {
		return nil, err
	}
	if s.reader, err = s.connect("mode=ro", 4, shared...); err != nil {
		return nil, errors.Join(err, s.writer.Close())
	}
	return s.ready(ctx)
}

// OpenVolatile is Open without ever waiting for the disk or for another process, for a history that no crash of the machine need leave
// anything of, and that nobody else looks into meanwhile.
func OpenVolatile(ctx context.Context, dir string) (*Store, error) {
	s := &Store{dir: dir}
	var err error
	if s.writer, err = s.connect("_txlock=deferred", 1, "locking_mode(exclusive)", "journal_mode(memory)", "synchronous(off)"); err != nil {
		return nil, err
	}
	s.reader = s.writer
	return s.ready(ctx)
}

// shared has readers not wait for the writer, whatever process they are in.
var shared = []string{"journal_mode(wal)", "synchronous(normal)"}

// connect opens the database with at most so many connections.
func (s *Store) connect(option string, connections int, pragmas ...string) (*database, error) {
	values := url.Values{"_pragma": append(slices.Clone(pragmas), "busy_timeout(10000)", "foreign_keys(on)")}
	path := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.Join(s.dir, "history.db")}).EscapedPath()}
	db, err := sql.Open("sqlite", path.String()+"?"+option+"&"+values.Encode())
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	db.SetMaxOpenConns(connections)
	return newDatabase(db), nil
}

// ready brings the schema up to date.
func (s *Store) ready(ctx context.Context) (*Store, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, errors.Join(fmt.Errorf("history: %w", err), s.Close())
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("history in %s cannot be used: %w", s.dir, err), s.Close())
	}
	return s, nil
}

func (s *Store) migrate(ctx context.Context) error {
	if err := s.Check(ctx); err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, s.writer.DB, files)
	if err != nil {
		return err
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return err
	}
	if current > target {
		return fmt.Errorf("it was written by a newer Assay (schema %d, this one knows %d): use that one", current, target)
	}
	_, err = provider.Up(ctx)
	return err
}

// Check reads the whole database for damage.
func (s *Store) Check(ctx context.Context) error {
	rows, err := s.writer.DB.QueryContext(ctx, "PRAGMA quick_check")
	if err != nil {
		return fmt.Errorf("the database is damaged: move %s away to begin anew (what is open will be found again in Git): %w", s.dir, err)
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
		return fmt.Errorf("the database is damaged: move %s away to begin anew (what is open will be found again in Git): %s",
			s.dir, strings.Join(damage, "; "))
	}
	return rows.Err()
}

// Close ends the use of the history.
func (s *Store) Close() error { return errors.Join(s.reader.Close(), s.writer.Close()) }

// write runs f in a transaction of its own; either all of it is recorded or nothing.
func (s *Store) write(ctx context.Context, what string, f func(tx *transaction) error) error {
	tx, err := s.writer.begin(ctx, nil)
	if err != nil {
		return fmt.Errorf("record %s: %w", what, err)
	}
	defer tx.end()
	if err := f(tx); err != nil {
		return errors.Join(fmt.Errorf("record %s: %w", what, err), ignoreDone(tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("record %s: %w", what, err)
	}
	return nil
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// querier is a transaction or a database.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// documents reads records of one type.
func documents[T any](ctx context.Context, q querier, query string, args ...any) (out []T, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("read history: %w", err)
		}
		var record T
		if err := json.Unmarshal([]byte(text), &record); err != nil {
			return nil, fmt.Errorf("read history: a %T: %w", record, err)
		}
		out = append(out, record)
	}
	return out, rows.Err()
}

// document reads one record, or nil when there is none.
func document[T any](ctx context.Context, q querier, query string, args ...any) (*T, error) {
	all, err := documents[T](ctx, q, query, args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// insert writes one row; args in the order of the columns, records as JSON. It returns false when a row of that identity is there already.
func insert(ctx context.Context, tx *transaction, query string, args ...any) (bool, error) {
	result, err := tx.ExecContext(ctx, query+" ON CONFLICT DO NOTHING", args...)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// encode is a record as its column holds it. Records are plain data, so that encoding cannot fail.
func encode(record any) string {
	text, err := json.Marshal(record)
	if err != nil {
		panic(fmt.Sprintf("history: a %T does not encode: %v", record, err))
	}
	return string(text)
}
