package reconciler

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/tests"
)

// attention is what a Proposal calls for, as it was when the world was asked about it.
type attention struct {
	// stopped says who keeps Assay from the pull request: the label on it.
	stopped string
	// theirs is a revert of the same that people opened meanwhile.
	theirs *gitprovider.PullRequest
	// outdated says why the branch is to be built anew on the base as it is, or taken as it was; empty where it is not.
	outdated string
	// conflict says why it cannot be.
	conflict string
	// unclaimed says that the text does not say what the mode allows by now.
	unclaimed bool
	// obstacle says what keeps it from being proposed, or merged by policy; empty where nothing does.
	obstacle string
	// proven is a commit of the base, newer than the one that was built on, for which merging was seen to come to what is proven.
	proven git.Hash
}

// attend finds out what a Proposal calls for that waits. It changes nothing.
func (l *Loop) attend(ctx context.Context, w *world, p history.Proposal, status rollback.State) (at attention, err error) {
	incident := w.past.Incident
	if p.Joined || w.gate == nil || w.past.Passed == nil || !revertible(w, *incident) || w.stopReason(p.Repository) != "" {
		return at, nil
	}
	suspects := suspectsOf(*incident, p)
	if len(suspects) == 0 || doubt(w, suspects) != "" {
		return at, nil
	}
	switch {
	case p.State == history.ProposalPlanned:
		return l.attendPlanned(ctx, w, p, suspects)
	case status.State == gitprovider.Open && status.Page != nil:
		return l.attendOpen(ctx, w, p, suspects, status.Page)
	}
	return at, nil
}

// attendPlanned finds out what keeps a Proposal from being proposed.
func (l *Loop) attendPlanned(ctx context.Context, w *world, p history.Proposal, suspects []blame.Suspect) (at attention, err error) {
	_, err = l.replan(ctx, w, *w.past.Incident, p, suspects)
	var refusal *rollback.Refusal
	if errors.As(err, &refusal) {
		if refusal.Later {
			at.obstacle = refusal.Reason
		}
		return at, nil
	}
	return at, err
}

// attendOpen finds out what a Proposal calls for that people see: first what people did, then what the base did, then what keeps it
// from being merged by itself.
func (l *Loop) attendOpen(ctx context.Context, w *world, p history.Proposal, suspects []blame.Suspect, page *gitprovider.PullRequest) (
	at attention, err error,
) {
	if at.stopped = rollback.Stopped(page); at.stopped != "" {
		return at, nil
	}
	mirror, provider, proposed, err := l.remote(p)
	if err != nil {
		return at, err
	}
	if at.theirs, err = findRevert(ctx, mirror, provider, proposed); err != nil || at.theirs != nil {
		return at, err
	}
	if page.Head != proposed.Head {
		own, err := rollback.Own(ctx, mirror, proposed, page.Head, l.author(w.now))
		if own {
			at.outdated = "another instance of Assay, or another gate, built it anew"
		} else {
			at.obstacle = "people committed to the branch, which leaves it to them"
		}
		return at, err
	}
	if err := l.attendBase(ctx, w, p, suspects, &at); err != nil || at.outdated != "" || at.conflict != "" {
		return at, err
	}
	want := claimOf(p)
	want.ByItself = modeMerges(w.mode) && len(p.NotByItself) == 0
	at.unclaimed = rollback.ClaimsOtherwise(page.Body, want)
	if want.ByItself && at.obstacle == "" {
		proposed.Proven = at.proven
		obstacle, err := rollback.Obstacle(ctx, mirror, provider, proposed)
		if err != nil {
			return at, err
		}
		if obstacle != nil {
			at.obstacle = obstacle.Reason
		}
	}
	return at, nil
}

// attendBase finds out whether an open Proposal is to be built anew, because the base moved. Most commits of a base change nothing about
// it, and are no reason to disturb those who review it.
func (l *Loop) attendBase(ctx context.Context, w *world, p history.Proposal, suspects []blame.Suspect, at *attention) error {
	mirror, _, proposed, err := l.remote(p)
	if err != nil {
		return err
	}
	standing, err := rollback.Stands(ctx, mirror, proposed)
	if err != nil || !standing.Moved {
		return err
	}
	plan, err := l.replan(ctx, w, *w.past.Incident, p, suspects)
	var refusal *rollback.Refusal
	switch {
	case errors.As(err, &refusal) && refusal.Rule == "conflict":
		at.conflict = refusal.Reason
		return nil
	case errors.As(err, &refusal):
		at.obstacle = fmt.Sprintf("%s moved, and it would not be proposed as it is now: %s", p.Base, refusal.Reason)
		return nil
	case err != nil:
		return err
	}
	same, err := standing.ComesTo(ctx, mirror, plan)
	switch {
	case err != nil:
		return err
	case standing.Conflicts:
		at.outdated = p.Base + " moved, and conflicts with it as it is"
	case string(plan.Proof.Kind) != p.Proof || !slices.Equal(plan.NotByItself, p.NotByItself):
		at.outdated = fmt.Sprintf("%s moved, and what it proves is %s now", p.Base, plan.Proof.Kind)
	case !same && mergesByItself(w, proposalState{Proposal: p}):
		at.outdated = p.Base + " moved, and what is merged is to be what is proven"
	case same:
		at.proven = standing.BaseHead
	}
	return nil
}

// replan plans the revert of a Proposal once more, on the base as it is.
func (l *Loop) replan(ctx context.Context, w *world, incident history.Incident, p history.Proposal, suspects []blame.Suspect) (*rollback.Plan, error) {
	_, culprits, err := newProposal(incident, suspects, w.now)
	if err != nil {
		return nil, err
	}
	return l.plan(ctx, w, incident, p, culprits, suspects)
}

// revertible tells whether there is something to revert, and a Verdict that calls for it: nothing is reverted by one that is Inconclusive.
func revertible(w *world, incident history.Incident) bool {
	return incident.Cause != nil && incident.Cause.Kind == blame.Config && w.past.Final.Verdict.Outcome == gate.Failed
}

// doubt says what a newer Verdict has against these Suspects: that it was something else, or others, which made the Gate fail again. Empty
// is none; a Cause that is not known again takes nothing back.
func doubt(w *world, suspects []blame.Suspect) string {
	now := w.past.Final.Cause
	switch {
	case now == nil, now.Kind == blame.Unknown:
		return ""
	case now.Kind == blame.Config && slices.ContainsFunc(now.Suspects, func(s blame.Suspect) bool {
		return slices.ContainsFunc(suspects, func(o blame.Suspect) bool { return o.Repository == s.Repository && o.Commit == s.Commit })
	}):
		return ""
	}
	return fmt.Sprintf("the gate failed again, and not for the same cause: %s: %s", now.Kind, now.Reason)
}

// suspectsOf are the Suspects that a Proposal reverts.
func suspectsOf(incident history.Incident, p history.Proposal) []blame.Suspect {
	for _, suspects := range byRepository(incident.Cause.Suspects) {
		if suspects[0].Repository == p.Repository && suspects[0].Branch == p.Base {
			return suspects
		}
	}
	return nil
}

func modeMerges(mode tests.Mode) bool { return mode == tests.Merge || mode == tests.Commit }

// findRevert looks for a revert that people opened. A server that cannot list what is open knows of none.
func findRevert(ctx context.Context, mirror *git.Mirror, provider gitprovider.Provider, p rollback.Proposed) (*gitprovider.PullRequest, error) {
	found, err := rollback.FindRevert(ctx, mirror, provider, p)
	if errors.Is(err, gitprovider.ErrUnsupported) {
		return nil, nil
	}
	return found, err
}
