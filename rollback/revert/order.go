package revert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/assay-dev/assay/sources/git"
)

// newestFirst reads the culprits and sorts them so that none comes before one that builds on it. On the first-parent
// path to onto, the order is that of the path; a culprit that came in by a merge comes after those that build on it, and
// among unrelated ones the later commit date comes first, then the greater hash. Named twice counts once.
func newestFirst(ctx context.Context, o git.Objects, onto git.Hash, culprits []git.Hash) ([]*git.Commit, error) {
	var commits []*git.Commit
	seen := map[git.Hash]bool{}
	for _, h := range culprits {
		if seen[h] {
			continue
		}
		seen[h] = true
		c, err := o.Commit(ctx, h)
		if err != nil {
			return nil, fmt.Errorf("read culprit %s: %w", h, err)
		}
		commits = append(commits, c)
	}
	slices.SortFunc(commits, func(a, b *git.Commit) int {
		return cmp.Or(b.Committer.When.Compare(a.Committer.When), cmp.Compare(b.Hash.String(), a.Hash.String()))
	})
	if len(commits) < 2 {
		return commits, nil
	}
	if onPath, all, err := alongFirstParents(ctx, o, onto, commits); err != nil || all {
		return onPath, err
	}
	return byAncestry(ctx, o, commits)
}

// alongFirstParents orders commits as they are met from onto; all says that each of them was.
func alongFirstParents(ctx context.Context, o git.Objects, onto git.Hash, commits []*git.Commit) (met []*git.Commit, all bool, err error) {
	for at := onto; !at.IsZero() && len(met) < len(commits); {
		c, err := o.Commit(ctx, at)
		if errors.Is(err, git.ErrShallow) {
			break
		}
		if err != nil {
			return nil, false, fmt.Errorf("walk the history of %s: %w", onto, err)
		}
		if slices.ContainsFunc(commits, func(wanted *git.Commit) bool { return wanted.Hash == at }) {
			met = append(met, c)
		}
		at = c.Parent()
	}
	return met, len(met) == len(commits), nil
}

// byAncestry moves each commit behind those that build on it. What lies beyond the edge of a shallow clone counts as
// unrelated.
func byAncestry(ctx context.Context, o git.Objects, commits []*git.Commit) ([]*git.Commit, error) {
	var ordered []*git.Commit
	for len(commits) > 0 {
		next, err := firstWithoutDescendant(ctx, o, commits)
		if err != nil {
			return nil, err
		}
		ordered = append(ordered, commits[next])
		commits = slices.Delete(commits, next, next+1)
	}
	return ordered, nil
}

func firstWithoutDescendant(ctx context.Context, o git.Objects, commits []*git.Commit) (int, error) {
	for i, c := range commits {
		builtOn := false
		for _, other := range commits {
			if other == c {
				continue
			}
			related, err := git.IsAncestor(ctx, o, c.Hash, other.Hash)
			if err != nil && !errors.Is(err, git.ErrShallow) {
				return 0, fmt.Errorf("order the culprits: %w", err)
			}
			builtOn = builtOn || related
		}
		if !builtOn {
			return i, nil
		}
	}
	return 0, nil // a commit does not descend from itself, so this is not reached
}
