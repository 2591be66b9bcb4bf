package rollback

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// Proposed is a Proposal as its maker remembers it.
type Proposed struct {
	Branch, Base string
	Number       int64
	// Head is the last revert commit.
	Head     git.Hash
	Culprits []git.Hash
	PatchIDs []string
	// Joined says that it is a pull request of people's, which Assay follows and never writes to but in comments. Head is where it was when it
	// was joined.
	Joined bool
	// Proven is a newer commit of Base for which a newer Plan came to what merging Head makes of it; zero where there is none.
	Proven git.Hash
}

// State is where a Proposal has got to.
type State struct {
	State gitprovider.State
	// Commit of the base's first-parent path that brought the revert, when Merged.
	Commit git.Hash
	// Reason says how that is known, or who closed it.
	Reason string
	// Page is the pull request while that is open, which it may be after the revert has landed in another way.
	Page *gitprovider.PullRequest
}

// Status tells what became of a Proposal. The base decides, not the page: a revert that came to the base in any way is Merged, be it by a
// merge, a rebase, a squash that dropped branch and text, or by hand. One that the page calls merged, but that the base does not hold, is
// not: it stays Open, with the reason, until either changes.
func Status(ctx context.Context, m *git.Mirror, provider gitprovider.Provider, p Proposed) (State, error) {
	state, err := status(ctx, m, provider, p)
	if err != nil {
		return State{}, fmt.Errorf("follow %s into %s: %w", p.Branch, p.Base, err)
	}
	return state, nil
}

func status(ctx context.Context, m *git.Mirror, provider gitprovider.Provider, p Proposed) (State, error) {
	pr, err := current(ctx, provider, p)
	if err != nil {
		return State{}, err
	}
	landed, reason, err := land(ctx, m, p)
	switch {
	case err != nil:
		return State{}, err
	case !landed.IsZero():
		state := State{State: gitprovider.Merged, Commit: landed, Reason: reason}
		if pr != nil && pr.State == gitprovider.Open {
			state.Page = pr
		}
		return state, nil
	case pr == nil:
		return State{State: gitprovider.Closed, Reason: fmt.Sprintf("%s no longer knows the proposal", provider.Name())}, nil
	case pr.State == gitprovider.Merged:
		return mergedOnPage(ctx, m, p, pr)
	case pr.State == gitprovider.Closed:
		return State{State: gitprovider.Closed, Reason: "closed without being merged" + by(pr)}, nil
	}
	return State{State: gitprovider.Open, Page: pr}, nil
}

// current is the pull request of a Proposal: the one that is remembered, or, where that is not open, one that is open for the same branch,
// since two instances of Assay, or a person, may have opened another. It is nil where the provider knows none. One that was joined is
// remembered only.
func current(ctx context.Context, provider gitprovider.Provider, p Proposed) (*gitprovider.PullRequest, error) {
	pr, err := provider.Get(ctx, p.Number)
	if err != nil && !errors.Is(err, gitprovider.ErrNotFound) {
		return nil, err
	}
	if p.Joined || pr != nil && pr.State == gitprovider.Open {
		return pr, nil
	}
	other, err := provider.Find(ctx, p.Branch, p.Base)
	if err != nil {
		return nil, err
	}
	if pr == nil || other != nil && other.State == gitprovider.Open {
		return other, nil
	}
	return pr, nil
}

// mergedOnPage checks what a page says about a merge that brought something else than was proposed, as people edit it: the base must hold
// it.
func mergedOnPage(ctx context.Context, m *git.Mirror, p Proposed, pr *gitprovider.PullRequest) (State, error) {
	if pr.Base != p.Base {
		return State{State: gitprovider.Closed, Reason: fmt.Sprintf("merged%s into %s, not into %s", by(pr), pr.Base, p.Base)}, nil
	}
	missing := State{State: gitprovider.Open, Page: pr, Reason: fmt.Sprintf("the page says that it was merged%s, but %s does not hold it",
		by(pr), p.Base)}
	if pr.MergeCommit.IsZero() {
		return missing, nil
	}
	head, _, err := m.Refresh(ctx, p.Base)
	if err != nil {
		return State{}, err
	}
	var untraceable *Untraceable
	if _, err := pathBetween(ctx, m, p.Base, pr.MergeCommit, head); errors.As(err, &untraceable) {
		return missing, nil
	} else if err != nil {
		return State{}, err
	}
	return State{State: gitprovider.Merged, Commit: pr.MergeCommit, Reason: "merged" + by(pr)}, nil
}

func by(pr *gitprovider.PullRequest) string {
	if pr.By == "" {
		return ""
	}
	return " by " + pr.By
}

// land finds the commit of the base's first-parent path that brought the revert; zero if there is none.
func land(ctx context.Context, m *git.Mirror, p Proposed) (git.Hash, string, error) {
	head, _, err := m.Refresh(ctx, p.Base)
	if err != nil {
		return git.Hash{}, "", err
	}
	if err := m.Fetch(ctx, p.Head); errors.Is(err, git.ErrNoCommit) {
		return git.Hash{}, "", nil // the branch is deleted, and nothing else holds the commit
	} else if err != nil {
		return git.Hash{}, "", err
	}
	if p.Joined {
		return landJoined(ctx, m, p, head)
	}
	fork, err := forkOf(ctx, m.Repository(), p)
	if err != nil {
		return git.Hash{}, "", err
	}
	return landSince(ctx, m, p, fork, head)
}

// landSince looks among the commits after fork for the one that brought the revert.
func landSince(ctx context.Context, m *git.Mirror, p Proposed, fork *git.Commit, head git.Hash) (git.Hash, string, error) {
	since, err := pathBetween(ctx, m, p.Base, fork.Hash, head)
	var untraceable *Untraceable
	if errors.As(err, &untraceable) {
		return git.Hash{}, "", nil // the base was rewritten; what the page says is all there is
	}
	if err != nil {
		return git.Hash{}, "", err
	}
	for _, c := range since {
		reason, err := brings(ctx, m, p, fork, c)
		if err != nil || reason != "" {
			return c.Hash, reason, err
		}
	}
	return git.Hash{}, "", nil
}

// landJoined is land for a branch of people's, which may begin anywhere: what it brings is what it has more than the base.
func landJoined(ctx context.Context, m *git.Mirror, p Proposed, head git.Hash) (git.Hash, string, error) {
	fork, err := git.MergeBase(ctx, m.Repository(), head, p.Head)
	if errors.Is(err, git.ErrShallow) || errors.Is(err, git.ErrNotFound) {
		return git.Hash{}, "", nil // what the page says is all there is
	}
	if err != nil {
		return git.Hash{}, "", err
	}
	if fork != p.Head {
		at, err := m.Repository().Commit(ctx, fork)
		if err != nil {
			return git.Hash{}, "", err
		}
		return landSince(ctx, m, p, at, head)
	}
	since, err := git.FirstParents(ctx, m.Repository(), p.Head, head)
	if err != nil || len(since) == 0 || since[0].Parent() == p.Head {
		return p.Head, "its commits are on " + p.Base, err
	}
	return since[0].Hash, fmt.Sprintf("merged by %s", named(since[0])), nil
}

// forkOf is the commit of the base that the revert was built on.
func forkOf(ctx context.Context, o git.Objects, p Proposed) (*git.Commit, error) {
	at, err := o.Commit(ctx, p.Head)
	for err == nil && isOwn(at, p.Culprits) && !at.Parent().IsZero() {
		at, err = o.Commit(ctx, at.Parent())
	}
	return at, err
}

// brings tells how a commit of the base brought the revert; empty if it did not.
func brings(ctx context.Context, m *git.Mirror, p Proposed, fork, c *git.Commit) (string, error) {
	repository := m.Repository()
	if c.Hash == p.Head {
		return "its commits are on " + p.Base, nil
	}
	if len(c.Parents) > 1 {
		for _, parent := range c.Parents[1:] {
			if merged, err := git.IsAncestor(ctx, repository, p.Head, parent); err != nil || merged {
				return fmt.Sprintf("merged by %s", named(c)), err
			}
		}
		return "", nil
	}
	tip, err := repository.Commit(ctx, p.Head)
	for err == nil {
		reason, bringsErr := bringsTree(ctx, repository, p, fork, tip, c)
		if bringsErr != nil || reason != "" || !isHold(tip) {
			return reason, bringsErr
		}
		tip, err = repository.Commit(ctx, tip.Parent()) // people may take the revert without the hold
	}
	return "", err
}

// bringsTree tells how a commit of the base brought what tip makes of fork, though not by its history; empty if it did not.
func bringsTree(ctx context.Context, repository *git.Repository, p Proposed, fork, tip, c *git.Commit) (string, error) {
	if fork.Tree == tip.Tree {
		return "", nil // what changes nothing is brought by nobody
	}
	wanted, err := squashID(ctx, repository, fork, tip)
	if err != nil {
		return "", err
	}
	got, err := git.ExactPatchID(ctx, repository, c.Hash)
	if err != nil {
		return "", err
	}
	if got == wanted {
		return fmt.Sprintf("%s makes the same change", named(c)), nil
	}
	if !namesAll(c, p.Culprits) {
		return "", nil
	}
	same, err := sameOutcome(ctx, repository, fork.Tree, tip.Tree, c.Tree)
	if err != nil || !same {
		return "", err
	}
	return fmt.Sprintf("%s reverts the same to the same", named(c)), nil
}

// squashID names the change from one commit to another, as one commit would make it.
func squashID(ctx context.Context, repository *git.Repository, from, to *git.Commit) (string, error) {
	scratch := repository.Scratch()
	squash, err := scratch.WriteCommit(git.NewCommit{Tree: to.Tree, Parents: []git.Hash{from.Hash}})
	if err != nil {
		return "", err
	}
	return git.ExactPatchID(ctx, scratch, squash)
}

// namesAll tells whether a commit says that it reverts all culprits.
func namesAll(c *git.Commit, culprits []git.Hash) bool {
	ids := revertedBy(c)
	for _, culprit := range culprits {
		if !slices.Contains(ids, culprit.String()) {
			return false
		}
	}
	return len(culprits) > 0
}

// sameOutcome tells whether a tree has, in every path that differs from fork to tip, what tip has.
func sameOutcome(ctx context.Context, o git.Objects, fork, tip, tree git.Hash) (bool, error) {
	changes, err := git.Diff(ctx, o, fork, tip)
	if err != nil {
		return false, err
	}
	differ, err := git.Diff(ctx, o, tip, tree)
	if err != nil {
		return false, err
	}
	left := map[string]bool{}
	for _, c := range differ {
		left[c.Path] = true
	}
	return !slices.ContainsFunc(changes, func(c git.Change) bool { return left[c.Path] }), nil
}
