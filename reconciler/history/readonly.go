package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
)

// OpenReadOnly opens the history in a folder to be looked at, also while an Assay writes to it. Nothing is created or changed, and whatever
// would record something is an error. The error is fs.ErrNotExist where there is no history, and says so where another version of Assay
// wrote it.
func OpenReadOnly(ctx context.Context, dir string) (*Store, error) {
	s, err := lookAt(ctx, dir)
	if err != nil {
		return nil, err
	}
	s.writer = s.reader
	return s, nil
}

// OpenBeside opens the history in a folder to be read and written, also while an Assay writes to it: each waits for the other's writes.
// Unlike Open it creates no history and leaves the schema alone, which is the Assay's that runs. Errors are those of OpenReadOnly.
func OpenBeside(ctx context.Context, dir string) (*Store, error) {
	s, err := lookAt(ctx, dir)
	if err != nil {
		return nil, err
	}
	if s.writer, err = s.connect("mode=rw&_txlock=immediate", 1, shared...); err != nil {
		return nil, errors.Join(err, s.reader.Close())
	}
	return s, nil
}

// lookAt opens what is there for reading alone; the Store has no writer yet.
func lookAt(ctx context.Context, dir string) (*Store, error) {
	if _, err := os.Stat(filepath.Join(dir, "history.db")); err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	s := &Store{dir: dir}
	var err error
	if s.reader, err = s.connect("mode=ro", 4, shared...); err != nil {
		return nil, err
	}
	if err := s.fits(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("history in %s cannot be read: %w", dir, err), s.reader.Close())
	}
	return s, nil
}

// fits says whether the schema is the one that this Assay knows.
func (s *Store) fits(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, s.reader.DB, files)
	if err != nil {
		return err
	}
	current, target, err := provider.GetVersions(ctx)
	switch {
	case err != nil:
		return err
	case current != target:
		return fmt.Errorf("it was written by another version of Assay (schema %d, this one knows %d): use that one, or let `assay run` bring it up to date", current, target)
	}
	return nil
}
