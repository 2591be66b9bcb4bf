package rollback

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/assay-dev/assay/sources/git"
)

var (
	optOut = regexp.MustCompile(`(?im)^assay-rollback:\s*no\s*$`)
	// titles that git, forges and people give to reverts, and to reverts of those.
	revertTitle = regexp.MustCompile(`^(?i:(?:[a-z]+(?:\([^)]*\))?!?: )?(?:reverts?|reapply|re-?land|roll(?:ing)? ?back)\b)|^Merge .*[ /]revert-`)
	revertsLine = regexp.MustCompile(`(?m)^This reverts commit ([0-9a-f]{7,40})`)
)

// notOptedOut refuses commits whose message asks not to be reverted; for a merge, any commit that it brought.
func (p *planning) notOptedOut(ctx context.Context) (bool, string, error) {
	for _, culprit := range p.culprits {
		brought, err := p.brought(ctx, culprit)
		if err != nil {
			return false, "", err
		}
		for _, c := range brought {
			if optOut.MatchString(c.Message) {
				return false, fmt.Sprintf("the message of %s says %q: if it is to blame, revert it by hand", named(c), "Assay-Rollback: no"), nil
			}
		}
	}
	return true, "", nil
}

// notReverts refuses commits that revert others, and those that Assay made: a person wanted them, or merged them.
func (p *planning) notReverts(ctx context.Context) (bool, string, error) {
	for _, culprit := range p.culprits {
		brought, err := p.brought(ctx, culprit)
		if err != nil {
			return false, "", err
		}
		for _, c := range brought {
			if p.Author.Email != "" && c.Author.Email == p.Author.Email {
				return false, fmt.Sprintf("%s was made by Assay itself, which never undoes its own work: decide by hand what is to stay", named(c)), nil
			}
			if revertTitle.MatchString(c.Subject()) || slices.ContainsFunc(revertedBy(c), outside(brought)) {
				return false, fmt.Sprintf("%s is itself a revert, and only people revert those: decide by hand which of the two is to stay",
					named(c)), nil
			}
		}
	}
	return true, "", nil
}

// notRevertedYet refuses commits that a later one reverts: what is broken then is not undone by doing so again.
func (p *planning) notRevertedYet(context.Context) (bool, string, error) {
	for _, later := range p.since {
		for _, id := range revertedBy(later) {
			for _, culprit := range p.culprits {
				if strings.HasPrefix(culprit.Hash.String(), id) {
					return false, fmt.Sprintf("%s is reverted by %s: what fails now is judged once that is synced", named(culprit), named(later)), nil
				}
			}
		}
	}
	return true, "", nil
}

// brought lists the commits that came with one of the first-parent path: itself, and for a merge those it merged, be it by merges of their
// own.
func (p *planning) brought(ctx context.Context, c *git.Commit) ([]*git.Commit, error) {
	brought := []*git.Commit{c}
	known := map[git.Hash]bool{c.Hash: true}
	for i := 0; i < len(brought); i++ {
		for _, parent := range brought[i].Parents[min(1, len(brought[i].Parents)):] {
			base, err := git.MergeBase(ctx, p.objects, c.Parent(), parent)
			if err != nil && (errors.Is(err, git.ErrShallow) || !errors.Is(err, git.ErrNotFound)) {
				return nil, err // one without a common root is brought as a whole
			}
			merged, err := git.FirstParents(ctx, p.objects, base, parent)
			if err != nil {
				return nil, err
			}
			for _, m := range merged {
				if !known[m.Hash] {
					known[m.Hash] = true
					brought = append(brought, m)
				}
			}
		}
	}
	return brought, nil
}

// revertedBy lists the commits that a message says to revert.
func revertedBy(c *git.Commit) []string { return revertedIn(c.Message) }

func revertedIn(text string) (ids []string) {
	for _, match := range revertsLine.FindAllStringSubmatch(text, -1) {
		ids = append(ids, match[1])
	}
	return ids
}

// outside tells whether a commit id is of none of these commits. Work that was reverted within a pull request is nothing.
func outside(commits []*git.Commit) func(id string) bool {
	return func(id string) bool {
		return !slices.ContainsFunc(commits, func(c *git.Commit) bool { return strings.HasPrefix(c.Hash.String(), id) })
	}
}
