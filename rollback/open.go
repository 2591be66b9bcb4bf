package rollback

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// Opened is a Proposal as people find it.
type Opened struct {
	// URL is empty where the provider has no pages.
	URL    string
	Number int64
	// Head is the commit that was planned, or one of another instance's that comes to the same. Merge goes by it.
	Head git.Hash
	// ByPeople says that people committed to the branch. It is left to them: Assay neither replaces nor merges it.
	ByPeople bool
	// New says that nothing was open before.
	New bool
}

// Open pushes the Plan's branch and opens its pull request, or takes up what is there: it looks for both by name before it makes them, so
// that after a crash at any point it goes on where it was. A branch that still holds an older plan of Assay's is replaced; one that people
// committed to is left as it is. Where the pull request is open already, for another environment say, the body is added to it, unless it
// holds the same claim.
//
// A *Refusal says that the same revert was merged or closed before, which is final, or that the stop label is on it. An error that wraps
// git.ErrStale says that somebody pushed at the same time: plan again.
//
// Servers have no compare-and-swap for texts: two instances of Assay may overwrite each other's. So the text is read again after it was
// written, until the claim stands in it.
func Open(ctx context.Context, m *git.Mirror, provider gitprovider.Provider, plan *Plan, body string) (Opened, error) {
	opened, err := open(ctx, m, provider, plan, body)
	var refusal *Refusal
	if err != nil && !errors.As(err, &refusal) {
		err = fmt.Errorf("propose %s in %s: %w", plan.Branch, plan.Repository, err)
	}
	return opened, err
}

func open(ctx context.Context, m *git.Mirror, provider gitprovider.Provider, plan *Plan, body string) (Opened, error) {
	known, err := provider.Find(ctx, plan.Branch, plan.Base)
	if err != nil {
		return Opened{}, err
	}
	if known != nil && known.State != gitprovider.Open {
		return Opened{}, proposedBefore(known)
	}
	if known != nil {
		if reason := Stopped(known); reason != "" {
			return Opened{}, later("stopped", reason)
		}
	}
	head, moved, byPeople, err := pushBranch(ctx, m, plan, known)
	if err != nil {
		return Opened{}, err
	}
	pr, err := provider.Open(ctx, gitprovider.NewPullRequest{Branch: plan.Branch, Base: plan.Base, Title: plan.Title, Body: body})
	if err != nil {
		return Opened{}, err
	}
	if err := share(ctx, provider, pr, body, moved); err != nil {
		return Opened{}, err
	}
	return Opened{URL: pr.URL, Number: pr.Number, Head: head, ByPeople: byPeople, New: known == nil}, nil
}

// attempts bounds how often a text is written that others write at the same time.
const attempts = 4

// share brings a claim, with its evidence, into the text of a pull request and makes sure that it stays there.
func share(ctx context.Context, provider gitprovider.Provider, pr *gitprovider.PullRequest, body string, anew bool) error {
	for left := attempts; ; left-- {
		together := addClaim(pr.Body, body, anew)
		if sameText(together, pr.Body) {
			return nil
		}
		if left == 0 {
			return fmt.Errorf("write the evidence into pull request %d: somebody else changes its text each time", pr.Number)
		}
		if err := provider.UpdateBody(ctx, pr.Number, together); err != nil {
			return err
		}
		var err error
		if pr, err = provider.Get(ctx, pr.Number); err != nil {
			return err
		}
		anew = false // what stands there now is new, or that of somebody who was faster
	}
}

// sameText compares texts as servers keep them: they may change line ends and trim.
func sameText(a, b string) bool {
	plain := func(text string) string { return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")) }
	return plain(a) == plain(b)
}

func proposedBefore(pr *gitprovider.PullRequest) *Refusal {
	at := pr.URL
	if at == "" {
		at = fmt.Sprintf("%.7s", pr.Head)
	}
	if pr.State == gitprovider.Merged {
		return &Refusal{Rule: "merged-before", Reason: "the same revert was merged before: " + at}
	}
	return &Refusal{Rule: "closed-before", Reason: "the same revert was proposed before and closed, which is final: " + at}
}

// pushBranch brings the branch to the Plan's head, or to one that comes to the same, unless people committed to it, or took it away from
// the pull request that is known. It tells whether an older plan of Assay's gave way.
func pushBranch(ctx context.Context, m *git.Mirror, plan *Plan, known *gitprovider.PullRequest) (head git.Hash, moved, byPeople bool, err error) {
	ref := "refs/heads/" + plan.Branch
	refs, err := m.Refs(ctx, ref)
	if err != nil {
		return git.Hash{}, false, false, err
	}
	at := refs[ref]
	switch {
	case at == plan.Head && known == nil && !plan.Insist:
		return git.Hash{}, false, false, PushedElsewhere(plan.Branch)
	case at == plan.Head:
		return at, false, false, nil
	case at.IsZero() && known != nil:
		return git.Hash{}, false, false, proposedBefore(known)
	case at.IsZero():
		return plan.Head, false, false, m.Push(ctx, git.RefUpdate{Ref: ref, New: plan.Head})
	}
	if err := m.Fetch(ctx, at); err != nil {
		return git.Hash{}, false, false, err
	}
	if own, err := madeByAssay(ctx, m.Repository(), at, plan); err != nil || !own {
		return plan.Head, false, !own, err
	}
	if known == nil && !plan.Insist {
		return git.Hash{}, false, false, PushedElsewhere(plan.Branch)
	}
	if same, err := comesToTheSame(ctx, m.Repository(), at, plan); err != nil || same {
		return at, false, false, err
	}
	return plan.Head, true, false, m.Push(ctx, git.RefUpdate{Ref: ref, Old: at, New: plan.Head})
}

// PushedElsewhere says that another instance of Assay is about to open the pull request. Two that do so at the same moment would open two.
func PushedElsewhere(branch string) *Refusal {
	return later("pushed-elsewhere", "another instance of Assay pushed "+branch+", and is waited for to open the pull request")
}

// comesToTheSame tells whether a branch of Assay's, pushed by another instance, holds what the Plan does, on the same base.
func comesToTheSame(ctx context.Context, o git.Objects, at git.Hash, plan *Plan) (bool, error) {
	theirs, err := o.Commit(ctx, at)
	if err != nil {
		return false, err
	}
	planned, err := o.Commit(ctx, plan.Head)
	if err != nil || theirs.Tree != planned.Tree {
		return false, err
	}
	fork, err := forkOf(ctx, o, Proposed{Head: at, Culprits: plan.Culprits})
	return err == nil && fork.Hash == plan.BaseHead, ignoreShallow(err)
}

// madeByAssay tells whether a branch holds nothing but commits of a Plan for the same culprits by the Plan's author, as an earlier Plan for
// an older base left them.
func madeByAssay(ctx context.Context, o git.Objects, at git.Hash, plan *Plan) (bool, error) {
	planned, err := o.Commit(ctx, plan.Head)
	if err != nil {
		return false, err
	}
	return madeBy(ctx, o, at, planned.Author, plan.Culprits, plan.BaseHead)
}

// Own tells whether the head of a Proposal's page is of Assay's making: another instance has built it anew. Else people committed to it.
func Own(ctx context.Context, m *git.Mirror, p Proposed, head git.Hash, author git.Signature) (bool, error) {
	own, err := own(ctx, m, p, head, author)
	if err != nil {
		return false, fmt.Errorf("look who made %s: %w", p.Branch, err)
	}
	return own, nil
}

func own(ctx context.Context, m *git.Mirror, p Proposed, head git.Hash, author git.Signature) (bool, error) {
	base, _, err := m.Refresh(ctx, p.Base)
	if err != nil {
		return false, err
	}
	if err := m.Fetch(ctx, head); errors.Is(err, git.ErrNoCommit) {
		return false, nil // it has moved on since
	} else if err != nil {
		return false, err
	}
	return madeBy(ctx, m.Repository(), head, author, p.Culprits, base)
}

// madeBy walks down a branch. How many commits of Assay's it holds depends on the base that it was planned on, so they end where that
// begins: at one that is none of them, and is on the base.
func madeBy(ctx context.Context, o git.Objects, at git.Hash, author git.Signature, culprits []git.Hash, base git.Hash) (bool, error) {
	same := func(a git.Signature) bool { return a.Name == author.Name && a.Email == author.Email }
	for made := 0; ; made++ {
		c, err := o.Commit(ctx, at)
		if made > 0 && errors.Is(err, git.ErrShallow) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		if !same(c.Author) || !same(c.Committer) || !isOwn(c, culprits) {
			if made == 0 {
				return false, nil
			}
			onBase, err := git.IsAncestor(ctx, o, at, base)
			return onBase || errors.Is(err, git.ErrShallow), ignoreShallow(err)
		}
		at = c.Parent()
	}
}

func ignoreShallow(err error) error {
	if errors.Is(err, git.ErrShallow) {
		return nil
	}
	return err
}

// isOwn tells whether a commit is one that a Plan for these culprits makes: the revert of one, or what holds automation for them.
func isOwn(c *git.Commit, culprits []git.Hash) bool {
	return revertsOnly(c, culprits) || isHold(c)
}

// isHold tells whether a commit holds automation for a revert.
func isHold(c *git.Commit) bool { return strings.Contains(c.Message, "\n"+holdsFor) }

// revertsOnly tells whether a commit says that it reverts some of these commits, and no other.
func revertsOnly(c *git.Commit, culprits []git.Hash) bool {
	ids := revertedBy(c)
	for _, id := range ids {
		if !slices.ContainsFunc(culprits, func(h git.Hash) bool { return h.String() == id }) {
			return false
		}
	}
	return len(ids) > 0
}

// Push moves the base itself to the Plan's head, for the mode without reviews. The error wraps git.ErrStale where the base has moved since
// it was planned: plan again. A push that went through before is no error.
func Push(ctx context.Context, m *git.Mirror, plan *Plan) error {
	err := m.Push(ctx, git.RefUpdate{Ref: "refs/heads/" + plan.Base, Old: plan.BaseHead, New: plan.Head})
	if errors.Is(err, git.ErrStale) {
		if on, landedErr := isOn(ctx, m, plan.Base, plan.BaseHead, plan.Head); landedErr == nil && on {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("push the revert of %s to %s of %s: %w", someHashes(plan.Culprits), plan.Base, plan.Repository, err)
	}
	return nil
}

// isOn tells whether the remote's branch holds a commit that was built on its commit from.
func isOn(ctx context.Context, m *git.Mirror, branch string, from, commit git.Hash) (bool, error) {
	head, _, err := m.Refresh(ctx, branch)
	if err != nil {
		return false, err
	}
	if err := m.History(ctx, branch, from, head); err != nil {
		return false, err
	}
	return git.IsAncestor(ctx, m.Repository(), commit, head)
}
