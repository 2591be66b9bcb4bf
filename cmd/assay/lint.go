package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
)

// linted is what `assay lint` found.
type linted struct {
	Overlays []lintedOverlay `json:"overlays"`
}

type lintedOverlay struct {
	Overlay  string         `json:"overlay"`
	Suites   int            `json:"suites"`
	Gates    int            `json:"gates"`
	Sites    int            `json:"sites"`
	Problems tests.Problems `json:"problems"`
}

func newLint() *cobra.Command {
	var overlays []string
	cmd := &cobra.Command{
		Use:     "lint [DIR]",
		GroupID: groupTests,
		Short:   "Check a test repository, as it lies in a folder",
		Long: `Load every overlay of the test repository in a folder, as "assay run" would, and name
everything that is wrong: file, line, and what to do about it. Exits with 1 when there is
something.`,
		Example: `  assay lint
  assay lint system-tests --overlay overlays/staging --output json`,
		Args: cobra.MaximumNArgs(1),
	}
	form := addOutput(cmd)
	cmd.Flags().StringArrayVar(&overlays, "overlay", nil, "`folder` of an overlay; may be given several times (default: all in overlays/)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir := "."
		if len(args) == 1 {
			dir = args[0]
		}
		found, err := lint(cmd.Context(), dir, overlays)
		if err != nil {
			return unusable(err)
		}
		if err := form.print(cmd.OutOrStdout(), found, found.table); err != nil {
			return err
		}
		for _, o := range found.Overlays {
			if len(o.Problems) > 0 {
				return answer(exitNo)
			}
		}
		return nil
	}
	return cmd
}

func lint(ctx context.Context, dir string, overlays []string) (*linted, error) {
	tree, err := render.OpenDirectory(dir)
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	if len(overlays) == 0 {
		if overlays, err = overlaysIn(tree); err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
	}
	found := &linted{}
	for _, overlay := range overlays {
		one := lintedOverlay{Overlay: overlay, Problems: tests.Problems{}}
		set, err := loadTests(ctx, tree, overlay)
		switch {
		case err == nil:
			one.Suites, one.Gates, one.Sites = len(set.Suites), len(set.Gates), len(set.Sites)
		case !errors.As(err, &one.Problems):
			return nil, err
		}
		found.Overlays = append(found.Overlays, one)
	}
	return found, nil
}

// table lists each problem once, however many overlays have it.
func (l *linted) table(w io.Writer) {
	said := map[tests.Problem]bool{}
	for _, o := range l.Overlays {
		if len(o.Problems) == 0 {
			row(w, fmt.Sprintf("%s: %s, %s, %s: all well", o.Overlay, several(o.Suites, "suite"), several(o.Gates, "gate"),
				several(o.Sites, "site")))
			continue
		}
		row(w, o.Overlay+": "+several(len(o.Problems), "problem"))
		before := len(said)
		for _, p := range o.Problems {
			if !said[p] {
				row(w, "  "+p.String())
			}
			said[p] = true
		}
		if len(said) == before {
			row(w, "  the same as above")
		}
	}
}
