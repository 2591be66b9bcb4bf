package rollback

import (
	"context"
	"errors"
	"fmt"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// Withdraw takes a claim back. A Proposal that nobody else asks for is closed, with a comment that says why; one that others ask for stays
// open for them, and its text says who left and why. One of people's gets the comment and stays. A branch that was pushed and never
// proposed is deleted. What is not open is left alone.
func Withdraw(ctx context.Context, m *git.Mirror, provider gitprovider.Provider, p Proposed, own Claim, why string) (kept bool, err error) {
	kept, err = withdraw(ctx, m, provider, p, own, why)
	if err != nil {
		return false, fmt.Errorf("withdraw %s: %w", p.Branch, err)
	}
	return kept, nil
}

func withdraw(ctx context.Context, m *git.Mirror, provider gitprovider.Provider, p Proposed, own Claim, why string) (kept bool, err error) {
	state, err := Status(ctx, m, provider, p)
	if err != nil || state.State == gitprovider.Merged {
		return false, err
	}
	pr, err := current(ctx, provider, p)
	switch {
	case err != nil:
		return false, err
	case pr == nil:
		return false, deleteBranch(ctx, m, p)
	case pr.State != gitprovider.Open:
		return false, nil
	case p.Joined:
		return true, ignoreUnnoted(Say(ctx, provider, pr, "withdrawn "+own.Environment+" "+own.Gate+" "+own.Incident,
			"Assay no longer asks for this: "+inert(why)))
	}
	return Leave(ctx, provider, pr.Number, own, why)
}

// Leave takes a claim out of one pull request, as [Withdraw] does. One that is not open is left alone.
func Leave(ctx context.Context, provider gitprovider.Provider, number int64, own Claim, why string) (kept bool, err error) {
	pr, err := provider.Get(ctx, number)
	if err != nil || pr.State != gitprovider.Open {
		return false, err
	}
	if left, err := leave(ctx, provider, pr, own, why); err != nil || left > 0 {
		return left > 0, err
	}
	if err := Say(ctx, provider, pr, "withdrawn", "Assay withdraws this proposal: "+inert(why)); err != nil && !errors.Is(err, ErrUnnoted) {
		return false, err
	}
	return false, provider.Close(ctx, pr.Number)
}

// Tidy closes the pull request of a Proposal whose revert landed in another way, and says how: servers leave it open for ever, since they
// know nothing of that. One that holds commits of the base is left to the server, which is about to call it merged, and one of people's is
// left to them.
func Tidy(ctx context.Context, m *git.Mirror, provider gitprovider.Provider, p Proposed, state State) error {
	if p.Joined || state.State != gitprovider.Merged || state.Page == nil {
		return nil
	}
	head, _, err := m.Refresh(ctx, p.Base)
	if err != nil {
		return fmt.Errorf("tidy up %s: %w", p.Branch, err)
	}
	if on, err := git.IsAncestor(ctx, m.Repository(), state.Page.Head, head); err != nil && !errors.Is(err, git.ErrNotFound) || on {
		return err
	}
	pr, err := provider.Get(ctx, state.Page.Number)
	if err != nil || pr.State != gitprovider.Open {
		return err
	}
	if err := Say(ctx, provider, pr, "landed", "This is not needed any more: "+inert(state.Reason)); err != nil && !errors.Is(err, ErrUnnoted) {
		return err
	}
	return provider.Close(ctx, pr.Number)
}

func ignoreUnnoted(err error) error {
	if errors.Is(err, ErrUnnoted) {
		return nil
	}
	return err
}

// leave takes a claim out of the text where others stay, and counts those. The last one's stays, since the proposal is closed.
func leave(ctx context.Context, provider gitprovider.Provider, pr *gitprovider.PullRequest, own Claim, why string) (left int, err error) {
	for range attempts {
		body, left := removeClaim(pr.Body, own, why)
		if left == 0 || sameText(body, pr.Body) {
			return left, nil
		}
		if err := provider.UpdateBody(ctx, pr.Number, body); err != nil {
			return left, err
		}
		if pr, err = provider.Get(ctx, pr.Number); err != nil {
			return left, err
		}
	}
	return 0, fmt.Errorf("take the claim out of pull request %d: somebody else changes its text each time", pr.Number)
}

// deleteBranch takes away a branch that no pull request was opened for, unless people committed to it.
func deleteBranch(ctx context.Context, m *git.Mirror, p Proposed) error {
	ref := "refs/heads/" + p.Branch
	refs, err := m.Refs(ctx, ref)
	if err != nil || refs[ref].IsZero() || refs[ref] != p.Head {
		return err
	}
	return m.Push(ctx, git.RefUpdate{Ref: ref, Old: p.Head})
}

// Stopped says who keeps Assay from a Proposal by its page or by its base; empty where nobody does. A page that the provider
// does not know stops nothing.
func (p Proposed) Stopped(ctx context.Context, m *git.Mirror, provider gitprovider.Provider) (string, error) {
	pr, err := current(ctx, provider, p)
	if err != nil {
		return "", fmt.Errorf("look who stopped %s: %w", p.Branch, err)
	}
	if pr != nil && Stopped(pr) != "" {
		return Stopped(pr), nil
	}
	_, why, err := stoppedOn(ctx, m, p.Base)
	return why, err
}

// Say adds to a Proposal what became of it, once for each key; see [Say]. One that the provider does not know is left alone.
func (p Proposed) Say(ctx context.Context, provider gitprovider.Provider, key, text string) error {
	pr, err := current(ctx, provider, p)
	if err != nil || pr == nil {
		return err
	}
	return ignoreUnnoted(Say(ctx, provider, pr, key, text))
}
