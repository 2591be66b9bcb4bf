package reconciler

import (
	"strings"

	"github.com/assay-dev/assay/reconciler/history"
)

// decide says what the next thing to do is. It is pure, and every answer has a reason; a wait says until when.
//
// A Verification that is open comes first: it is superseded when the state has moved, else brought to its end. Then an Incident is opened
// for what it found, comes whatever calls for a new Verification, and last the Incident that is open.
func decide(w *world) Action {
	if w.gate == nil {
		return decideGone(w)
	}
	if open := w.open(); open != nil {
		return decideOpen(w, open)
	}
	if a := decideOpening(w); a != nil {
		return a
	}
	if len(w.unready) > 0 {
		return wait{until: w.lookAgain, why: strings.Join(w.unready, "; ")}
	}
	if a := decideVerify(w); a != nil {
		return a
	}
	final := w.past.Final
	if moved(final.Targets, w.targets) {
		return inherit{targets: w.targets, why: "the new commit renders the same as the state just before it"}
	}
	if a := decideIncident(w); a != nil {
		return a
	}
	if a := decideLeft(w); a != nil {
		return a
	}
	due, why := dueAt(w)
	if proposals := describeProposals(w); proposals != "" && w.past.Incident.State == history.Ongoing {
		why = proposals
	}
	if !w.lookAgain.IsZero() && w.lookAgain.Before(due) {
		due = w.lookAgain
	}
	return wait{until: due, why: why}
}

// decideGone brings to an end what a Gate left that the tests no longer hold.
func decideGone(w *world) Action {
	const gone = "the tests in force hold no such gate"
	switch open, incident := w.open(), w.past.Incident; {
	case len(w.unready) > 0:
		return wait{why: strings.Join(w.unready, "; ")}
	case open != nil:
		return supersede{verification: *open, why: gone}
	case incident != nil && incident.State == history.Ongoing:
		return conclude{incident: *incident, state: history.Dismissed, why: gone}
	}
	if a := decideLeft(w); a != nil {
		return a
	}
	return wait{until: w.lookAgain, why: gone}
}
