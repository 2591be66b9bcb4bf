package reconciler

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/assay-dev/assay/reconciler/blame"
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
	if a.status.Page != nil {
		defer l.turns.take(a.proposal.Repository)()
		mirror, provider, proposed, err := l.remote(a.proposal)
		if err != nil {
			return err
		}
		if err := rollback.Tidy(ctx, mirror, provider, proposed, a.status); err != nil {
			return err
		}
	}
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
type merge struct {
	incident history.Incident
	suspects []blame.Suspect
	proposal history.Proposal
	// proven is the newer commit of the base for which the proof was seen to hold, too; zero where the base has not moved.
	proven git.Hash
}

func (merge) Name() string { return "Merge" }
func (a merge) Reason() string {
	return "the mode allows to merge a revert whose proof holds: " + a.proposal.ProofReason
}

func (a merge) do(ctx context.Context, l *Loop, w *world) error {
	blocked, err := a.merge(ctx, l, w)
	if err != nil || !blocked || a.proven.IsZero() {
		return err
	}
	// Some servers merge only what is built on the newest commit.
	return propose{incident: a.incident, suspects: a.suspects, why: a.proposal.Base + " moved, and what is merged is to be built on it", anew: true}.do(ctx, l, w)
}

func (a merge) merge(ctx context.Context, l *Loop, w *world) (blocked bool, err error) {
	p := a.proposal
	defer l.turns.take(p.Repository)()
	mirror, provider, proposed, err := l.remote(p)
	if err != nil {
		return false, err
	}
	proposed.Proven = a.proven
	err = rollback.Merge(ctx, mirror, provider, proposed)
	l.answers.forget(p)
	p.Updated = w.now
	blocked = errors.Is(err, gitprovider.ErrBlocked)
	var refusal *rollback.Refusal
	switch {
	case err == nil:
		p.Reason = "merged, and to be seen on " + p.Base
	case errors.Is(err, git.ErrStale):
		return false, nil // the base moved since it was looked at, and is looked at again
	case errors.As(err, &refusal), blocked, errors.Is(err, gitprovider.ErrHeadMoved):
		p.Reason = "not merged yet: " + err.Error()
	default:
		return false, err
	}
	return blocked, l.history.SaveProposal(ctx, p)
}

// concede leaves to people what can no longer be built on the base, and says so once where they see it.
type concede struct {
	proposal history.Proposal
	conflict string
}

func (concede) Name() string     { return "Concede" }
func (a concede) Reason() string { return a.proposal.Base + " moved, and the revert conflicts with it" }
func (a concede) do(ctx context.Context, l *Loop, w *world) error {
	p := a.proposal
	defer l.turns.take(p.Repository)()
	_, provider, proposed, err := l.remote(p)
	if err != nil {
		return err
	}
	if err := proposed.Say(ctx, provider, "conflict", rollback.Conflicts(p.Base, a.conflict)); err != nil {
		return err
	}
	l.answers.forget(p)
	p.NotByItself, p.Updated = append(slices.Clone(p.NotByItself), conflicts(p)), w.now
	return l.history.SaveProposal(ctx, p)
}

// conflicts is why only a person may merge what conflicts.
func conflicts(p history.Proposal) string { return "it conflicts with " + p.Base + " as that is now" }

// remote is what is needed to talk about a Proposal.
func (l *Loop) remote(p history.Proposal) (*git.Mirror, gitprovider.Provider, rollback.Proposed, error) {
	proposed, err := proposedOf(p)
	if err != nil {
		return nil, nil, proposed, err
	}
	repository, writable := l.environments[p.Key.Environment].Writable[p.Repository]
	if !writable {
		return nil, nil, proposed, &notWritable{p.Repository}
	}
	mirror, err := l.mirrors.Mirror(repository.URL)
	return mirror, repository.Provider, proposed, err
}

// withdraw takes back what the Incident asked for, and says why where people see it. A Proposal that others still ask for stays open for them.
func (l *Loop) withdraw(ctx context.Context, p history.Proposal, why string) (history.Proposal, error) {
	defer l.turns.take(p.Repository)()
	closed := rollback.State{State: gitprovider.Closed, Reason: "withdrawn: " + why}
	save := func(status rollback.State) (history.Proposal, error) {
		p := settled(p, status, l.clock.Now())
		return p, l.history.SaveProposal(ctx, p)
	}
	if p.Head == "" {
		return save(closed) // nothing was ever written outside
	}
	mirror, provider, proposed, err := l.remote(p)
	var locked *notWritable
	if errors.As(err, &locked) {
		closed.Reason += "; it is left as it is, since " + locked.Error()
		return save(closed)
	}
	if err != nil {
		return p, err
	}
	status, err := rollback.Status(ctx, mirror, provider, proposed)
	switch {
	case err != nil:
		return p, err
	case status.State == gitprovider.Merged:
		if err := rollback.Tidy(ctx, mirror, provider, proposed, status); err != nil {
			return p, err
		}
		return save(status)
	case status.State == gitprovider.Closed && p.Number != 0:
		return save(status)
	}
	kept, err := rollback.Withdraw(ctx, mirror, provider, proposed, claimOf(p), why)
	if err != nil {
		return p, err
	}
	if kept {
		closed.Reason += "; it stays open for others who ask for it"
	}
	return save(closed)
}

// claimOf is on whose behalf a Proposal is open, here.
func claimOf(p history.Proposal) rollback.Claim {
	return rollback.Claim{Environment: p.Key.Environment, Gate: p.Key.Gate, Incident: p.Incident}
}

// notWritable says that the operator does not let Assay write to a repository.
type notWritable struct{ repository string }

func (e *notWritable) Error() string {
	return "the operator does not let Assay write to " + e.repository
}

func proposedOf(p history.Proposal) (rollback.Proposed, error) {
	out := rollback.Proposed{Branch: p.Branch, Base: p.Base, Number: p.Number, PatchIDs: p.PatchIDs, Joined: p.Joined}
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

// observeProposals asks what became of the Proposals of the newest Incident that are open, or may be, and whether the state that was verified last holds the
// reverts that were merged. A server that does not answer keeps nobody from verifying: what it would say is not known then, and why is told.
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
			state.live, err = l.holds(ctx, w.past.Final.Targets, p)
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
