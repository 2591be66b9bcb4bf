package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/git"
)

func newHold() *cobra.Command {
	var p past
	var scope history.Scope
	var reason string
	var limit time.Duration
	cmd := &cobra.Command{
		Use:     "hold --reason TEXT",
		GroupID: groupWatch,
		Short:   "Keep assay run from proposing and merging reverts; tests go on",
		Long: `Keep "assay run" from proposing, updating and merging reverts, from its next pass on. Tests
and verdicts go on. Without further flags everything is held; --environment, --gate and
--repository narrow that down. The hold ends after --for, or with "assay resume" and the
same flags. Who held what, when and why is recorded, and "assay status" shows it on top.
Run this on the machine of "assay run", as the same user.`,
		Example: `  assay hold --reason "release freeze" --for 8h
  assay hold --environment prod --gate checkout --reason "we look at it ourselves"`,
		Args: cobra.NoArgs,
	}
	addPast(cmd, &p)
	addScope(cmd, &scope)
	cmd.Flags().StringVar(&reason, "reason", "", "`text` that says why, for those who come across it (required)")
	cmd.Flags().DurationVar(&limit, "for", 0, "`duration` of the hold, such as 2h (default: until assay resume)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case strings.TrimSpace(reason) == "":
			return unusable(errors.New("say why with --reason: others will come across it"))
		case limit < 0:
			return unusable(fmt.Errorf("--for %s must be a time of more than 0, such as 2h", limit))
		}
		store, err := p.beside(cmd.Context())
		if err != nil {
			return err
		}
		defer store.Close()
		if err := knownScope(cmd.Context(), store, scope); err != nil {
			return unusable(err)
		}
		h := history.Hold{Scope: scope, Reason: strings.TrimSpace(reason), By: whoami(), At: time.Now().UTC().Truncate(time.Second)}
		if limit > 0 {
			h.Until = h.At.Add(limit)
		}
		if err := store.Hold(cmd.Context(), h); err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), printable(h.String()))
		return nil
	}
	return cmd
}

// addScope gives a command the flags that narrow down what is held, and normalises what they say.
func addScope(cmd *cobra.Command, s *history.Scope) {
	cmd.Flags().StringVar(&s.Environment, "environment", "", "`name` of the environment (default: all)")
	cmd.Flags().StringVar(&s.Gate, "gate", "", "`name` of the gate (default: all)")
	cmd.Flags().StringVar(&s.Repository, "repository", "", "`URL` of the config repository (default: all)")
	cmd.PreRun = func(*cobra.Command, []string) {
		if s.Repository != "" {
			s.Repository = git.Normalize(s.Repository)
		}
	}
}

// knownScope refuses a Scope of which nothing is known: one that is misspelt would hold nothing.
func knownScope(ctx context.Context, store *history.Store, scope history.Scope) error {
	keys, err := knownKeys(ctx, store, scope.Environment, scope.Gate)
	switch {
	case err != nil:
		return err
	case len(keys) == 0 && scope != history.Scope{}:
		return fmt.Errorf("nothing was verified yet, so nothing is known of %s: hold everything", scope)
	case scope.Repository == "":
		return nil
	}
	var known []string
	for _, key := range keys {
		state, err := store.Gate(ctx, key)
		if err != nil {
			return err
		}
		for _, t := range state.Latest.Targets {
			for _, r := range t.Revisions {
				if r.Repository == scope.Repository {
					return nil
				}
				known = append(known, r.Repository)
			}
		}
	}
	return unknownName("repository", scope.Repository, known)
}

// whoami is who sits at the keyboard, as the system knows them, also behind sudo.
func whoami() string {
	name := fmt.Sprint("uid ", os.Getuid())
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if behind := os.Getenv("SUDO_USER"); behind != "" && behind != name {
		return behind + " (as " + name + ")"
	}
	return cmp.Or(name, "somebody")
}
