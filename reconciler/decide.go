package reconciler

import (
	"fmt"
	"strings"
	"time"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/tests"
)

// decide says what the next thing to do is. It is pure, and every answer has a reason; a wait says until when.
//
// A Verification that is open comes first: it is superseded when the state has moved, else brought to its end. Then comes whatever calls
// for a new Verification, then the Incident that the last one left.
func decide(w *world) Action {
	if w.gate == nil {
		return decideGone(w)
	}
	if open := w.open(); open != nil {
		return decideOpen(w, open)
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
	return wait{why: gone}
}

// decideOpen brings the open Verification to its end.
func decideOpen(w *world, open *history.Verification) Action {
	if len(w.unready) > 0 {
		return wait{until: w.lookAgain, why: strings.Join(w.unready, "; ")} // what ran may not count, once it is known where the state went
	}
	if why := supersedes(w, open); why != "" {
		return supersede{verification: *open, why: why}
	}
	if failed := failedSync(open.Targets); failed != "" && open.Verdict == nil {
		return judge{verification: *open, verdict: gate.SyncFailed(failed)}
	}
	for _, r := range w.rounds {
		switch {
		case len(r.lost) > 0:
			return retry{lost: r.lost}
		case len(r.waiting) > 0:
			return decideWaiting(w, r)
		}
	}
	switch {
	case w.unseen():
		return wait{why: "the runs ended, and count once the targets are seen to be where they were"}
	case len(w.stale) > 0:
		return abandon{verification: *open, why: strings.Join(w.stale, "; ")}
	case open.Phase == history.Running:
		return decideVerdict(w, *open)
	}
	return decideBlame(w, *open)
}

func decideWaiting(w *world, r round) Action {
	var idle []history.Run
	for _, run := range r.waiting {
		if !w.inFlight[run.ID] {
			idle = append(idle, run)
		}
	}
	if len(idle) > 0 {
		return execute{runs: idle, why: fmt.Sprintf("%d runs are waiting to start", len(idle))}
	}
	return wait{why: fmt.Sprintf("%d runs are under way", len(r.waiting))}
}

// decideVerdict judges, once all Suites ran that are to run.
func decideVerdict(w *world, open history.Verification) Action {
	first := w.rounds[0]
	if next := nextOrdered(w.gate, w.suites, first.suites); next != nil {
		return schedule{
			verification: open.ID, purpose: history.ToVerify, suites: []*tests.Suite{next},
			why: "the suites are ordered, and those before " + next.Name() + " hold",
		}
	}
	return judge{verification: open, verdict: gate.Judge(w.gate, allSuites(w.suites, first.suites), w.baseline())}
}

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
	if due, why := dueAt(w); !due.After(w.now) {
		return begin(history.OnDue, due.UTC().Format(time.RFC3339), why)
	}
	return nil
}

// decideIncident looks after what the last Verification left behind.
func decideIncident(w *world) Action {
	final, incident := w.past.Final, w.past.Incident
	if incident == nil || incident.State != history.Ongoing {
		if incident != nil && incident.Latest == final.ID {
			return nil // it ended with this very Verdict
		}
		if final.Verdict.Outcome == gate.Failed || lastsInconclusive(w) {
			return openIncident{verification: *final}
		}
		return nil
	}
	for _, p := range w.proposals {
		if p.ended() {
			return settle{proposal: p.Proposal, status: p.status}
		}
	}
	if final.Verdict.Outcome == gate.Passed {
		return conclude{incident: *incident, state: history.Recovered, why: recoveredBy(w)}
	}
	if final.Verdict.Outcome == gate.Failed && reverted(w) {
		return conclude{incident: *incident, state: history.Unresolved, why: "the revert was merged and synced, and the gate still fails: it did not help"}
	}
	if incident.Latest != final.ID {
		return confirm{incident: *incident, verification: *final}
	}
	return decideProposal(w, *incident)
}

// reverted tells whether the state that was verified last holds every revert that is on its way, and at least one.
func reverted(w *world) bool {
	held := false
	for _, p := range w.proposals {
		switch p.State {
		case history.ProposalPlanned, history.ProposalOpen:
			return false
		case history.ProposalMerged:
			if !p.live {
				return false
			}
			held = true
		}
	}
	return held
}

// decideProposal brings the revert of a Config cause before people, repository by repository, and merges it where the mode allows. Only while
// the last Verdict is Failed: nothing is reverted by one that is Inconclusive.
func decideProposal(w *world, incident history.Incident) Action {
	if incident.Cause == nil || incident.Cause.Kind != blame.Config || w.past.Final.Verdict.Outcome != gate.Failed {
		return nil
	}
	for _, suspects := range byRepository(incident.Cause.Suspects) {
		p := w.proposalTo(suspects[0])
		switch {
		case p == nil, p.State == history.ProposalPlanned && p.ripe(w):
			return propose{incident: incident, suspects: suspects}
		case p.State == history.ProposalOpen && p.status.State == gitprovider.Open && mergesByItself(w, *p) && p.ripe(w):
			return merge{proposal: p.Proposal}
		}
	}
	return nil
}

func mergesByItself(w *world, p proposalState) bool {
	return (w.mode == tests.Merge || w.mode == tests.Commit) && len(p.NotByItself) == 0 && !w.stopped
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
	delay := recheckAfter(w)
	return final.Finished.Add(min(delay, every)), fmt.Sprintf("verified again after %s, since it is not known to have passed (%s)", min(delay, every), final.Verdict.Reason)
}

// firstRecheck is the shortest backoff; it doubles with the age of the Incident.
const firstRecheck = time.Minute

func recheckAfter(w *world) time.Duration {
	if i := w.past.Incident; i == nil || i.State != history.Ongoing && i.Latest != w.past.Final.ID {
		return firstRecheck
	}
	return max(firstRecheck, w.past.Final.Finished.Sub(w.past.Incident.Opened))
}

// patience is how many Verdicts in a row may be Inconclusive before people hear of it.
const patience = 3

func lastsInconclusive(w *world) bool {
	return w.past.Final.Verdict.Outcome == gate.Inconclusive && w.past.InconclusiveInARow >= patience
}

func supersedes(w *world, open *history.Verification) string {
	switch {
	case !sameState(open.Targets, w.targets):
		return describeMove(open.Targets, w.targets)
	case open.Tests.Digest != w.tests.Digest:
		return "the tests changed"
	case w.changedAt.After(open.Started):
		return "a target was changed and changed back while the suites ran"
	}
	return ""
}
