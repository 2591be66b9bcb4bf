package reconciler

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/sync"
)

// settle records what became of an open Proposal: it was merged or closed.
type settle struct {
	proposal history.Proposal
	status   rollback.State
}

func (settle) Name() string     { return "Settle" }
func (a settle) Reason() string { return a.status.Reason }
func (a settle) do(ctx context.Context, l *Loop, w *world) error {
	return l.history.SaveProposal(ctx, settled(a.proposal, a.status, w.now))
}

func settled(p history.Proposal, status rollback.State, now time.Time) history.Proposal {
	p.State, p.Reason, p.Updated = history.ProposalClosed, status.Reason, now
	if status.State == gitprovider.Merged {
		p.State, p.Merged = history.ProposalMerged, status.Commit.String()
	}
	return p
}

// merge merges an open Proposal whose proof holds, where the mode allows.
type merge struct{ proposal history.Proposal }

func (merge) Name() string { return "Merge" }
func (a merge) Reason() string {
	return "the mode allows to merge a revert whose proof holds: " + a.proposal.ProofReason
}

func (a merge) do(ctx context.Context, l *Loop, w *world) error {
	mirror, provider, proposed, err := l.remote(a.proposal)
	if err != nil {
		return err
	}
	return rollback.Merge(ctx, mirror, provider, proposed)
}

// remote is what is needed to talk about a Proposal.
func (l *Loop) remote(p history.Proposal) (*git.Mirror, gitprovider.Provider, rollback.Proposed, error) {
	proposed, err := proposedOf(p)
	if err != nil {
		return nil, nil, proposed, err
	}
	repository, writable := l.environments[p.Key.Environment].Writable[p.Repository]
	if !writable {
		return nil, nil, proposed, fmt.Errorf("proposal %s: the operator no longer lets Assay write to %s", p.Branch, p.Repository)
	}
	mirror, err := l.mirrors.Mirror(repository.URL)
	return mirror, repository.Provider, proposed, err
}

// withdraw closes a Proposal that is no longer needed, and says why where people see it.
func (l *Loop) withdraw(ctx context.Context, p history.Proposal, why string) error {
	mirror, provider, proposed, err := l.remote(p)
	if err != nil {
		return err
	}
	status, err := rollback.Status(ctx, mirror, provider, proposed)
	if err != nil {
		return err
	}
	if status.State == gitprovider.Open {
		if err := rollback.Withdraw(ctx, mirror, provider, proposed, why); err != nil {
			return err
		}
		status = rollback.State{State: gitprovider.Closed, Reason: "withdrawn: " + why}
	}
	return l.history.SaveProposal(ctx, settled(p, status, l.clock.Now()))
}

func proposedOf(p history.Proposal) (rollback.Proposed, error) {
	out := rollback.Proposed{Branch: p.Branch, Base: p.Base, Number: p.Number, PatchIDs: p.PatchIDs}
	var err error
	if out.Head, err = git.ParseHash(p.Head); err != nil {
		return out, err
	}
	for _, id := range p.Culprits {
		culprit, err := git.ParseHash(id)
		if err != nil {
			return out, err
		}
		out.Culprits = append(out.Culprits, culprit)
	}
	return out, nil
}

// observeProposals asks what became of the open Proposals of the newest Incident, and whether the state that was verified last holds the
// reverts that were merged.
func (l *Loop) observeProposals(ctx context.Context, w *world) error {
	for _, p := range w.past.Proposals {
		state := proposalState{Proposal: p}
		switch p.State {
		case history.ProposalOpen:
			mirror, provider, proposed, err := l.remote(p)
			if err != nil {
				return err
			}
			if state.status, err = rollback.Status(ctx, mirror, provider, proposed); err != nil {
				return err
			}
			w.lookAgain = w.now.Add(l.rollback.Interval)
		case history.ProposalMerged:
			var err error
			if state.live, err = l.holds(ctx, w.past.Final.Targets, p); err != nil {
				return err
			}
		}
		w.proposals = append(w.proposals, state)
	}
	return nil
}

// holds tells whether all Targets in the Proposal's repository were at a commit that has the merged revert behind it.
func (l *Loop) holds(ctx context.Context, targets []history.TargetState, p history.Proposal) (bool, error) {
	merged, err := git.ParseHash(p.Merged)
	if err != nil {
		return false, err
	}
	mirror, _, _, err := l.remote(p)
	if err != nil {
		return false, err
	}
	concerned := false
	for _, t := range targets {
		i := slices.IndexFunc(t.Revisions, func(r sync.Revision) bool { return r.Repository == p.Repository })
		if i < 0 {
			continue
		}
		concerned = true
		at, err := git.ParseHash(t.Revisions[i].Commit)
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
