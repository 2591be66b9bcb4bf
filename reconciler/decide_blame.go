package reconciler

import (
	"github.com/assay-dev/assay/reconciler/blame"
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
