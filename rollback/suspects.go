package rollback

import (
	"context"
	"errors"
	"fmt"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
)

// Suspects finds the commits between two states of a branch that changed what a Target renders, oldest first. It walks the first-parent
// path, so that all commits of a merged pull request are one Suspect: the merge. Both sides of each commit are rendered, which costs
// next to nothing where the closure is untouched. Where a side cannot be built, a commit is a Suspect as soon as it changes a file that the
// build may read: what is not known never rules a commit out.
//
// The error is an *Untraceable where no commit of the path can answer for the change: from is gone or not in the history of to (the branch
// was rewritten), or it came into the path through a merge, so that the path's commits hold changes which were good already.
func Suspects(ctx context.Context, source Source, builder *render.Builder, build Build, branch string, from, to git.Hash) ([]Suspect, error) {
	commits, err := pathBetween(ctx, source, branch, from, to)
	if err != nil || len(commits) == 0 {
		return nil, err
	}
	r := renderer{objects: source.Repository(), builder: builder}
	good, err := r.objects.Commit(ctx, from)
	if err != nil {
		return nil, err
	}
	var suspects []Suspect
	tree := good.Tree
	for _, c := range commits {
		change, err := r.change(ctx, build, tree, c.Tree)
		if err != nil {
			return nil, fmt.Errorf("look for what %s changed: %w", c.Hash, err)
		}
		if !change.none() {
			suspects = append(suspects, Suspect{Commit: c, Why: change.why()})
		}
		tree = c.Tree
	}
	return suspects, nil
}

// pathBetween lists the first-parent path after from up to to, oldest first, fetching what is missing of it.
func pathBetween(ctx context.Context, source Source, branch string, from, to git.Hash) ([]*git.Commit, error) {
	if from == to {
		return nil, nil
	}
	err := source.History(ctx, branch, from, to)
	switch {
	case errors.Is(err, git.ErrNotAncestor):
		return nil, &Untraceable{fmt.Sprintf("%.7s is not in the history of %.7s: %s was rewritten, or went back", from, to, branch)}
	case errors.Is(err, git.ErrNoCommit), errors.Is(err, git.ErrNoBranch):
		return nil, &Untraceable{fmt.Sprintf("%s no longer has what lies between %.7s and %.7s: %v", branch, from, to, err)}
	case err != nil:
		return nil, err
	}
	commits, err := git.FirstParents(ctx, source.Repository(), from, to)
	if err != nil {
		return nil, err
	}
	if len(commits) == 0 || commits[0].Parent() != from {
		return nil, &Untraceable{fmt.Sprintf(
			"%.7s came into %s through a merge, not on its first-parent path, so no commit of the path can answer for what changed since", from, branch)}
	}
	return commits, nil
}
