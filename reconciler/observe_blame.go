package reconciler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/sync"
)

// observeBlame gathers what blame rests on.
func (l *Loop) observeBlame(ctx context.Context, env *Environment, w *world, open *history.Verification) (err error) {
	c := &blame.Case{
		Gate: w.gate, Verdict: *open.Verdict, Now: w.now, FailedAt: failedAt(w, open), Tests: open.Tests.Digest, Controlled: len(w.controls) > 0,
	}
	w.evidence = c
	if passed := w.past.Passed; passed != nil {
		c.Passed = &blame.Passed{Tests: passed.Tests.Digest, RanAt: passed.RanAt}
		if c.Changes, err = l.changes(ctx, w, open.Targets, passed.Targets); err != nil {
			return err
		}
		for _, other := range w.others() {
			if other.Sync != nil && other.Sync.Since.After(passed.RanAt) {
				c.Elsewhere = append(c.Elsewhere, other.Target)
			}
		}
		if c.Earlier, err = l.earlier(ctx, *open, *passed); err != nil {
			return err
		}
		if err := l.observeOldTests(ctx, env, w, open, c); err != nil {
			return err
		}
	}
	if c.FailedSyncs, err = l.failedSyncs(ctx, w, open.Targets); err != nil {
		return err
	}
	if c.Peers, err = l.peers(ctx, env, w, open, c); err != nil {
		return err
	}
	c.Trials, c.NoTrials = trialsOf(w, c)
	ids := blame.FailingCases(*open.Verdict)
	for _, r := range w.rounds {
		switch r.purpose {
		case history.ToRerun:
			c.Rounds = append(c.Rounds, w.rerun(r, ids))
		case history.ToControl:
			c.Controls = append(c.Controls, together(r.suites))
		case history.ToOldTests:
			if w.oldTests != nil && w.oldTests.Gate(w.key.Gate) != nil {
				c.OldTests = append(c.OldTests, w.oldRound(r))
			}
		case history.ToBisect:
			if c.Trials != nil {
				c.Trials.Rounds[r.trial.Commit] = append(c.Trials.Rounds[r.trial.Commit], w.rerun(r, ids))
			}
		}
	}
	if c.Rates, err = l.history.Rates(ctx, w.key, ids, w.now); err != nil {
		return err
	}
	c.Askable, err = l.askable(ctx, env, w, open, c)
	return err
}

// failedAt is when the last of the Runs that made the Verdict ended; where none ran, when the Verification was begun.
func failedAt(w *world, open *history.Verification) time.Time {
	at := open.Started
	for _, r := range w.rounds {
		if r.purpose == history.ToVerify && r.endedAt().After(at) {
			at = r.endedAt()
		}
	}
	return at
}

// observeOldTests loads the tests of the last pass where they are others than those that failed.
func (l *Loop) observeOldTests(ctx context.Context, env *Environment, w *world, open *history.Verification, c *blame.Case) error {
	if w.past.Passed.Tests.Digest == open.Tests.Digest {
		return nil
	}
	if _, err := l.testsFor(ctx, env, w, history.ToOldTests); err != nil {
		return err
	}
	if w.oldTests.Gate(w.key.Gate) == nil {
		c.OldTestsGone = "the old tests cannot be run any more: " + cmp.Or(w.oldTestsProblem, "they hold no such gate")
	}
	return nil
}

// earlier are the Gate's Verifications that failed since it last passed, without the open one.
func (l *Loop) earlier(ctx context.Context, open history.Verification, passed history.LastPassed) (all []blame.Earlier, err error) {
	recent, err := l.history.Recent(ctx, open.Key.Environment, open.Key.Gate, passed.RanAt)
	if err != nil {
		return nil, err
	}
	for _, v := range slices.Backward(recent) {
		if v.ID == open.ID || v.Phase != history.Done || v.Verdict.Outcome != gate.Failed || v.Cause == nil {
			continue
		}
		all = append(all, blame.Earlier{
			At: v.Started, Kind: v.Cause.Kind, Outage: v.Cause.Outage, Cases: blame.FailingCases(*v.Verdict),
			Unchanged: sameState(v.Targets, passed.Targets) && v.Tests.Digest == passed.Tests.Digest,
		})
	}
	return all, l.markOutages(ctx, open.Key.Environment, all)
}

// markOutages notes which of the earlier failures were part of an outage that was only seen afterwards: whoever meets it first cannot know
// that others will.
func (l *Loop) markOutages(ctx context.Context, environment string, all []blame.Earlier) error {
	if !slices.ContainsFunc(all, func(e blame.Earlier) bool { return e.Unchanged && !e.Outage }) {
		return nil
	}
	recent, err := l.history.Recent(ctx, environment, "", all[0].At.Add(-sameTime))
	if err != nil {
		return err
	}
	for i := range all {
		for _, v := range recent {
			late := v.Started.Sub(all[i].At)
			if v.Cause != nil && v.Cause.Outage && late > -sameTime && late < lastsLong {
				all[i].Outage = true
			}
		}
	}
	return nil
}

// failedSyncs are the Targets of a Verification that never came to its state. A failed build is tried here.
func (l *Loop) failedSyncs(ctx context.Context, w *world, targets []history.TargetState) (failed []blame.FailedSync, err error) {
	for _, t := range targets {
		if t.Outcome != sync.Failed {
			continue
		}
		f := blame.FailedSync{Target: t.Target, Failure: t.Failure, Reason: t.Reason}
		if f.Failure == sync.BuildFailed && w.past.Passed != nil {
			if f.NotReproduced, err = l.reproduce(ctx, w, t, find(w.past.Passed.Targets, t.Target)); err != nil {
				return nil, err
			}
			f.Reproduced = f.NotReproduced == ""
		}
		failed = append(failed, f)
	}
	return failed, nil
}

// reproduce builds what could not be built once more, and what passed last. It says what speaks against the commit; empty where nothing
// does.
func (l *Loop) reproduce(ctx context.Context, w *world, now history.TargetState, before *history.TargetState) (doubt string, err error) {
	if before == nil {
		return "it was not among the gate's targets at the last pass", nil
	}
	if len(now.Revisions) != 1 || len(before.Revisions) != 1 {
		return "it renders several sources", nil
	}
	var refusal *render.Error
	switch _, err := l.renders(ctx, w, now); {
	case err == nil:
		return "it builds here", nil
	case !errors.As(err, &refusal):
		return "", err
	}
	switch _, err := l.renders(ctx, w, *before); {
	case errors.As(err, &refusal):
		if r, err := l.redefinition(ctx, w, now, *before); err != nil || r != nil {
			return "", err // it was built otherwise then
		}
		return fmt.Sprintf("what passed last does not build here either: %v", refusal), nil
	case err != nil:
		return "", err
	}
	return "", nil
}
