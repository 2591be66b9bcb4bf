package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/assay-dev/assay/reconciler/history"
)

func newResume() *cobra.Command {
	var p past
	var scope history.Scope
	cmd := &cobra.Command{
		Use:     "resume",
		GroupID: groupWatch,
		Short:   "End what assay hold began",
		Long: `End the holds of exactly the given scope: the same flags as with "assay hold". A wider or
a narrower hold stays in force. "assay run" looks at what waits to be proposed or merged
at its usual interval (ASSAY_PROPOSAL_INTERVAL), and goes on then.`,
		Example: `  assay resume
  assay resume --environment prod --gate checkout`,
		Args: cobra.NoArgs,
	}
	addPast(cmd, &p)
	addScope(cmd, &scope)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx := cmd.Context()
		store, err := p.beside(ctx)
		if err != nil {
			return err
		}
		defer store.Close()
		now := time.Now().UTC().Truncate(time.Second)
		n, err := store.Resume(ctx, scope, whoami(), now)
		if err != nil {
			return err
		}
		left, err := store.Holds(ctx, now)
		if err != nil {
			return err
		}
		var others []string
		for _, h := range left {
			others = append(others, "  "+h.String())
		}
		if n == 0 {
			if others == nil {
				return fmt.Errorf("nothing is held")
			}
			return fmt.Errorf("no hold is of exactly %s; in force are:\n%s", scope, strings.Join(others, "\n"))
		}
		fmt.Fprintf(cmd.OutOrStdout(), "lifted %s of %s\n", several(n, "hold"), printable(scope.String()))
		if others != nil {
			fmt.Fprintf(cmd.OutOrStdout(), "still in force:\n%s\n", printable(strings.Join(others, "\n")))
		}
		return nil
	}
	return cmd
}
