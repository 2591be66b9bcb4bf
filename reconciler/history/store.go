package history

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Store is the history of one Assay. It is safe for concurrent use: what would interfere is written one after the other, and readers do
// not wait for it.
type Store struct {
	dialect dialect
	blobs   blobs
	writer  *database
	reader  *database
	memory  memory
}

// Open opens the history at a place, which is created when absent, and brings its schema up to date. A place is a folder, for SQLite, or
// the URL of a PostgreSQL database: postgres://user:password@host:5432/name. The error says so when the database is damaged or comes from a
// newer Assay; it never holds the password.
func Open(ctx context.Context, place string) (*Store, error) {
	d, err := at(place)
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	return open(ctx, d, create)
}

// OpenVolatile is Open of a folder without ever waiting for the disk or for another process, for a history that no crash of the machine
// need leave anything of, and that nobody else looks into meanwhile.
func OpenVolatile(ctx context.Context, dir string) (*Store, error) {
	return open(ctx, sqlite{dir: dir, volatile: true}, create)
}

// OpenReadOnly opens the history at a place to be looked at, also while an Assay writes to it. Nothing is created or changed, and whatever
// would record something is an error. The error is fs.ErrNotExist where there is no history, and says so where another version of Assay
// wrote it.
func OpenReadOnly(ctx context.Context, place string) (*Store, error) {
	d, err := at(place)
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	return open(ctx, d, readOnly)
}

// OpenBeside opens the history at a place to be read and written, also while an Assay writes to it: each waits for the other's writes.
// Unlike Open it creates no history and leaves the schema alone, which is the Assay's that runs. Errors are those of OpenReadOnly.
func OpenBeside(ctx context.Context, place string) (*Store, error) {
	d, err := at(place)
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	return open(ctx, d, beside)
}

func open(ctx context.Context, d dialect, a access) (*Store, error) {
	writer, reader, err := d.connect(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("history in %s: %w", d, err)
	}
	s := &Store{dialect: d, writer: newDatabase(writer, d), reader: newDatabase(reader, d)}
	s.blobs = d.blobs(s)
	ready := migrate
	if a != create {
		ready = fits
	}
	if err := ready(ctx, d, writer); err != nil {
		return nil, errors.Join(fmt.Errorf("history in %s cannot be used: %w", d, err), s.Close())
	}
	return s, nil
}

// Lead takes the lead under a name: from now on whoever took it before fails with ErrDeposed instead of recording anything, and so
// will this Store once another takes it. holder says for people who leads. It waits for what is being written; where one Assay has the
// place for itself it does nothing.
func (s *Store) Lead(ctx context.Context, name, holder string) error {
	return s.dialect.lead(ctx, s, name, holder)
}

// Deposed is closed once this Store was refused to record something, since another took the lead.
func (s *Store) Deposed() <-chan struct{} { return s.dialect.deposed() }

// Confirm asks whether this Store may still record; where it may not, the error is ErrDeposed. Who has nothing to
// record hears of it no other way.
func (s *Store) Confirm(ctx context.Context) error {
	return s.write(ctx, "lead", "that it leads", func(*transaction) error { return nil })
}

// Close ends the use of the history.
func (s *Store) Close() error { return errors.Join(s.reader.Close(), s.writer.Close()) }

// attempts is how often a transaction is tried that others get in the way of.
const attempts = 5

// write runs f in a transaction of its own, when it is its turn; either all of it is recorded or nothing. f may be
// run again from the start.
func (s *Store) write(ctx context.Context, whose turn, what string, f func(tx *transaction) error) error {
	for attempt := 1; ; attempt++ {
		err := s.transact(ctx, whose, f)
		if err == nil {
			return nil
		}
		if attempt == attempts || !s.dialect.again(err) {
			return fmt.Errorf("record %s: %w", what, err)
		}
	}
}

func (s *Store) transact(ctx context.Context, whose turn, f func(tx *transaction) error) error {
	tx, err := s.writer.begin(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.end()
	if err := s.dialect.await(ctx, tx.Tx, whose); err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	return tx.Commit()
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
	all, err := texts(ctx, q, query, args...)
	if err != nil {
		return nil, err
	}
	for _, text := range all {
		var record T
		if err := json.Unmarshal([]byte(text), &record); err != nil {
			return nil, fmt.Errorf("read history: a %T: %w", record, err)
		}
		out = append(out, record)
	}
	return out, nil
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

// insertAll writes rows of a table whole, many at a time. Their numbers are powers of four, so that there are few statements to remember.
func insertAll(ctx context.Context, tx *transaction, table string, rows [][]any) error {
	for size := 256; size >= 1; size /= 4 {
		for len(rows) >= size {
			one := "(?" + strings.Repeat(", ?", len(rows[0])-1) + ")"
			query := "INSERT INTO " + table + " VALUES " + one + strings.Repeat(", "+one, size-1)
			if _, err := tx.ExecContext(ctx, query, slices.Concat(rows[:size]...)...); err != nil {
				return err
			}
			rows = rows[size:]
		}
	}
	return nil
}

// texts reads one column.
func texts(ctx context.Context, q querier, query string, args ...any) (out []string, err error) {
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
		out = append(out, text)
	}
	return out, rows.Err()
}

// number reads one number; the error is fs.ErrNotExist where there is none.
func number(ctx context.Context, q querier, query string, args ...any) (n int64, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	if !rows.Next() {
		return 0, cmp.Or(rows.Err(), fs.ErrNotExist)
	}
	return n, errors.Join(rows.Scan(&n), rows.Close())
}

// encode is a record as its column holds it. Records are plain data, so that encoding cannot fail.
func encode(record any) string {
	text, err := json.Marshal(record)
	if err != nil {
		panic(fmt.Sprintf("history: a %T does not encode: %v", record, err))
	}
	return string(text)
}
