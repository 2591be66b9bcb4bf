package reconciler

import (
	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/tests"
)

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
	return (w.mode == tests.Merge || w.mode == tests.Commit) && len(p.NotByItself) == 0 && w.stopReason(p.Repository) == ""
}

// patience is how many Verdicts in a row may be Inconclusive before people hear of it.
const patience = 3

func lastsInconclusive(w *world) bool {
	return w.past.Final.Verdict.Outcome == gate.Inconclusive && w.past.InconclusiveInARow >= patience
}
