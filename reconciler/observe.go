package reconciler

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	gosync "sync"

	"github.com/assay-dev/assay/reconciler/history"
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
	w.others = gosync.OnceValue(func() []sync.State { return l.others(ctx, w) })
	current := l.inForce[env.Name].get()
	if current == nil {
		w.unready = append(w.unready, "the tests were not pulled yet")
		return w, nil
	}
	if w.gate = current.Gate(key.Gate); w.gate == nil {
		l.observeProposals(ctx, w)
		l.observeLeft(ctx, w)
		return w, nil
	}
	w.suites, w.controls = current.SuitesOf(w.gate), current.ControlsOf(w.gate)
	w.tests = history.TestsState{Repository: git.Normalize(env.Tests.URL), Commit: current.commit.String(), Digest: current.Digest(w.gate)}
	w.mode = tests.Stricter(w.gate.Spec.Rollback.Mode, env.Mode)
	if err := l.observeTargets(ctx, env, current, w); err != nil || w.elsewhere {
		return w, err
	}
	w.now = l.clock.Now() // not earlier than what the Targets tell
	if open := w.open(); open != nil {
		if len(w.unready) > 0 || supersedes(w, open) != "" {
			return w, nil // what ran does not matter, or not yet
		}
		return w, l.observeOpen(ctx, env, w, open)
	}
	l.observeProposals(ctx, w)
	l.observeLeft(ctx, w)
	w.askedBy, err = l.askedBy(ctx, w)
	return w, err
}

// observeTargets finds the Targets that the Gate follows and exercises, and their states.
func (l *Loop) observeTargets(ctx context.Context, env *Environment, current *revision, w *world) error {
	states, err := l.states(ctx, current, w.key)
	if err != nil {
		w.unready = append(w.unready, err.Error())
	}
	w.states = map[sync.Target]sync.State{}
	follows := false
	for _, state := range states {
		followed := matches(w.gate.Spec.After, state)
		if !followed && !matches(w.gate.Spec.Exercises, state) {
			continue
		}
		follows = follows || followed
		overdue(&state, w)
		w.states[state.Target] = state
		switch {
		case state.Trial != nil && !w.tries(state.Trial):
			w.unready = append(w.unready, fmt.Sprintf("%s is at %.8s for a while, which is tried to tell suspects apart",
				state.Target, state.Trial.Commit))
			continue
		case state.Pending != nil:
			w.unready = append(w.unready, fmt.Sprintf("%s is syncing %s: %s",
				state.Target, shortRevisions(state.Pending.Revisions), state.Pending.Reason))
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
			Definition: definitionOf(state),
		})
	}
	w.elsewhere = !follows && env.Watch != nil && err == nil
	if !follows {
		w.unready = append(w.unready, "no target that Assay sees matches what the gate follows")
	}
	slices.SortFunc(w.targets, func(a, b history.TargetState) int {
		return strings.Compare(a.Target.String(), b.Target.String())
	})
	return nil
}

// overdue takes a Sync that did not finish within the Gate's deadline for what it has come to, which is Failed. Before that, the Gate looks
// again when the deadline is over.
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

func matches(selectors []tests.TargetSelector, state sync.State) bool {
	return slices.ContainsFunc(selectors, func(s tests.TargetSelector) bool {
		t := state.Target
		return s.Matches(t.Cluster, t.Kind, t.Namespace, t.Name, state.Labels)
	})
}
