package reconciler

import (
	"context"
	"errors"
	"time"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
)

// settle records what became of an open Proposal: it was merged or closed. A page that this leaves open is closed,
// unless somebody stops that.
type settle struct {
	proposal history.Proposal
	status   rollback.State
}

func (settle) Name() string     { return "Settle" }
func (a settle) Reason() string { return a.status.Reason }
func (a settle) do(ctx context.Context, l *Loop, w *world) error {
	defer l.turns.take(a.proposal.Repository)()
	p, err := l.tidy(ctx, w, a.proposal, a.status)
	if err != nil {
		return err
	}
	return l.history.SaveProposal(ctx, settled(p, a.status, w.now))
}

// tidy closes the page of what landed in another way, and Assay's own that a crash kept open when it was left for one of people's.
func (l *Loop) tidy(ctx context.Context, w *world, p history.Proposal, status rollback.State) (history.Proposal, error) {
	if status.Page == nil && p.Own == 0 {
		return p, nil
	}
	stopped, err := l.stopped(ctx, w, p)
	switch {
	case err != nil:
		return p, err
	case stopped != "":
		p.Left = status.Reason
		return p, nil
	case p.Own != 0:
		return l.leaveOwn(ctx, p)
	}
	mirror, provider, proposed, err := l.remote(p)
	if err != nil {
		return p, err
	}
	return p, rollback.Tidy(ctx, mirror, provider, proposed, status)
}

func settled(p history.Proposal, status rollback.State, now time.Time) history.Proposal {
	p.State, p.Reason, p.Updated = history.ProposalClosed, status.Reason, now
	if status.State == gitprovider.Merged {
		p.State, p.Merged = history.ProposalMerged, status.Commit.String()
	}
	return p
}

// withdraw takes back what the Incident asked for, and says why where people see it. A Proposal that others still ask for stays open for
// them, and one that somebody stopped is left as it is.
func (l *Loop) withdraw(ctx context.Context, w *world, p history.Proposal, why string) (history.Proposal, error) {
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
	if err != nil {
		return p, err
	}
	if status.State == gitprovider.Merged || status.State == gitprovider.Closed && p.Number != 0 {
		if p, err = l.tidy(ctx, w, p, status); err != nil {
			return p, err
		}
		return save(status)
	}
	stopped, err := l.stopped(ctx, w, p)
	if err != nil {
		return p, err
	}
	if stopped != "" {
		p.Left = why
		closed.Reason += "; its page stays as it is until that ends: " + stopped
		return save(closed)
	}
	p, kept, err := l.takeBack(ctx, p, why)
	if err != nil {
		return p, err
	}
	if kept {
		closed.Reason += "; it stays open for others who ask for it"
	}
	return save(closed)
}

// takeBack takes the Gate's claim out of the page, and closes what nobody else asks for.
func (l *Loop) takeBack(ctx context.Context, p history.Proposal, why string) (_ history.Proposal, kept bool, err error) {
	mirror, provider, proposed, err := l.remote(p)
	if err != nil {
		return p, false, err
	}
	if p.Own != 0 {
		if p, err = l.leaveOwn(ctx, p); err != nil {
			return p, false, err
		}
	}
	kept, err = rollback.Withdraw(ctx, mirror, provider, proposed, claimOf(p), why)
	return p, kept, err
}
