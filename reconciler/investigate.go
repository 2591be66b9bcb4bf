package reconciler

import (
	"context"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
)

// decideBlame takes blame's next step: another round of Runs, a while of waiting, or the Cause.
func decideBlame(w *world, open history.Verification) Action {
	c := w.evidence
	d := blame.Decide(*c)
	next := schedule{verification: open.ID, why: d.Reason}
	switch d.Probe {
	case blame.Await: // what others show meanwhile tells nobody by itself
		until := d.Until
		if soon := w.now.Add(w.interval); soon.Before(until) {
			until = soon
		}
		return wait{until: until, why: d.Reason}
	case blame.AskOthers:
		return askOthers{verification: open, gates: d.Ask, why: d.Reason}
	case blame.Rerun:
		next.purpose, next.number, next.suites = history.ToRerun, len(c.Rounds)+1, w.suitesThatFailed(*open.Verdict)
	case blame.ControlSuite:
		next.purpose, next.number, next.suites = history.ToControl, len(c.Controls)+1, w.controls
	case blame.OldTests:
		next.purpose, next.number, next.suites = history.ToOldTests, len(c.OldTests)+1, w.oldTests.SuitesOf(w.oldTests.Gate(w.key.Gate))
	case blame.Bisect:
		next.purpose, next.number, next.suites = history.ToBisect, w.count(history.ToBisect)+1, w.suitesThatFailed(*open.Verdict)
		next.trial = &history.Trial{Commit: d.Try, Targets: changedTargets(c)}
	default:
		return attribute{verification: open, decision: d, flakesPass: w.flakesPass()}
	}
	return next
}

// attribute ends the open Verification with its Cause.
type attribute struct {
	verification history.Verification
	decision     blame.Decision
	flakesPass   bool
}

func (attribute) Name() string { return "Attribute" }
func (a attribute) Reason() string {
	if a.decision.Cause == nil {
		return string(gate.Inconclusive) + ": " + a.decision.Reason
	}
	return string(a.decision.Cause.Kind) + ": " + a.decision.Reason
}

func (a attribute) do(ctx context.Context, l *Loop, w *world) error {
	v := a.verification
	verdict := *v.Verdict
	switch {
	case a.decision.Inconclusive:
		verdict.Outcome, verdict.Reason = gate.Inconclusive, a.decision.Reason+" ("+verdict.Reason+")"
	case a.decision.Cause.Kind == blame.Flake && a.flakesPass:
		verdict.Outcome, verdict.Reason = gate.Passed, a.decision.Reason
	}
	v.Verdict, v.Cause = &verdict, a.decision.Cause
	v.Phase, v.Finished = history.Done, w.now
	if err := l.history.Advance(ctx, v); err != nil {
		return err
	}
	l.environments[w.key.Environment].release(v.ID)
	return nil
}
