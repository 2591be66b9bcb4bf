package git

import (
	"context"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

// beyondEdge reports whether the commit h is missing because the repository is
// a shallow clone: a commit at its edge has h as a parent.
func (r *Repository) beyondEdge(ctx context.Context, h Hash) bool {
	// The file is read each time: a fetch may move the edge, and asking for a
	// missing commit is rare.
	edges, err := readShallow(r.common)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(edges, func(edge Hash) bool {
		c, err := decode(ctx, r, edge, plumbing.CommitObject, parseCommit, commitCost)
		return err == nil && slices.Contains(c.Parents, h)
	})
}
