package reconciler

import (
	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
)

// shownCases is how many failing cases a Proposal names.
const shownCases = 10

// evidence is what a Proposal tells the person who was woken.
func (l *Loop) evidence(w *world, incident history.Incident, suspects []blame.Suspect) rollback.Evidence {
	final := w.past.Final
	e := rollback.Evidence{
		Environment: w.key.Environment, Gate: w.key.Gate, Incident: incident.ID, Verification: final.ID, Notes: w.gate.Spec.Notes,
		FailedAt: targetsAt(final.Targets), PassedAt: targetsAt(w.past.Passed.Targets), LastPassed: w.past.Passed.RanAt,
		RuledOut: incident.Cause.Evidence, ByItself: modeMerges(w.mode),
	}
	for i, f := range final.Verdict.Failing {
		if i == shownCases {
			e.MoreFailing = len(final.Verdict.Failing) - shownCases
			break
		}
		e.Failing = append(e.Failing, rollback.FailingCase{Suite: f.Suite, Name: f.Name, Lines: f.Message})
	}
	if len(final.Verdict.Failing) == 0 {
		e.Failing = []rollback.FailingCase{{Suite: w.key.Gate, Name: final.Verdict.Reason}}
	}
	for _, s := range suspects {
		e.Culprits = append(e.Culprits, rollback.Culprit{Commit: s.Commit, Subject: s.Subject, Author: s.Author, When: s.When, Why: s.Why})
	}
	return e
}

func targetsAt(states []history.TargetState) (at []rollback.TargetAt) {
	for _, t := range states {
		for _, r := range t.Revisions {
			at = append(at, rollback.TargetAt{Target: t.Target, Commit: r.Commit})
		}
	}
	return at
}
