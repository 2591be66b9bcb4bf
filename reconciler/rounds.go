package reconciler

import (
	"slices"
	"time"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/sources/tests"
)

// rerun is what a round of reruns says of the cases that failed.
func (w *world) rerun(r round, ids []blame.CaseID) blame.Round {
	suites := slices.Clone(w.first().suites)
	for i, s := range suites {
		if j := slices.IndexFunc(r.suites, func(o gate.Suite) bool { return o.Name == s.Name }); j >= 0 {
			suites[i] = r.suites[j]
		}
	}
	out := blame.Round{Outcome: gate.Judge(w.gate, allSuites(w.suites, suites), w.baseline()).Outcome}
	for _, s := range r.suites {
		for _, id := range ids {
			if id.Suite == s.Name && passedIn(s, id.Name) {
				out.Passed = append(out.Passed, id)
			}
		}
	}
	return out
}

// first is the round that made the Verdict; empty where a Sync failed.
func (w *world) first() round {
	if i := slices.IndexFunc(w.rounds, func(r round) bool { return r.purpose == history.ToVerify }); i >= 0 {
		return w.rounds[i]
	}
	return round{}
}

// endedAt is when the last Run of a round ended.
func (r round) endedAt() (at time.Time) {
	for _, run := range r.runs {
		if run.Finished.After(at) {
			at = run.Finished
		}
	}
	return at
}

// oldRound is what a round of the old tests says.
func (w *world) oldRound(r round) blame.OldRound {
	verdict := gate.Judge(w.oldTests.Gate(w.key.Gate), r.suites, w.baseline())
	return blame.OldRound{Outcome: verdict.Outcome, Failing: blame.FailingCases(verdict), Reason: verdict.Reason}
}

// together is what some Suites say of one thing: that it fails where one of them does, and nothing where one of them is silent.
func together(suites []gate.Suite) gate.Outcome {
	all := gate.Passed
	for _, s := range suites {
		switch {
		case s.Outcome == gate.Failed:
			return gate.Failed
		case s.Outcome == gate.Inconclusive:
			all = gate.Inconclusive
		}
	}
	return all
}

// passedIn tells whether a case was seen to pass. One that a report's limits left out passed where its whole Suite did.
func passedIn(s gate.Suite, name string) bool {
	if s.Report == nil {
		return false
	}
	seen := false
	for _, c := range s.Report.Cases {
		if c.FullName() != name {
			continue
		}
		if c.Status != report.Passed {
			return false
		}
		seen = true
	}
	return seen || s.Report.Truncated && s.Outcome == gate.Passed
}

func (w *world) suitesThatFailed(v gate.Verdict) (failed []*tests.Suite) {
	for _, s := range w.suites {
		i := slices.IndexFunc(v.Suites, func(o gate.Suite) bool { return o.Name == s.Name() })
		if i >= 0 && v.Suites[i].Outcome == gate.Failed {
			failed = append(failed, s)
		}
	}
	if len(failed) == 0 { // a condition failed though each Suite passed: all of them have a part in it
		return w.suites
	}
	return failed
}
