package reconciler

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/sync"
)

// trialsOf says whether the states between the last pass and the failure can be tried: every Target that changed allows it, and all of them
// went from one commit to another of one repository, so that each commit between is a state of all.
func trialsOf(w *world, c *blame.Case) (trials *blame.Trials, why string) {
	if w.past.Passed == nil || len(c.FailedSyncs) > 0 {
		return nil, ""
	}
	var from, to sync.Revision
	for i, t := range changedTargets(c) {
		now, before := find(w.targets, t), find(w.past.Passed.Targets, t)
		switch {
		case !w.states[t].Triable, now == nil, before == nil, len(now.Revisions) != 1, len(before.Revisions) != 1:
			return nil, ""
		case i == 0:
			from, to = before.Revisions[0], now.Revisions[0]
		case from.Repository != now.Revisions[0].Repository || from.Branch != now.Revisions[0].Branch:
			return nil, "they lie in several repositories"
		case from.Commit != before.Revisions[0].Commit || to.Commit != now.Revisions[0].Commit:
			return nil, "the targets passed last at different commits"
		}
	}
	if from.Commit == to.Commit {
		return nil, ""
	}
	return &blame.Trials{Good: from.Commit, Rounds: map[string][]blame.Round{}}, ""
}

func changedTargets(c *blame.Case) (targets []sync.Target) {
	for _, change := range c.Changes {
		if change.Before != change.After {
			targets = append(targets, change.Target)
		}
	}
	return targets
}

// tries tells whether a trial is of the open Verification.
func (w *world) tries(t *sync.Trial) bool {
	open := w.open()
	return open != nil && open.ID == t.By
}

// count is how many rounds there are for a purpose.
func (w *world) count(purpose history.Purpose) (n int) {
	for _, r := range w.rounds {
		if r.purpose == purpose {
			n++
		}
	}
	return n
}

// triedAt is a Target as it is during a trial.
func triedAt(t history.TargetState, trial *history.Trial) history.TargetState {
	if trial != nil && slices.Contains(trial.Targets, t.Target) {
		t.Revisions = slices.Clone(t.Revisions)
		for i := range t.Revisions {
			t.Revisions[i].Commit = trial.Commit
		}
	}
	return t
}

// decideTrial brings the state of a round live, and then has its Runs start. That the round waits is recorded, and the trial itself is not:
// after a restart every Target follows its branch again, and the trial begins anew.
func decideTrial(w *world, open *history.Verification, r round) Action {
	limit := w.gate.Spec.Deadline.Duration
	for _, t := range r.trial.Targets {
		state, trial := w.states[t], w.states[t].Trial
		switch {
		case !state.Triable:
			return giveUp{runs: r.waiting, why: fmt.Sprintf("%s allows no trials any more", t)}
		case trial == nil || trial.Commit != r.trial.Commit:
			return try{verification: open.ID, trial: *r.trial}
		case trial.Live:
		case !w.now.Before(trial.Since.Add(limit)):
			return giveUp{runs: r.waiting, why: fmt.Sprintf("%s did not come to %.8s within %s: %s", t, trial.Commit, limit, trial.Reason)}
		default:
			return wait{until: trial.Since.Add(limit), why: fmt.Sprintf("%s is brought to %.8s: %s", t, trial.Commit, trial.Reason)}
		}
	}
	return decideWaiting(w, r)
}

// try brings another commit live for a while.
type try struct {
	verification string
	trial        history.Trial
}

func (try) Name() string { return "Try" }
func (a try) Reason() string {
	return fmt.Sprintf("%.8s is brought live for a while, to see whether the gate passes with it", a.trial.Commit)
}

func (a try) do(ctx context.Context, l *Loop, w *world) error {
	commit, err := git.ParseHash(a.trial.Commit)
	if err != nil {
		return err
	}
	var errs []error
	for _, t := range a.trial.Targets {
		errs = append(errs, l.environments[w.key.Environment].try(t, commit, a.verification))
	}
	return errors.Join(errs...)
}

// giveUp ends Runs that wait for a state that does not come about. They are evidence of nothing.
type giveUp struct {
	runs []history.Run
	why  string
}

func (giveUp) Name() string     { return "GiveUp" }
func (a giveUp) Reason() string { return a.why }
func (a giveUp) do(ctx context.Context, l *Loop, w *world) error {
	for _, run := range a.runs {
		run.End, run.Reason, run.Started, run.Finished = runner.NotStarted, a.why, w.now, w.now
		if err := l.history.FinishRun(ctx, run, nil); err != nil {
			return err
		}
	}
	return nil
}

// try asks the Source of a Target to bring it to a commit.
func (env *Environment) try(t sync.Target, commit git.Hash, by string) error {
	var err error
	for _, source := range env.sources() {
		if trials, can := source.(sync.Trials); can {
			if err = trials.Try(t, commit, by); err == nil {
				return nil
			}
		}
	}
	if err == nil {
		err = errors.New("no source can")
	}
	return fmt.Errorf("try %s at %.8s: %w", t, commit, err)
}

// release ends whatever is tried in the name of a Verification.
func (env *Environment) release(verification string) {
	for _, source := range env.sources() {
		if trials, can := source.(sync.Trials); can {
			trials.Release(verification)
		}
	}
}
