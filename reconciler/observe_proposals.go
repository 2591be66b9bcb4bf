package reconciler

import (
	"cmp"
	"context"
	"slices"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/sync"
)

// observeProposals asks what became of the Proposals of the newest Incident that are open, or may be, and whether the state that was
// verified last holds the reverts that were merged. A server that does not answer keeps nobody from verifying: what it would say is not
// known then, and why is told.
func (l *Loop) observeProposals(ctx context.Context, w *world) {
	if w.past.Incident == nil || w.past.Incident.State != history.Ongoing {
		return
	}
	for _, p := range w.past.Proposals {
		state := proposalState{Proposal: p}
		var err error
		switch p.State {
		case history.ProposalOpen, history.ProposalPlanned:
			var heard answer
			heard, err = l.hear(ctx, w, p)
			state.status, state.attention = heard.status, heard.calls
		case history.ProposalMerged:
			state.live, err = l.holds(ctx, w, p)
		}
		if err != nil {
			state.problem = err.Error()
		}
		if p.State == history.ProposalOpen || p.State == history.ProposalPlanned || err != nil {
			w.lookAgainBy(w.now.Add(l.rollback.Interval))
		}
		w.proposals = append(w.proposals, state)
	}
}

// hear asks for a Proposal that waits, at most once in the interval. A crash may have kept from history that a planned one is open.
func (l *Loop) hear(ctx context.Context, w *world, p history.Proposal) (answer, error) {
	if known, there := l.answers.get(p); there && w.now.Before(known.at.Add(l.rollback.Interval)) {
		return known, known.err
	}
	heard := answer{at: w.now}
	if p.Head != "" {
		mirror, provider, proposed, err := l.remote(p)
		if err == nil {
			heard.status, err = rollback.Status(ctx, mirror, provider, proposed)
		}
		heard.err = err
	}
	if heard.err == nil {
		heard.calls, heard.err = l.attend(ctx, w, p, heard.status)
	}
	if ctx.Err() == nil {
		l.answers.put(p, heard)
	}
	return heard, heard.err
}

// holds tells whether all Targets in the Proposal's repository were at a commit that has the merged revert behind it; where it was reverted
// how a Target is built, what applies that as well.
func (l *Loop) holds(ctx context.Context, w *world, p history.Proposal) (bool, error) {
	merged, err := git.ParseHash(p.Merged)
	if err != nil {
		return false, err
	}
	mirror, _, _, err := l.remote(p)
	if err != nil {
		return false, err
	}
	concerned := false
	for _, r := range w.revisionsIn(p.Repository) {
		concerned = true
		at, err := git.ParseHash(r.Commit)
		if err != nil {
			return false, err
		}
		if at == merged {
			continue
		}
		if err := mirror.Fetch(ctx, merged, at); err != nil {
			return false, err
		}
		behind, err := git.IsAncestor(ctx, mirror.Repository(), merged, at)
		if err != nil || !behind {
			return false, err
		}
	}
	return concerned, nil
}

// revisionsIn are the commits of a repository that the Targets of the last Verdict were at: of their folders, and where commits are blamed
// for what Targets say about building them, of what applies that now.
func (w *world) revisionsIn(repository string) (revisions []sync.Revision) {
	cause := w.past.Incident.Cause
	defined := cause != nil && byDefinition(cause.Suspects)
	for _, t := range w.past.Final.Targets {
		i := slices.IndexFunc(t.Revisions, func(r sync.Revision) bool { return r.Repository == repository })
		if i >= 0 {
			revisions = append(revisions, t.Revisions[i])
		}
		if !defined {
			continue
		}
		written := cmp.Or(definitionOf(w.toldOf(t.Target)), t.Definition)
		if written != nil && written.Revision.Repository == repository {
			revisions = append(revisions, written.Revision)
		}
	}
	return revisions
}
