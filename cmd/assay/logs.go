package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
)

// followInterval is the time between two looks at a log that grows.
const followInterval = 200 * time.Millisecond

func newLogs() *cobra.Command {
	var p past
	var follow bool
	cmd := &cobra.Command{
		Use:     "logs RUN|VERIFICATION",
		GroupID: groupWatch,
		Short:   "Print what a run printed, or all runs of a verification",
		Long: `Print what a Run printed, without secrets, or what all Runs of a Verification did. With
--follow, go on until they have ended. Reads the data of "assay run", also while that
runs.`,
		Example: `  assay logs 8f14e45fceea167a
  assay logs 8f14e45fceea167a-1b2c3d4e --follow`,
		Args: cobra.ExactArgs(1),
	}
	addPast(cmd, &p)
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the end")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		store, err := p.look(ctx)
		if err != nil {
			return err
		}
		defer store.Close()
		runs, err := findRuns(ctx, store, args[0])
		if err != nil {
			return unusable(err)
		}
		for i, run := range runs {
			if len(runs) > 1 {
				fmt.Fprintf(cmd.OutOrStdout(), "%s==> %s <==\n", strings.Repeat("\n", min(i, 1)), runTitle(run))
			}
			if err := printLog(ctx, cmd.OutOrStdout(), store, run, follow); err != nil {
				return err
			}
		}
		return nil
	}
	return cmd
}

// findRuns finds the Run of an ID, or those of the Verification of that ID.
func findRuns(ctx context.Context, store *history.Store, id string) ([]history.Run, error) {
	run, err := store.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	if run != nil {
		return []history.Run{*run}, nil
	}
	runs, err := store.Runs(ctx, id)
	if err == nil && len(runs) == 0 {
		err = fmt.Errorf("no run and no verification with runs has the ID %q: `assay history` lists verifications", id)
	}
	return runs, err
}

// runTitle tells a Run from the others of its Verification.
func runTitle(run history.Run) string {
	title := run.ID + ": " + run.Suite
	for _, name := range slices.Sorted(maps.Keys(run.Matrix)) {
		title += ", " + name + "=" + run.Matrix[name]
	}
	if run.Shards > 1 {
		title += fmt.Sprintf(", shard %d of %d", run.Shard+1, run.Shards)
	}
	if run.Round > 0 {
		title += fmt.Sprintf(", %s %d", strings.ToLower(string(run.Purpose)), run.Round)
	}
	if run.Attempt > 1 {
		title += fmt.Sprintf(", attempt %d", run.Attempt)
	}
	switch {
	case run.End == "":
		title += ": not ended"
	case run.Reason != "":
		title += ": " + run.Reason
	default:
		title += fmt.Sprintf(": exit code %d", run.ExitCode)
	}
	return printable(title)
}

// printLog copies the log as far as it goes, and on until the Run has ended where it is to be followed.
func printLog(ctx context.Context, w io.Writer, store *history.Store, run history.Run, follow bool) error {
	log, err := awaitLog(ctx, store, &run, follow)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = io.WriteString(w, run.Output) // what is kept beside the log, or nothing yet
	}
	if log == nil {
		return err
	}
	defer log.Close()
	for {
		if _, err := io.Copy(w, log); err != nil {
			return fmt.Errorf("log of run %s: %w", run.ID, err)
		}
		if !follow || run.End != "" {
			return nil
		}
		if err := lookAgain(ctx, store, &run); err != nil {
			return err
		}
	}
}

// awaitLog opens the log of a Run, which is there once the Run has begun.
func awaitLog(ctx context.Context, store *history.Store, run *history.Run, follow bool) (io.ReadCloser, error) {
	for {
		log, err := store.ReadLog(ctx, run.ID)
		if err == nil || !errors.Is(err, fs.ErrNotExist) || !follow || run.End != "" {
			return log, err
		}
		if err := lookAgain(ctx, store, run); err != nil {
			return nil, err
		}
	}
}

// lookAgain waits a little, and reads how the Run stands then. One of a superseded Verification never gets an end of its own.
func lookAgain(ctx context.Context, store *history.Store, run *history.Run) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(followInterval):
	}
	now, err := store.Run(ctx, run.ID)
	if err != nil {
		return err
	}
	if now == nil {
		return fmt.Errorf("run %s is no longer known", run.ID)
	}
	*run = *now
	of, err := store.Verification(ctx, run.Verification)
	if err == nil && of != nil && of.Phase == history.Superseded && run.End == "" {
		run.End = runner.Cancelled
	}
	return err
}
