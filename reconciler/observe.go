package reconciler

import (
	"cmp"
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
		return nil, unknownEnvironment(key.Environment)
	}
	past, err := l.history.Gate(ctx, key)
	if err != nil {
		return nil, err
	}
	w := &world{now: l.clock.Now(), key: key, past: past, inFlight: l.flights.ids(), stopped: l.rollback.Stop, interval: l.rollback.Interval}
	current := l.inForce[env.Name].get()
	if current == nil {
		w.unready = append(w.unready, "the tests were not pulled yet")
		return w, nil
	}
	if w.gate = current.Gate(key.Gate); w.gate == nil {
		l.observeProposals(ctx, w)
		return w, nil
	}
	w.suites, w.controls = current.SuitesOf(w.gate), current.ControlsOf(w.gate)
	w.tests = history.TestsState{Repository: git.Normalize(env.Tests.URL), Commit: current.commit.String(), Digest: current.Digest(w.gate)}
	w.mode = tests.Stricter(w.gate.Spec.Rollback.Mode, env.Mode)
	if err := l.observeTargets(ctx, env, w); err != nil {
		return nil, err
	}
	w.now = l.clock.Now() // not earlier than what the Targets tell
	if open := w.open(); open != nil {
		if len(w.unready) > 0 || supersedes(w, open) != "" {
			return w, nil // what ran does not matter, or not yet
		}
		return w, l.observeOpen(ctx, env, w, open)
	}
	l.observeProposals(ctx, w)
	w.askedBy, err = l.askedBy(ctx, w)
	return w, err
}

// observeTargets finds the Targets that the Gate follows and exercises, and their states.
func (l *Loop) observeTargets(ctx context.Context, env *Environment, w *world) error {
	states, err := env.targets(ctx)
	if err != nil {
		w.unready = append(w.unready, err.Error())
	}
	w.states, w.others = map[sync.Target]sync.State{}, states[:0] // most are others'; they move up in place
	follows := false
	for _, state := range states {
		followed := matches(w.gate.Spec.After, state)
		if !followed && !matches(w.gate.Spec.Exercises, state) {
			w.others = append(w.others, state)
			continue
		}
		follows = follows || followed
		overdue(&state, w)
		w.states[state.Target] = state
		switch {
		case state.Trial != nil && !w.tries(state.Trial):
			w.unready = append(w.unready, fmt.Sprintf("%s is at %.8s for a while, which is tried to tell suspects apart", state.Target, state.Trial.Commit))
			continue
		case state.Pending != nil:
			w.unready = append(w.unready, fmt.Sprintf("%s is syncing %.8s: %s", state.Target, state.Pending.Revisions[0].Commit, state.Pending.Reason))
			continue
		case state.Sync == nil:
			w.unready = append(w.unready, fmt.Sprintf("%s: %s", state.Target, state.Reason))
			continue
		}
		if state.Reason != "" {
			w.stale = append(w.stale, fmt.Sprintf("%s: %s", state.Target, state.Reason))
		}
		if !state.Seen.IsZero() && (w.seen.IsZero() || state.Seen.Before(w.seen)) {
			w.seen = state.Seen
		}
		if _, err := l.history.SawSync(ctx, env.Name, *state.Sync); err != nil {
			return err
		}
		if state.Sync.Since.After(w.changedAt) {
			w.changedAt = state.Sync.Since
		}
		w.targets = append(w.targets, history.TargetState{
			Target: state.Target, Revisions: state.Sync.Revisions, Digest: state.Sync.Digest,
			Outcome: state.Sync.Outcome, Reason: state.Sync.Reason, Failure: state.Sync.Failure, Requested: state.RequestedAt, Exercised: !followed,
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

// overdue takes a Sync that did not finish within the Gate's deadline for what it has come to, which is Failed. Before that, the Gate looks again when
// the deadline is over.
func overdue(state *sync.State, w *world) {
	if state.Pending == nil {
		return
	}
	limit := w.gate.Spec.Deadline.Duration
	if end := state.Pending.At.Add(limit); end.After(w.now) {
		w.lookAgainBy(end)
		return
	}
	failed := *state.Pending
	failed.Reason, failed.Failure = fmt.Sprintf("not healthy within %s: %s", limit, failed.Reason), cmp.Or(failed.Failure, sync.NotHealthy)
	state.Sync, state.Pending = &failed, nil
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

// testsFor are the tests that a Run of the open Verification is of: those in force, which are its own while their digest is the same, or those of
// the last pass. Old tests that cannot be had any more hold no Gate, and blame tells why.
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

func matches(selectors []tests.TargetSelector, state sync.State) bool {
	return slices.ContainsFunc(selectors, func(s tests.TargetSelector) bool {
		t := state.Target
		return s.Matches(t.Cluster, t.Kind, t.Namespace, t.Name, state.Labels)
	})
}
