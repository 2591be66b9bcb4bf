package rollback

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// StopLabel on a pull request keeps Assay from merging it.
const StopLabel = "assay/stop"

// Merge merges a Proposal into its base, if nothing changed since it was planned and nobody objects. A *Refusal says what stands in the
// way:
//
//	joined          it is a pull request of people's
//	retargeted      people made the pull request one for another base
//	stopped         the stop label is on the pull request, or .assay/stop on the base
//	claims          an environment that shares the Proposal leaves it to a person, or the text that says so cannot be read
//	checks-pending  the checks that the base requires have not ended
//	checks-failed   one of them failed, which leaves the merge to a person
//
// The error wraps git.ErrStale where the base has moved, since the proof is about the base as it was: plan again, Open replaces the branch.
// It is gitprovider.ErrHeadMoved where people committed to the branch, gitprovider.ErrBlocked while reviews are missing. The
// provider merges at the expected head only; whether the base moves in the moment between the look and the merge, no provider compares.
func Merge(ctx context.Context, m *git.Mirror, provider gitprovider.Provider, p Proposed) error {
	pr, err := mergeable(ctx, m, provider, p)
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		return err
	case err == nil && pr.State == gitprovider.Merged:
		return nil
	case err == nil:
		err = provider.Merge(ctx, pr.Number, p.Head)
	}
	if err != nil {
		return fmt.Errorf("merge %s into %s: %w", p.Branch, p.Base, err)
	}
	return nil
}

// Obstacle says what keeps Merge from merging now; it is nil where nothing does. It changes nothing, and looks at everything that Merge
// looks at, but for whether the base has moved.
func Obstacle(ctx context.Context, m *git.Mirror, provider gitprovider.Provider, p Proposed) (*Refusal, error) {
	_, err := mergeable(ctx, m, provider, p)
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		return refusal, nil
	case err == nil, errors.Is(err, git.ErrStale):
		return nil, nil
	case errors.Is(err, gitprovider.ErrHeadMoved):
		return later("head-moved", "people committed to the branch, which leaves it to them: "+err.Error()), nil
	}
	return nil, fmt.Errorf("ask what keeps %s from being merged: %w", p.Branch, err)
}

// mergeable returns the pull request of a Proposal if nothing stands against merging it, or if it is merged already.
func mergeable(ctx context.Context, m *git.Mirror, provider gitprovider.Provider, p Proposed) (*gitprovider.PullRequest, error) {
	if p.Joined {
		return nil, later("joined", "people opened this revert, and people merge it")
	}
	pr, err := current(ctx, provider, p)
	if err == nil && pr == nil {
		err = fmt.Errorf("%w: %s knows no pull request for it", gitprovider.ErrNotFound, provider.Name())
	}
	if err != nil || pr.State == gitprovider.Merged {
		return pr, err
	}
	if reason := Stopped(pr); reason != "" {
		return nil, later("stopped", reason)
	}
	switch reason := claimsAgainst(pr.Body); {
	case pr.Base != p.Base:
		return nil, later("retargeted", fmt.Sprintf("the pull request is for %s by now, not for %s: it is left to people", pr.Base, p.Base))
	case reason != "":
		return nil, later("claims", reason)
	case !pr.Head.IsZero() && pr.Head != p.Head:
		return nil, fmt.Errorf("%w from %.7s to %.7s", gitprovider.ErrHeadMoved, p.Head, pr.Head)
	}
	staleErr := baseAllows(ctx, m, p)
	if staleErr != nil && !errors.Is(staleErr, git.ErrStale) {
		return nil, staleErr
	}
	checks, err := provider.Checks(ctx, pr.Number, p.Head)
	if err != nil {
		return nil, err
	}
	switch checks.State {
	case gitprovider.ChecksPassing:
		return pr, staleErr
	case gitprovider.ChecksPending:
		return nil, later("checks-pending", "the required checks have not ended: "+checks.Reason)
	case gitprovider.ChecksFailing:
		return nil, later("checks-failed", "a required check failed, which leaves the merge to a person: "+checks.Reason)
	}
	return nil, later("checks-pending", fmt.Sprintf("%s says of the required checks what is not understood: %q",
		provider.Name(), checks.State))
}

func later(rule, reason string) *Refusal { return &Refusal{Rule: rule, Reason: reason, Later: true} }

// Stopped says who keeps Assay from a pull request; empty where nobody does.
func Stopped(pr *gitprovider.PullRequest) string {
	if slices.Contains(pr.Labels, StopLabel) {
		return "the label " + StopLabel + " is on the pull request: remove it to let Assay go on"
	}
	return ""
}

// baseAllows refuses while the base says that Assay is to stop. Its error wraps git.ErrStale where it is not what the revert was proven on.
func baseAllows(ctx context.Context, m *git.Mirror, p Proposed) error {
	head, why, err := stoppedOn(ctx, m, p.Base)
	if err != nil {
		return err
	}
	if why != "" {
		return later("stopped", why)
	}
	if err := m.Fetch(ctx, p.Head); err != nil {
		return err
	}
	fork, err := forkOf(ctx, m.Repository(), p)
	if err != nil {
		return err
	}
	if head != fork.Hash && head != p.Proven {
		return &git.StaleError{Ref: "refs/heads/" + p.Base, Expected: fork.Hash, Actual: head}
	}
	return nil
}
