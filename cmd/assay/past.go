package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
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
	dir string
	// database is the file with the URL of the database, where the history is in one.
	database string
	filter   history.Filter
	since    time.Duration
}

func addPast(cmd *cobra.Command, p *past) {
	dir := os.Getenv(dataDirVariable)
	if dir == "" {
		dir = settings.DefaultDataDir
	}
	p.database = os.Getenv(settings.DatabaseVariable)
	cmd.Flags().StringVar(&p.dir, "data-dir", dir, "`folder` of the data of assay run (also "+dataDirVariable+")")
}

// addFilter gives a command that lists something the flags that choose.
func addFilter(cmd *cobra.Command, p *past, limit int) {
	addPast(cmd, p)
	cmd.Flags().StringVar(&p.filter.Environment, "environment", "", "`name` of the environment (default: all)")
	cmd.Flags().StringVar(&p.filter.Gate, "gate", "", "`name` of the gate (default: all)")
	cmd.Flags().IntVar(&p.filter.Limit, "limit", limit, "how many of the newest; 0 is all")
	cmd.Flags().DurationVar(&p.since, "since", 0, "only what began within the last `duration`, such as 24h")
}

// look opens the history to be read, also while assay run writes it. A name to choose by that nothing is known of is refused.
func (p *past) look(ctx context.Context) (*history.Store, error) {
	switch {
	case p.since < 0:
		return nil, unusable(fmt.Errorf("--since %s must be a time of more than 0, such as 24h", p.since))
	case p.filter.Limit < 0:
		return nil, unusable(fmt.Errorf("--limit %d must be a number from 0; 0 is all", p.filter.Limit))
	case p.since > 0:
		p.filter.Since = time.Now().Add(-p.since)
	}
	store, err := p.open(ctx, history.OpenReadOnly)
	if err != nil {
		return nil, err
	}
	if _, err := knownKeys(ctx, store, p.filter.Environment, p.filter.Gate); err != nil {
		return nil, unusable(errors.Join(err, store.Close()))
	}
	return store, nil
}

// beside opens the history to be written, also while assay run does.
func (p *past) beside(ctx context.Context) (*history.Store, error) {
	return p.open(ctx, history.OpenBeside)
}

func (p *past) open(ctx context.Context, open func(ctx context.Context, place string) (*history.Store, error)) (*history.Store, error) {
	database, err := settings.ReadDatabase(p.database)
	if err != nil {
		return nil, unusable(err)
	}
	store, err := open(ctx, wire.HistoryPlace(p.dir, database))
	if errors.Is(err, fs.ErrNotExist) && database == "" {
		err = fmt.Errorf("there is no history in %s: name the data of assay run with --data-dir or %s: %w", p.dir, dataDirVariable, err)
	}
	return store, unusable(err)
}

// knownKeys are the Gates of an Environment, and of a name where one is given. Where there is none of them, the error names those that
// there are; before anything was verified there are none.
func knownKeys(ctx context.Context, store *history.Store, environment, gate string) (found []history.Key, err error) {
	all, err := store.Keys(ctx)
	if err != nil {
		return nil, err
	}
	var environments, gates []string
	for _, key := range all {
		environments = append(environments, key.Environment)
		if environment != "" && key.Environment != environment {
			continue
		}
		gates = append(gates, key.Gate)
		if gate == "" || key.Gate == gate {
			found = append(found, key)
		}
	}
	switch {
	case len(all) == 0:
		return nil, nil
	case environment != "" && len(gates) == 0:
		return nil, unknownName("environment", environment, environments)
	case gate != "" && len(found) == 0:
		return nil, unknownName("gate", gate, gates)
	}
	return found, nil
}

// unknownName says which names there are in place of one that is not known.
func unknownName(what, name string, known []string) error {
	slices.Sort(known)
	known = slices.Compact(known)
	return fmt.Errorf("no %s %s is known: there is %s", what, name, strings.Join(known, ", "))
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
