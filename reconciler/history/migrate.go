package history

import (
	"context"
	"database/sql"
	"embed"
	"fmt"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// migrate brings the schema up to date.
func migrate(ctx context.Context, d dialect, db *sql.DB) error {
	if err := d.check(ctx, db); err != nil {
		return err
	}
	provider, current, target, err := schema(ctx, d, db)
	if err != nil {
		return err
	}
	if current > target {
		return fmt.Errorf("it was written by a newer Assay (schema %d, this one knows %d): use that one", current, target)
	}
	_, err = provider.Up(ctx)
	return err
}

// fits says whether the schema is the one that this Assay knows.
func fits(ctx context.Context, d dialect, db *sql.DB) error {
	_, current, target, err := schema(ctx, d, db)
	if err == nil && current != target {
		err = fmt.Errorf("it was written by another version of Assay (schema %d, this one knows %d): use that one, or let `assay run` bring it up to date", current, target)
	}
	return err
}

// schema is the version that the database has, and the one that this Assay knows.
func schema(ctx context.Context, d dialect, db *sql.DB) (provider *goose.Provider, current, target int64, err error) {
	name, scripts, options, err := d.scripts()
	if err != nil {
		return nil, 0, 0, err
	}
	if provider, err = goose.NewProvider(name, db, scripts, options...); err != nil {
		return nil, 0, 0, err
	}
	current, target, err = provider.GetVersions(ctx)
	return provider, current, target, err
}
