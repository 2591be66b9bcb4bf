package rollback

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// mayRevert finds what people write into titles and texts of reverts.
var mayRevert = regexp.MustCompile(`(?i)\brevert|\broll(?:ing)? ?back|\bundo|\breset\b`)

// examined is how many of the newest pull requests are looked into whose text says nothing of a revert.
const examined = 10

// FindRevert looks for an open pull request of people's that reverts one of a Proposal's culprits: its text or a commit says so, or it
// makes the change that the Proposal makes. Those of Assay's are no people's. It is nil where there is none; a branch that cannot be read
// says nothing.
func FindRevert(ctx context.Context, m *git.Mirror, provider gitprovider.Provider, p Proposed) (*gitprovider.PullRequest, error) {
	open, err := provider.ListOpen(ctx, p.Base)
	if err != nil {
		return nil, fmt.Errorf("look for a revert of %s that people opened: %w", someHashes(p.Culprits), err)
	}
	for i, pr := range open {
		if pr.Number == p.Number && p.Number != 0 || pr.Head == p.Head || claimLine.MatchString(pr.Body) {
			continue
		}
		if reverts(pr.Title+"\n"+pr.Body, p.Culprits) {
			return &pr, nil
		}
		if i >= examined && !mayRevert.MatchString(pr.Title+" "+pr.Body) {
			continue
		}
		found, err := branchReverts(ctx, m, p, pr.Head)
		if err != nil {
			return nil, fmt.Errorf("look whether pull request %d reverts %s: %w", pr.Number, someHashes(p.Culprits), err)
		}
		if found {
			return &pr, nil
		}
	}
	return nil, nil
}

// reverts tells whether a text says that it reverts one of some commits.
func reverts(text string, culprits []git.Hash) bool {
	return slices.ContainsFunc(revertedIn(text), func(id string) bool {
		return slices.ContainsFunc(culprits, func(c git.Hash) bool { return strings.HasPrefix(c.String(), id) })
	})
}

// branchReverts tells whether what a branch has more than the base reverts a culprit.
func branchReverts(ctx context.Context, m *git.Mirror, p Proposed, head git.Hash) (bool, error) {
	base, _, err := m.Refresh(ctx, p.Base)
	if err != nil {
		return false, err
	}
	if err := m.Fetch(ctx, head); errors.Is(err, git.ErrNoCommit) {
		return false, nil // it lies in somebody else's repository
	} else if err != nil {
		return false, err
	}
	o := m.Repository()
	forkHash, err := git.MergeBase(ctx, o, base, head)
	if errors.Is(err, git.ErrShallow) || errors.Is(err, git.ErrNotFound) {
		return false, nil
	}
	if err != nil || forkHash == head {
		return false, err
	}
	commits, err := git.FirstParents(ctx, o, forkHash, head)
	if err != nil {
		return false, ignoreShallow(err)
	}
	for _, c := range commits {
		if reverts(c.Message, p.Culprits) {
			return true, nil
		}
	}
	return sameRevert(ctx, o, p, forkHash, head)
}

// sameRevert tells whether two branches make the same change, whatever they say of it.
func sameRevert(ctx context.Context, o *git.Repository, p Proposed, forkHash, head git.Hash) (bool, error) {
	if p.Head.IsZero() {
		return false, nil
	}
	ownFork, err := forkOf(ctx, o, p)
	if errors.Is(err, git.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var ids []string
	for _, pair := range [][2]git.Hash{{ownFork.Hash, p.Head}, {forkHash, head}} {
		from, err := o.Commit(ctx, pair[0])
		if err != nil {
			return false, err
		}
		to, err := o.Commit(ctx, pair[1])
		if err != nil {
			return false, err
		}
		id, err := squashID(ctx, o, from, to)
		if err != nil {
			return false, err
		}
		ids = append(ids, id)
	}
	return ids[0] == ids[1], nil
}

// Join tells people who opened a revert themselves what Assay knows: it adds the body of the Proposal that it would have opened as a
// comment, once for each claim. It changes nothing else of theirs but for an unseen note of that in the text.
func Join(ctx context.Context, provider gitprovider.Provider, pr *gitprovider.PullRequest, culprits []git.Hash, body string) error {
	own, err := claims(body)
	if err != nil || len(own) != 1 {
		return fmt.Errorf("join pull request %d: the evidence has no claim", pr.Number)
	}
	text := fmt.Sprintf("Assay found the same to blame (%s), and leaves the revert to you.\n\nThis is what it would have proposed:\n\n%s",
		allHashes(culprits), strings.TrimSpace(claimLine.ReplaceAllString(body, "")))
	return Say(ctx, provider, pr, "joined "+own[0].Environment+" "+own[0].Gate+" "+own[0].Incident, text)
}

func allHashes(hashes []git.Hash) string {
	var names []string
	for _, h := range hashes {
		names = append(names, h.String())
	}
	return strings.Join(names, ", ")
}

// Say comments on a pull request, once for each key: a note of it stands in the text, unseen on the page. After a crash between the two it
// is said again. Where the text may not be edited, the caller remembers for itself: the error wraps [ErrUnnoted] then.
func Say(ctx context.Context, provider gitprovider.Provider, pr *gitprovider.PullRequest, key, text string) error {
	now, err := provider.Get(ctx, pr.Number)
	if err != nil {
		return fmt.Errorf("comment on pull request %d: %w", pr.Number, err)
	}
	if strings.Contains(now.Body, note(key)) {
		return nil
	}
	if err := provider.Comment(ctx, pr.Number, text); err != nil {
		return fmt.Errorf("comment on pull request %d: %w", pr.Number, err)
	}
	if now, err = provider.Get(ctx, pr.Number); err == nil { // others may have written meanwhile
		err = provider.UpdateBody(ctx, pr.Number, strings.TrimRight(now.Body, "\n")+"\n"+note(key))
	}
	if err != nil {
		return fmt.Errorf("%w: pull request %d: %w", ErrUnnoted, pr.Number, err)
	}
	return nil
}

// ErrUnnoted says that something was said, though no note of it could be left.
var ErrUnnoted = errors.New("the comment is there, but that could not be noted in the text")
