package reconciler

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

// observe reads everything that the next decision rests on. What cannot be read now is said in world.unready, or is an error that has
// the pass taken again.
func (l *Loop) observe(ctx context.Context, key history.Key) (*world, error) {
	env, found := l.environments[key.Environment]
	if !found {
		return nil, fmt.Errorf("environment %s is not one of this Assay's", key.Environment)
	}
	past, err := l.history.Gate(ctx, key)
	if err != nil {
		return nil, err
	}
	w := &world{now: l.clock.Now(), key: key, past: past, inFlight: l.flights.ids(), stopped: l.rollback.Stop}
	current := l.inForce[env.Name].get()
	if current == nil {
		return w, nil
	}
	if w.gate = current.Gate(key.Gate); w.gate == nil {
		return w, nil
	}
	w.suites = current.SuitesOf(w.gate)
	w.tests = history.TestsState{Repository: git.Normalize(env.Tests.URL), Commit: current.commit.String(), Digest: current.Digest(w.gate)}
	w.mode = tests.Stricter(w.gate.Spec.Rollback.Mode, env.Mode)
	if err := l.observeTargets(ctx, env, w); err != nil {
		return nil, err
	}
	if open := w.open(); open != nil {
		return w, l.observeOpen(ctx, env, w, open)
	}
	return w, l.observeProposals(ctx, w)
}

// observeTargets finds the Targets that the Gate follows and exercises, and their states.
func (l *Loop) observeTargets(ctx context.Context, env *Environment, w *world) error {
	states, err := env.targets(ctx)
	if err != nil {
		w.unready = append(w.unready, err.Error())
	}
	w.states = map[sync.Target]sync.State{}
	follows := false
	for _, state := range states {
		followed := matches(w.gate.Spec.After, state)
		if !followed && !matches(w.gate.Spec.Exercises, state) {
			w.others = append(w.others, state)
			continue
		}
		follows = follows || followed
		w.states[state.Target] = state
		switch {
		case state.Pending != "":
			w.unready = append(w.unready, fmt.Sprintf("%s is syncing %s", state.Target, state.Pending))
			continue
		case state.Sync == nil:
			w.unready = append(w.unready, fmt.Sprintf("%s: %s", state.Target, state.Reason))
			continue
		}
		if _, err := l.history.SawSync(ctx, env.Name, *state.Sync); err != nil {
			return err
		}
		if state.Sync.Since.After(w.changedAt) {
			w.changedAt = state.Sync.Since
		}
		w.targets = append(w.targets, history.TargetState{
			Target: state.Target, Revisions: state.Sync.Revisions, Digest: state.Sync.Digest,
			Outcome: state.Sync.Outcome, Reason: state.Sync.Reason, Requested: state.RequestedAt, Exercised: !followed,
		})
	}
	if !follows {
		w.unready = append(w.unready, "no target that Assay sees matches what the gate follows")
	}
	slices.SortFunc(w.targets, func(a, b history.TargetState) int {
		return strings.Compare(a.Target.String(), b.Target.String())
	})
	return nil
}

// observeOpen reads how far the open Verification has got, round by round.
func (l *Loop) observeOpen(ctx context.Context, env *Environment, w *world, open *history.Verification) error {
	runs, err := l.history.Runs(ctx, open.ID)
	if err != nil {
		return err
	}
	for _, run := range runs {
		i := slices.IndexFunc(w.rounds, func(r round) bool { return r.purpose == run.Purpose && r.number == run.Round })
		if i < 0 {
			w.rounds = append(w.rounds, round{purpose: run.Purpose, number: run.Round})
			i = len(w.rounds) - 1
		}
		w.rounds[i].runs = append(w.rounds[i].runs, run)
	}
	for i := range w.rounds {
		if err := l.observeRound(ctx, env, w, &w.rounds[i]); err != nil {
			return err
		}
	}
	if open.Phase == history.Blaming && !w.busy() {
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
		if _, there := bySuite[run.Suite]; !there {
			order = append(order, run.Suite)
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

// testsFor are the tests that a Run of the given purpose is of: those of the open Verification, or of the last pass.
func (l *Loop) testsFor(ctx context.Context, env *Environment, w *world, purpose history.Purpose) (*revision, error) {
	commit := w.open().Tests.Commit
	if purpose == history.ToOldTests {
		if w.past.Passed == nil {
			return nil, fmt.Errorf("gate %s of %s has no last pass to take the old tests from", w.key.Gate, w.key.Environment)
		}
		commit = w.past.Passed.Tests.Commit
	}
	if current := l.inForce[env.Name].get(); current.commit.String() == commit {
		return current, nil
	}
	at, err := git.ParseHash(commit)
	if err != nil {
		return nil, err
	}
	return l.load(ctx, env, tests.NewLoader(l.builder, l.loadOptions), at)
}

func matches(selectors []tests.TargetSelector, state sync.State) bool {
	return slices.ContainsFunc(selectors, func(s tests.TargetSelector) bool {
		t := state.Target
		return s.Matches(t.Cluster, t.Kind, t.Namespace, t.Name, state.Labels)
	})
}
