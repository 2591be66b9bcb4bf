package reconciler

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/tests"
)

// open writes the plan where people see it, as the mode allows: as a pull request, or to the branch itself.
func (l *Loop) open(ctx context.Context, w *world, p history.Proposal, plan *rollback.Plan, evidence rollback.Evidence) error {
	repository := l.environments[w.key.Environment].Writable[p.Repository]
	mirror, err := l.mirrors.Mirror(repository.URL)
	if err != nil {
		return err
	}
	if w.mode == tests.Commit && len(plan.NotByItself) == 0 {
		return l.push(ctx, mirror, p, plan)
	}
	known := w.proposalTo(blame.Suspect{Repository: p.Repository, Branch: p.Base})
	plan.Insist = known != nil && (known.Head == plan.Head.String() || known.Reason == rollback.PushedElsewhere(plan.Branch).Reason)
	opened, err := rollback.Open(ctx, mirror, repository.Provider, plan, rollback.Body(evidence, plan))
	if err != nil {
		return err
	}
	p.State, p.URL, p.Number, p.Head = history.ProposalOpen, opened.URL, opened.Number, opened.Head.String()
	p.NotByItself = plan.NotByItself
	if opened.ByPeople {
		p.NotByItself = append(p.NotByItself, "people committed to the branch, which leaves it to them")
	}
	if opened.New {
		l.introduce(ctx, repository, p)
	}
	return l.history.SaveProposal(ctx, p)
}

// push writes the revert to the branch itself. A branch that takes no pushes is no reason to try again: the operator has said two things at
// once.
func (l *Loop) push(ctx context.Context, mirror *git.Mirror, p history.Proposal, plan *rollback.Plan) error {
	err := rollback.Push(ctx, mirror, plan)
	if errors.Is(err, git.ErrRejected) && !errors.Is(err, git.ErrStale) {
		return &rollback.Refusal{Rule: "protected-branch", Reason: fmt.Sprintf(
			"%s is protected and takes no pushes from Assay, which mode commit needs: use mode merge or propose, or let Assay push (%v)", plan.Base, err)}
	}
	if err != nil {
		return err
	}
	p.State, p.Merged, p.Reason = history.ProposalMerged, plan.Head.String(), "mode commit: pushed to "+p.Base
	return l.history.SaveProposal(ctx, p)
}

// introduce labels a new Proposal and asks for reviews, as the operator wishes. It is there without them, too.
func (l *Loop) introduce(ctx context.Context, repository ConfigRepository, p history.Proposal) {
	for what, ask := range map[string]func() error{
		"labels": func() error {
			if len(repository.Labels) == 0 {
				return nil
			}
			return repository.Provider.Label(ctx, p.Number, repository.Labels...)
		},
		"reviewers": func() error {
			if len(repository.Reviewers) == 0 {
				return nil
			}
			return repository.Provider.RequestReviewers(ctx, p.Number, repository.Reviewers...)
		},
	} {
		if err := ask(); err != nil {
			l.log.Error("a proposal is open without its "+what, "proposal", cmp.Or(p.URL, p.Branch), "error", err)
		}
	}
}
