package reconciler

import (
	"cmp"
	"context"
	"errors"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
)

// join follows a revert that people opened in place of Assay's own, and adds the evidence to it. What is written is noted where it is
// written, and recorded in between, so that it can be repeated.
type join struct {
	incident history.Incident
	suspects []blame.Suspect
	proposal history.Proposal
	theirs   *gitprovider.PullRequest
}

func (join) Name() string     { return "Join" }
func (a join) Reason() string { return "people opened a revert of the same: " + named(*a.theirs) }

func (a join) do(ctx context.Context, l *Loop, w *world) error {
	defer l.turns.take(a.proposal.Repository)()
	if stopped, err := l.heeds(ctx, w, a.proposal); err != nil || stopped {
		return err
	}
	_, err := l.join(ctx, w, a.incident, a.proposal, a.suspects, a.theirs)
	return err
}

// join records theirs as the Proposal, tells what Assay knows, and closes its own.
func (l *Loop) join(ctx context.Context, w *world, incident history.Incident, p history.Proposal, suspects []blame.Suspect, theirs *gitprovider.PullRequest) (history.Proposal, error) {
	own := p
	_, provider, proposed, err := l.remote(p)
	if err != nil {
		return p, err
	}
	body, err := l.joinBody(ctx, w, incident, p, suspects)
	if err != nil {
		return p, err
	}
	if err := rollback.Join(ctx, provider, theirs, proposed.Culprits, body); err != nil && !errors.Is(err, rollback.ErrUnnoted) {
		return p, err
	}
	l.answers.forget(p)
	p.State, p.Joined, p.Reason, p.Updated = history.ProposalOpen, true, "people opened it, and people merge it", w.now
	p.Number, p.URL, p.Title, p.Head = theirs.Number, theirs.URL, theirs.Title, theirs.Head.String()
	if own.Number != 0 && own.Number != theirs.Number {
		p.Own = own.Number
	}
	if err := l.history.SaveProposal(ctx, p); err != nil || p.Own == 0 {
		return p, err
	}
	return l.leaveOwn(ctx, p)
}

// joinBody is the evidence, with the plan where there is one.
func (l *Loop) joinBody(ctx context.Context, w *world, incident history.Incident, p history.Proposal, suspects []blame.Suspect) (string, error) {
	plan, err := l.replan(ctx, w, incident, p, suspects)
	var refusal *rollback.Refusal
	if errors.As(err, &refusal) {
		plan = &rollback.Plan{Proof: rollback.Proof{Kind: rollback.Unproven, Reason: "it was not planned here: " + refusal.Reason}}
		err = nil
	}
	if err != nil {
		return "", err
	}
	return rollback.JoinBody(l.evidence(w, incident, suspects), plan), nil
}

// leave closes the Proposal that Assay opened before people opened theirs.
type leave struct{ proposal history.Proposal }

func (leave) Name() string     { return "Leave" }
func (a leave) Reason() string { return joinedReason(a.proposal) }
func (a leave) do(ctx context.Context, l *Loop, w *world) error {
	defer l.turns.take(a.proposal.Repository)()
	if stopped, err := l.heeds(ctx, w, a.proposal); err != nil || stopped {
		return err
	}
	_, err := l.leaveOwn(ctx, a.proposal)
	return err
}

func (l *Loop) leaveOwn(ctx context.Context, p history.Proposal) (history.Proposal, error) {
	_, provider, _, err := l.remote(p)
	if err != nil {
		return p, err
	}
	if _, err := rollback.Leave(ctx, provider, p.Own, claimOf(p), joinedReason(p)); err != nil {
		return p, err
	}
	p.Own = 0
	return p, l.history.SaveProposal(ctx, p)
}

func joinedReason(p history.Proposal) string {
	return "people opened a revert of the same, which is followed instead: " + cmp.Or(p.URL, p.Title)
}

func named(pr gitprovider.PullRequest) string { return cmp.Or(pr.URL, pr.Title) }

// joinFirst follows a revert that people opened before Assay did.
func (l *Loop) joinFirst(ctx context.Context, w *world, incident history.Incident, p history.Proposal, suspects []blame.Suspect) (bool, error) {
	mirror, provider, proposed, err := l.remote(p)
	if err != nil || p.Number != 0 {
		return false, err
	}
	theirs, err := findRevert(ctx, mirror, provider, proposed)
	if err != nil || theirs == nil {
		return false, err
	}
	_, err = l.join(ctx, w, incident, p, suspects, theirs)
	return true, err
}
