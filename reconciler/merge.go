package reconciler

import (
	"context"
	"errors"
	"slices"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

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
	why := a.proposal.Base + " moved, and what is merged is to be built on it"
	return propose{incident: a.incident, suspects: a.suspects, why: why, anew: true}.do(ctx, l, w)
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
	if stopped, err := l.heeds(ctx, w, p); err != nil || stopped {
		return err
	}
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
