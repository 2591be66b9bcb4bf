package reconciler

import (
	"fmt"
	"time"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
)

// decideVerify finds the occasion for a new Verification, if there is one.
func decideVerify(w *world) Action {
	final := w.past.Final
	begin := func(kind history.OccasionKind, value, why string) Action {
		return verify{occasion: history.Occasion{Kind: kind, Value: value}, why: why}
	}
	if final == nil {
		return begin(history.OnSync, transition(nil, w.targets), "this gate was never verified")
	}
	if !sameState(final.Targets, w.targets) {
		return begin(history.OnSync, transition(final.Targets, w.targets), describeMove(final.Targets, w.targets))
	}
	if latest := w.past.Latest; latest.Phase == history.Superseded {
		return begin(history.OnSync, transition(latest.Targets, w.targets), "the state came back after it had moved: "+latest.Reason)
	}
	if final.Tests.Digest != w.tests.Digest {
		return begin(history.OnTests, w.tests.Digest, "the tests changed")
	}
	for i, t := range w.targets {
		if t.Requested != "" && t.Requested != final.Targets[i].Requested {
			return begin(history.OnRequest, t.Requested, "asked for on "+t.Target.String())
		}
	}
	if w.askedBy != nil {
		return begin(history.OnFailure, w.askedBy.ID, askedWhy(w.askedBy))
	}
	if due, why := dueAt(w); !due.After(w.now) {
		return begin(history.OnDue, due.UTC().Format(time.RFC3339), why)
	}
	return nil
}

// dueAt is when the Gate is to be verified again though nothing changed, and why.
func dueAt(w *world) (time.Time, string) {
	final, every := w.past.Final, w.gate.Spec.Every.Duration
	if final.Verdict.Outcome == gate.Passed {
		return final.Finished.Add(every), fmt.Sprintf("%s; verified again every %s", final.Verdict.Reason, every)
	}
	if final.Cause != nil && final.Cause.Kind == blame.Config {
		return final.Finished.Add(every), "the cause is known: " + final.Cause.Reason
	}
	delay := min(recheckAfter(w), every)
	return final.Finished.Add(delay), fmt.Sprintf("verified again after %s, since it did not pass (%s)", delay, final.Verdict.Reason)
}

// firstRecheck is the shortest backoff; it doubles with the age of the Incident. During an outage it stays short: the commits that arrive
// until it is seen to be over are suspects together.
const (
	firstRecheck   = time.Minute
	outageRechecks = 15 * time.Minute
)

func recheckAfter(w *world) time.Duration {
	delay := backoff(w)
	if cause := w.past.Final.Cause; cause != nil && cause.Outage {
		return min(delay, outageRechecks)
	}
	return delay
}

func backoff(w *world) time.Duration {
	if i := w.past.Incident; i == nil || i.State != history.Ongoing && i.Latest != w.past.Final.ID {
		return firstRecheck
	}
	return max(firstRecheck, w.past.Final.Finished.Sub(w.past.Incident.Opened))
}
