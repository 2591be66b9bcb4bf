package reconciler

import (
	"context"
	"fmt"
	"slices"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/tests"
)

// observeOpen reads how far the open Verification has got, round by round.
func (l *Loop) observeOpen(ctx context.Context, env *Environment, w *world, open *history.Verification) error {
	runs, err := l.history.Runs(ctx, open.ID)
	if err != nil {
		return err
	}
	for _, run := range runs {
		i := slices.IndexFunc(w.rounds, func(r round) bool { return r.purpose == run.Purpose && r.number == run.Round })
		if i < 0 {
			w.rounds = append(w.rounds, round{purpose: run.Purpose, number: run.Round, trial: run.Trial})
			i = len(w.rounds) - 1
		}
		w.rounds[i].runs = append(w.rounds[i].runs, run)
	}
	for i := range w.rounds {
		if err := l.observeRound(ctx, env, w, &w.rounds[i]); err != nil {
			return err
		}
	}
	if w.busy() {
		return nil
	}
	if w.unseen() && env.Sites != nil {
		for _, t := range w.targets {
			env.Sites.Look(t.Target)
		}
		return nil
	}
	if open.Phase == history.Blaming {
		return l.observeBlame(ctx, env, w, open)
	}
	return nil
}

// observeRound assesses what the Runs of a round left, once none of them is waiting or to be tried again.
func (l *Loop) observeRound(ctx context.Context, env *Environment, w *world, r *round) error {
	set, err := l.testsFor(ctx, env, w, r.purpose)
	if err != nil {
		return err
	}
	if set.Gate(w.key.Gate) == nil {
		return nil // old tests that are gone: blame says so
	}
	newest := newestAttempts(r.runs)
	bySuite := map[string][]gate.Run{}
	var order []string
	for _, run := range newest {
		suite := set.Suite(run.Suite)
		if suite == nil {
			return fmt.Errorf("run %s is of suite %s, which the tests do not hold", run.ID, run.Suite)
		}
		switch {
		case run.End == "":
			r.waiting = append(r.waiting, run)
			continue
		case lost(run) && run.Attempt <= suite.Spec.Retries:
			r.lost = append(r.lost, run)
			continue
		}
		reports, err := l.history.Reports(ctx, run.ID)
		if err != nil {
			return err
		}
		bySuite[run.Suite] = append(bySuite[run.Suite], gate.Run{
			Label: runner.Job{Shard: run.Shard, Shards: run.Shards, Matrix: run.Matrix}.Variant(),
			End:   run.End, ExitCode: run.ExitCode, Reason: run.Reason, Started: run.Started, Finished: run.Finished,
			Reports: reports, Unreadable: run.Unreadable,
		})
	}
	if len(r.waiting)+len(r.lost) > 0 {
		return nil
	}
	for _, run := range r.runs { // in the order of the first attempts
		if !slices.Contains(order, run.Suite) {
			order = append(order, run.Suite)
		}
	}
	for _, name := range order {
		r.suites = append(r.suites, gate.Assess(set.Suite(name), bySuite[name]))
	}
	return nil
}

// lost tells whether a Run ended without being evidence of anything.
func lost(run history.Run) bool { return run.End == runner.NotStarted || run.End == runner.Killed }

// newestAttempts leaves out Runs that a later attempt has taken the place of.
func newestAttempts(runs []history.Run) []history.Run {
	var newest []history.Run
	for _, run := range runs {
		later := slices.ContainsFunc(runs, func(o history.Run) bool {
			o.ID, o.Attempt = "", o.Attempt-run.Attempt
			return o.Attempt > 0 && o.Suite == run.Suite && o.Shard == run.Shard && fmt.Sprint(o.Matrix) == fmt.Sprint(run.Matrix)
		})
		if !later {
			newest = append(newest, run)
		}
	}
	return newest
}

// testsFor are the tests that a Run of the open Verification is of: those in force, which are its own while their digest is the same, or
// those of the last pass. Old tests that cannot be had any more hold no Gate, and blame tells why.
func (l *Loop) testsFor(ctx context.Context, env *Environment, w *world, purpose history.Purpose) (*revision, error) {
	if purpose != history.ToOldTests {
		return l.inForce[env.Name].get(), nil
	}
	if w.oldTests != nil {
		return w.oldTests, nil
	}
	if w.past.Passed == nil {
		return nil, fmt.Errorf("gate %s of %s has no last pass to take the old tests from", w.key.Gate, w.key.Environment)
	}
	at, err := git.ParseHash(w.past.Passed.Tests.Commit)
	if err != nil {
		return nil, err
	}
	w.oldTests, err = l.inForce[env.Name].old(at, func() (*revision, error) {
		return l.load(ctx, env, tests.NewLoader(l.builder, l.loadOptions), at)
	})
	if err != nil && ctx.Err() == nil {
		w.oldTests, w.oldTestsProblem = &revision{Set: &tests.Set{}, commit: at}, err.Error()
		return w.oldTests, nil
	}
	return w.oldTests, err
}
