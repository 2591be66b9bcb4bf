package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/assay-dev/assay/cmd/assay/internal/settings"
	"github.com/assay-dev/assay/cmd/assay/internal/wire"
	"github.com/assay-dev/assay/reconciler/history"
)

// dataDirVariable holds the folder of `assay run`, and so of the commands that look at what it does.
const dataDirVariable = settings.Prefix + "DATA_DIR"

// past is the history that a command looks at, and what of it.
type past struct {
	dir    string
	filter history.Filter
	since  time.Duration
}

func addPast(cmd *cobra.Command, p *past) {
	dir := os.Getenv(dataDirVariable)
	if dir == "" {
		dir = settings.DefaultDataDir
	}
	cmd.Flags().StringVar(&p.dir, "data-dir", dir, "`folder` of the data of assay run (also "+dataDirVariable+")")
}

// addFilter gives a command that lists something the flags that choose.
func addFilter(cmd *cobra.Command, p *past, limit int) {
	addPast(cmd, p)
	cmd.Flags().StringVar(&p.filter.Environment, "environment", "", "`name` of the environment (default: all)")
	cmd.Flags().StringVar(&p.filter.Gate, "gate", "", "`name` of the gate (default: all)")
	cmd.Flags().IntVar(&p.filter.Limit, "limit", limit, "how many of the newest; 0 is all")
	cmd.Flags().DurationVar(&p.since, "since", 0, "only what began less than so `long` ago, such as 24h")
}

// look opens the history to be read, also while assay run writes it.
func (p *past) look(ctx context.Context) (*history.Store, error) {
	if p.since > 0 {
		p.filter.Since = time.Now().Add(-p.since)
	}
	store, err := history.OpenReadOnly(ctx, filepath.Join(p.dir, wire.HistoryDir))
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("there is no history in %s: name the data of assay run with --data-dir or %s: %w", p.dir, dataDirVariable, err)
	}
	return store, unusable(err)
}

// moment is a time for people: the time of day while that is enough.
func moment(t time.Time) string {
	switch {
	case t.IsZero():
		return "-"
	case time.Since(t) < 20*time.Hour:
		return t.Local().Format("15:04:05")
	}
	return t.Local().Format("2006-01-02 15:04")
}

// list is how lists are printed as JSON and YAML: never null, and with room for more besides.
type list[T any] struct {
	Items []T `json:"items"`
}

func listOf[T any](items []T) list[T] {
	if items == nil {
		items = []T{}
	}
	return list[T]{items}
}
