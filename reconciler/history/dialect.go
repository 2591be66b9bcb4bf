package history

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"
)

// dialect is a database that can hold a history, at one place. What is not asked of it here is said to all of them in the same words.
type dialect interface {
	// String is the place, as people may read it.
	String() string
	// connect opens the connections to write and to read with, which may be the same. The error is fs.ErrNotExist where there is no history
	// and access is not create.
	connect(ctx context.Context, a access) (writer, reader *sql.DB, err error)
	// scripts are the migrations in its words.
	scripts() (goose.Dialect, fs.FS, []goose.ProviderOption, error)
	// check reads the whole database for damage, where that is Assay's to do.
	check(ctx context.Context, db *sql.DB) error
	// say puts a statement into its words. In ours, arguments are question marks.
	say(query string, args []any) (string, []any)
	// prepares tells whether statements are to be kept prepared here, since the driver does not.
	prepares() bool
	// snapshot is how a transaction sees one moment.
	snapshot() *sql.TxOptions
	// await has a transaction wait until it may write, and refuses one of an Assay that leads no more.
	await(ctx context.Context, tx *sql.Tx, whose turn) error
	// again tells whether a transaction failed for others that wrote at the same time, and may be tried again.
	again(err error) bool
	// lead takes the lead under a name.
	lead(ctx context.Context, s *Store, name, holder string) error
	// deposed is closed when await has refused a transaction; nil where that cannot be.
	deposed() <-chan struct{}
	// blobs keeps logs and artifacts.
	blobs(s *Store) blobs
}

// access is what a history is opened for.
type access int

const (
	create   access = iota // to be made where it is absent, and written
	beside                 // to be written, while another Assay runs
	readOnly               // to be looked at
)

// turn says whose writes a transaction waits for where several write at the same time: those with the same turn. One that has everyone's
// waits for all, and all for it.
type turn string

const everyone turn = ""

func turnOf(key Key) turn { return turn("gate " + key.Environment + "/" + key.Gate) }

func turnOfRun(id string) turn { return turn("run " + id) }

// ErrDeposed says that another Assay has taken the lead: what this one wants to record counts no more.
var ErrDeposed = errors.New("another Assay leads now")

// at is the database of a place.
func at(place string) (dialect, error) {
	if strings.HasPrefix(place, "postgres://") || strings.HasPrefix(place, "postgresql://") {
		return newPostgres(place)
	}
	return sqlite{dir: place}, nil
}
