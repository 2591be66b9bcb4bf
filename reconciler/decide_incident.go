package reconciler

import (
	"slices"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

// decideOpening tells of what the last Verification found. It comes before the state that is there by now, which may be another: what
// failed is told of, though somebody was quick to mend it.
func decideOpening(w *world) Action {
	final, incident := w.past.Final, w.past.Incident
	switch {
	case final == nil, incident != nil && incident.State == history.Ongoing:
		return nil
	case incident != nil && incident.Latest == final.ID:
		return nil // it ended with this very Verdict
	case final.Verdict.Outcome == gate.Failed, lastsInconclusive(w):
		return openIncident{verification: *final}
	}
	return nil
}

// decideIncident looks after what the last Verification left behind.
func decideIncident(w *world) Action {
	final, incident := w.past.Final, w.past.Incident
	if incident == nil || incident.State != history.Ongoing {
		return nil
	}
	for _, p := range w.proposals {
		if p.ended() {
			return settle{proposal: p.Proposal, status: p.status}
		}
	}
	if recovery(w) != nil {
		return conclude{incident: *incident, state: history.Recovered, why: recoveredBy(w)}
	}
	if final.Verdict.Outcome == gate.Failed && reverted(w) && !comesUpLate(w) {
		if p := inVain(w); p != nil {
			return reland{incident: *incident, proposal: *p}
		}
		return conclude{incident: *incident, state: history.Unresolved,
			why: "the revert was merged and synced, and the gate still fails: it did not help"}
	}
	if incident.Latest != final.ID {
		return confirm{incident: *incident, verification: *final}
	}
	return decideProposal(w, *incident)
}

// recovery is the pass that ends the Incident; nil before there is one. What failed after it, while a server kept the Incident from being
// ended, is another Incident, and nothing that was blamed in this one is blamed for that.
func recovery(w *world) *history.LastPassed {
	passed := w.past.Passed
	if w.past.Final.Verdict.Outcome == gate.Passed || passed != nil && passed.RanAt.After(w.past.Incident.Opened) {
		return passed
	}
	return nil
}

// comesUpLate tells whether all that failed is that a state which passed before has not become live again: an engine may
// give up on the very revert, since what it sees of the workloads is still of the version before, and try again later. That
// says nothing against the revert.
func comesUpLate(w *world) bool {
	if w.past.Passed == nil {
		return false
	}
	late := false
	for _, t := range w.past.Final.Targets {
		if t.Outcome != sync.Failed {
			continue
		}
		before := find(w.past.Passed.Targets, t.Target)
		if t.Digest == "" || before == nil || before.Digest != t.Digest {
			return false
		}
		late = true
	}
	return late
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

// inVain is a Proposal whose revert did not help and whose change was not offered back yet; nil where there is none. What people reverted
// themselves is theirs, and what is stopped is not offered.
func inVain(w *world) *history.Proposal {
	for _, p := range w.proposals {
		if p.State == history.ProposalMerged && !p.Joined && p.Reland == "" && w.mode != tests.Shadow && w.stopReason(p.Repository) == "" {
			return &p.Proposal
		}
	}
	return nil
}

// decideProposal brings the revert of a Config cause before people, repository by repository, keeps it fit to be merged, and merges it
// where the mode allows.
func decideProposal(w *world, incident history.Incident) Action {
	if !revertible(w, incident) {
		return nil
	}
	for _, suspects := range byRepository(incident.Cause.Suspects) {
		p := w.proposalTo(suspects[0])
		switch {
		case doubt(w, suspects) != "":
			continue
		case p == nil:
			return propose{incident: incident, suspects: suspects, why: incident.Cause.Reason}
		case p.problem != "" || w.stopReason(p.Repository) != "" || !p.ripe(w):
			continue
		case p.State == history.ProposalPlanned && p.attention.obstacle == "":
			return propose{incident: incident, suspects: suspects, why: incident.Cause.Reason}
		case p.State == history.ProposalOpen && p.status.State == gitprovider.Open:
			if a := decideOpenProposal(w, incident, suspects, *p); a != nil {
				return a
			}
		}
	}
	return nil
}

// decideOpenProposal looks after a Proposal that people see.
func decideOpenProposal(w *world, incident history.Incident, suspects []blame.Suspect, p proposalState) Action {
	switch at := p.attention; {
	case p.Joined && p.Own != 0:
		return leave{proposal: p.Proposal}
	case p.Joined, at.stopped != "":
		return nil
	case at.theirs != nil:
		return join{incident: incident, suspects: suspects, proposal: p.Proposal, theirs: at.theirs}
	case at.conflict != "" && !slices.Contains(p.NotByItself, conflicts(p.Proposal)):
		return concede{proposal: p.Proposal, conflict: at.conflict}
	case at.outdated != "":
		return propose{incident: incident, suspects: suspects, why: at.outdated, anew: true}
	case at.unclaimed:
		return propose{incident: incident, suspects: suspects, why: "the text is to say what the mode allows by now"}
	case mergesByItself(w, p) && at.obstacle == "":
		return merge{incident: incident, suspects: suspects, proposal: p.Proposal, proven: at.proven}
	}
	return nil
}

func mergesByItself(w *world, p proposalState) bool {
	return modeMerges(w.mode) && !p.Joined && len(p.NotByItself) == 0 && w.stopReason(p.Repository) == ""
}

// patience is how many Verdicts in a row may be Inconclusive before people hear of it.
const patience = 3

func lastsInconclusive(w *world) bool {
	return w.past.Final.Verdict.Outcome == gate.Inconclusive && w.past.InconclusiveInARow >= patience
}
