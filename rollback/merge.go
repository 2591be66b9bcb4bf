package rollback

import (
	"context"
	"fmt"
	"slices"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// StopLabel on a pull request keeps Assay from merging it.
const StopLabel = "assay/stop"

// Merge merges a Proposal into its base, if nothing changed since it was planned and nobody objects. A *Refusal says what stands in the way:
//
//	retargeted     people made the pull request one for another base
//	stopped        the stop label is on the pull request, or .assay/stop on the base
//	claims         an environment that shares the Proposal leaves it to a person, or the text that says so cannot be read
//
// The error wraps git.ErrStale where the base has moved, since the proof is about the base as it was: plan again, Open replaces the branch.
// It is gitprovider.ErrHeadMoved where people committed to the branch, gitprovider.ErrBlocked while checks or reviews are missing. The provider
// merges at the expected head only; whether the base moves in the moment between the look and the merge, no provider compares.
func Merge(ctx context.Context, m *git.Mirror, provider gitprovider.Provider, p Proposed) error {
	pr, err := current(ctx, provider, p)
	if err == nil && pr == nil {
		err = fmt.Errorf("%w: %s knows no pull request for it", gitprovider.ErrNotFound, provider.Name())
	}
	if err != nil {
		return fmt.Errorf("merge %s into %s: %w", p.Branch, p.Base, err)
	}
	p.Number = pr.Number
	if pr.State == gitprovider.Merged {
		return nil
	}
	if pr.Base != p.Base {
		return &Refusal{Rule: "retargeted", Reason: fmt.Sprintf("the pull request is for %s by now, not for %s: it is left to people", pr.Base, p.Base), Later: true}
	}
	if slices.Contains(pr.Labels, StopLabel) {
		return &Refusal{Rule: "stopped", Reason: "the label " + StopLabel + " is on the pull request: remove it to let Assay go on", Later: true}
	}
	if reason := claimsAgainst(pr.Body); reason != "" {
		return &Refusal{Rule: "claims", Reason: reason, Later: true}
	}
	if err := mergeOnto(ctx, m, provider, p); err != nil {
		return fmt.Errorf("merge %s into %s: %w", p.Branch, p.Base, err)
	}
	return nil
}

// mergeOnto merges if the base is where the revert was built and says nothing against it.
func mergeOnto(ctx context.Context, m *git.Mirror, provider gitprovider.Provider, p Proposed) error {
	head, _, err := m.Refresh(ctx, p.Base)
	if err != nil {
		return err
	}
	base, err := m.Repository().Commit(ctx, head)
	if err != nil {
		return err
	}
	stopped, err := stopped(ctx, m.Repository(), base.Tree)
	if err != nil {
		return err
	}
	if stopped {
		return &Refusal{Rule: "stopped", Reason: fmt.Sprintf("%s lies on %s: remove it to let Assay go on", stopFile, p.Base), Later: true}
	}
	if err := m.Fetch(ctx, p.Head); err != nil {
		return err
	}
	fork, err := forkOf(ctx, m.Repository(), p)
	if err != nil {
		return err
	}
	if fork.Hash != head {
		return &git.StaleError{Ref: "refs/heads/" + p.Base, Expected: fork.Hash, Actual: head}
	}
	return provider.Merge(ctx, p.Number, p.Head)
}

// Withdraw closes a Proposal that is no longer needed, and says why where people see it. One that is not open is left alone.
func Withdraw(ctx context.Context, m *git.Mirror, provider gitprovider.Provider, p Proposed, why string) error {
	state, err := Status(ctx, m, provider, p)
	if err != nil || state.State != gitprovider.Open {
		return err
	}
	pr, err := current(ctx, provider, p)
	if err != nil || pr == nil || pr.State != gitprovider.Open {
		return err
	}
	if err := provider.Comment(ctx, pr.Number, "Assay withdraws this proposal: "+why); err != nil {
		return fmt.Errorf("withdraw %s: %w", p.Branch, err)
	}
	if err := provider.Close(ctx, pr.Number); err != nil {
		return fmt.Errorf("withdraw %s: %w", p.Branch, err)
	}
	return nil
}
