package reconciler

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

// newRuns are the Runs of a round: every shard and combination of every Suite.
func newRuns(verification string, purpose history.Purpose, number int, suites []*tests.Suite) ([]history.Run, error) {
	var runs []history.Run
	for _, suite := range suites {
		jobs, err := runner.Plan(runner.Job{Suite: suite})
		if err != nil {
			return nil, err
		}
		for _, job := range jobs {
			run := history.Run{
				Verification: verification, Purpose: purpose, Round: number, Attempt: 1,
				Suite: suite.Name(), Shard: job.Shard, Shards: job.Shards, Matrix: job.Matrix,
			}
			run.ID = runID(run)
			runs = append(runs, run)
		}
	}
	return runs, nil
}

// nextAttempts are the Runs that take the place of lost ones.
func nextAttempts(lost []history.Run) []history.Run {
	var runs []history.Run
	for _, run := range lost {
		next := history.Run{
			Verification: run.Verification, Purpose: run.Purpose, Round: run.Round, Trial: run.Trial, Attempt: run.Attempt + 1,
			Suite: run.Suite, Shard: run.Shard, Shards: run.Shards, Matrix: run.Matrix,
		}
		next.ID = runID(next)
		runs = append(runs, next)
	}
	return runs
}

// runID names a Run by its inputs.
func runID(run history.Run) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%d\n%s\n%d\n%d/%d\n", run.Verification, run.Purpose, run.Round, run.Suite, run.Attempt, run.Shard, run.Shards)
	for _, key := range slices.Sorted(maps.Keys(run.Matrix)) {
		fmt.Fprintf(h, "%s=%s\n", key, run.Matrix[key])
	}
	return run.Verification + "-" + hex.EncodeToString(h.Sum(nil))[:8]
}

// schedule adds a round of Runs to the open Verification.
type schedule struct {
	verification string
	purpose      history.Purpose
	number       int
	trial        *history.Trial // nil for the Verification's own state
	suites       []*tests.Suite
	why          string
}

func (schedule) Name() string     { return "Schedule" }
func (a schedule) Reason() string { return a.why }
func (a schedule) do(ctx context.Context, l *Loop, _ *world) error {
	runs, err := newRuns(a.verification, a.purpose, a.number, a.suites)
	if err != nil {
		return err
	}
	for i := range runs {
		runs[i].Trial = a.trial
	}
	return l.history.AddRuns(ctx, runs)
}

// retry gives lost Runs another attempt.
type retry struct{ lost []history.Run }

func (retry) Name() string { return "Retry" }
func (a retry) Reason() string {
	return several(len(a.lost), "run", "runs") + " could not start or got lost, to be tried again"
}
func (a retry) do(ctx context.Context, l *Loop, _ *world) error {
	return l.history.AddRuns(ctx, nextAttempts(a.lost))
}

// execute starts Runs that wait. They end on their own time, and then the Gate is looked at again.
type execute struct {
	runs []history.Run
	why  string
}

func (execute) Name() string     { return "Execute" }
func (a execute) Reason() string { return a.why }
func (a execute) do(ctx context.Context, l *Loop, w *world) error {
	for _, run := range a.runs {
		of, err := l.testsFor(ctx, l.environments[w.key.Environment], w, run.Purpose)
		if err != nil {
			return err
		}
		job, err := l.jobOf(w, run, of)
		if err != nil {
			return err
		}
		l.flights.start(l, w.key, run, job)
	}
	return nil
}
