package reconciler

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

// describeProposals says what the Incident waits for.
func describeProposals(w *world) string {
	var out []string
	for _, p := range w.proposals {
		at := cmp.Or(p.URL, p.Branch)
		if p.problem != "" {
			out = append(out, "what became of the revert "+at+" is not known: "+p.problem)
			continue
		}
		switch p.State {
		case history.ProposalPlanned:
			out = append(out, "the revert is not proposed yet: "+cmp.Or(w.hindered(p), p.Reason))
		case history.ProposalOpen:
			out = append(out, describeOpen(w, p, at))
		case history.ProposalMerged:
			out = append(out, "the revert is merged, and waits to be synced: "+at)
		case history.ProposalClosed:
			out = append(out, "the revert was closed, which is final: "+p.Reason)
		case history.ProposalRefused:
			out = append(out, "no revert is proposed: "+p.Reason)
		case history.ProposalShadowed:
			out = append(out, p.Reason)
		}
	}
	return strings.Join(out, "; ")
}

// describeOpen says what an open Proposal waits for.
func describeOpen(w *world, p proposalState, at string) string {
	switch {
	case p.Joined:
		return "people opened a revert, which waits for them to merge it: " + at
	case mergesByItself(w, p) && w.doubted(p) == "":
		return "the revert waits to be merged: " + at + " (" + cmp.Or(p.attention.stopped, p.attention.obstacle, p.Reason, "its proof holds") + ")"
	}
	text := "the revert waits for a person to merge it: " + at
	if w.mode != tests.Propose && len(p.NotByItself) > 0 {
		text += " (not merged by itself: " + strings.Join(p.NotByItself, "; ") + ")"
	}
	if hindered := w.hindered(p); hindered != "" {
		text += " (" + hindered + ")"
	}
	return text
}

// hindered says what keeps Assay from doing anything about a Proposal; empty where nothing does.
func (w *world) hindered(p proposalState) string {
	return cmp.Or(w.stopReason(p.Repository), p.attention.stopped, w.doubted(p), p.attention.obstacle)
}

// doubted says what speaks against a Proposal by now; empty where nothing does.
func (w *world) doubted(p proposalState) string {
	return doubt(w, suspectsOf(*w.past.Incident, p.Proposal))
}

func describeMove(from, to []history.TargetState) string {
	var moved []string
	for _, t := range to {
		before := find(from, t.Target)
		switch {
		case before == nil:
			moved = append(moved, t.Target.String()+" is new to the gate")
		case stateOf(*before) != stateOf(t):
			moved = append(moved, fmt.Sprintf("%s synced %s", t.Target, shortCommits(t)))
		}
	}
	for _, t := range from {
		if find(to, t.Target) == nil {
			moved = append(moved, t.Target.String()+" is gone from the gate")
		}
	}
	return strings.Join(moved, "; ")
}

func shortCommits(t history.TargetState) string {
	commits := shortRevisions(t.Revisions)
	if t.Outcome == sync.Failed {
		return commits + ", which failed"
	}
	return commits
}

// shortRevisions names the commits; what comes from no Git repository has its digest alone.
func shortRevisions(revisions []sync.Revision) string {
	var out []string
	for _, r := range revisions {
		out = append(out, fmt.Sprintf("%.8s", r.Commit))
	}
	return cmp.Or(strings.Join(out, ", "), "what comes from no commit")
}

func recoveredBy(w *world) string {
	if w.past.Final.Verdict.Outcome != gate.Passed {
		return fmt.Sprintf("the gate passed again, verified at %s, and failed anew since", verifiedAt(w.past.Passed.Targets, w.past.Passed.RanAt))
	}
	for _, p := range w.proposals {
		if p.State == history.ProposalMerged { // settled before
			return "the revert was merged and synced, and the gate passes again"
		}
	}
	return fmt.Sprintf("the gate passes again, verified at %s: %s",
		verifiedAt(w.past.Final.Targets, w.past.Final.Finished), w.past.Final.Verdict.Reason)
}

// several is a number of things, as people say it.
func several(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
