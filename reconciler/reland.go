package reconciler

import (
	"cmp"
	"context"
	"errors"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
)

// reland offers back what was reverted in vain, as a pull request that only a person merges. It is tried once; why it was not to be is
// recorded in place of where it is.
type reland struct {
	incident history.Incident
	proposal history.Proposal
}

func (reland) Name() string { return "Reland" }
func (a reland) Reason() string {
	return "the revert did not help, so the change is offered back: " + cmp.Or(a.proposal.URL, a.proposal.Branch)
}

func (a reland) do(ctx context.Context, l *Loop, w *world) error {
	p := a.proposal
	defer l.turns.take(p.Repository)()
	again := p.Relanding
	if !again {
		p.Relanding = true
		if err := l.history.SaveProposal(ctx, p); err != nil {
			return err
		}
	}
	opened, err := l.reland(ctx, w, a.incident, p, again)
	var refusal *rollback.Refusal
	switch {
	case errors.As(err, &refusal):
		p.Reland = "not offered back: " + refusal.Reason
	case err != nil:
		return err
	default:
		p.Reland = cmp.Or(opened.URL, rollback.RelandBranch(p.Branch))
	}
	return l.history.SaveProposal(ctx, p)
}

// reland opens the pull request; again says that a branch which is there may be this instance's own, pushed before a crash or a failure.
func (l *Loop) reland(ctx context.Context, w *world, incident history.Incident, p history.Proposal, again bool) (rollback.Opened, error) {
	mirror, provider, proposed, err := l.remote(p)
	var locked *notWritable
	if errors.As(err, &locked) {
		return rollback.Opened{}, &rollback.Refusal{Rule: "not-writable", Reason: locked.Error()}
	}
	if err != nil {
		return rollback.Opened{}, err
	}
	if stopped, err := proposed.Stopped(ctx, mirror, provider); err != nil || stopped != "" {
		return rollback.Opened{}, cmp.Or(err, error(&rollback.Refusal{Rule: "stopped", Reason: stopped}))
	}
	head, _, err := mirror.Refresh(ctx, p.Base)
	if err != nil {
		return rollback.Opened{}, err
	}
	plan, err := rollback.NewReland(ctx, mirror, rollback.RelandRequest{
		Reverted: proposed, Title: cmp.Or(p.Title, p.Branch), Repository: p.Repository, Head: head,
		Author: l.author(w.past.Final.Finished), Sign: l.rollback.Sign,
	})
	if err != nil {
		return rollback.Opened{}, err
	}
	plan.Insist = again
	evidence := l.evidence(w, incident, suspectsOf(incident, p))
	opened, err := rollback.Open(ctx, mirror, provider, plan, rollback.RelandBody(evidence, cmp.Or(p.URL, p.Branch)))
	if err == nil && opened.New {
		l.introduce(ctx, l.environments[p.Key.Environment].Writable[p.Repository],
			history.Proposal{Number: opened.Number, URL: opened.URL, Branch: plan.Branch})
	}
	return opened, err
}
