package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
)

// readShallow returns the commits of a repository folder whose parents are cut
// off.
func readShallow(dir string) ([]Hash, error) {
	data, err := os.ReadFile(filepath.Join(dir, "shallow"))
	if err != nil {
		return nil, ignoreAbsent(err)
	}
	var edge []Hash
	for _, line := range strings.Fields(string(data)) {
		h, err := ParseHash(line)
		if err != nil {
			return nil, fmt.Errorf("shallow: %w: %w", ErrCorrupt, err)
		}
		edge = append(edge, h)
	}
	return edge, nil
}

// beyondEdge reports whether the commit h is missing because the repository is
// a shallow clone: a commit at its edge has h as a parent.
func (r *Repository) beyondEdge(ctx context.Context, h Hash) bool {
	// The edge is read each time: a fetch may move it, and asking for a missing
	// commit is rare.
	edges, err := r.store.edge()
	if err != nil {
		return false
	}
	return slices.ContainsFunc(edges, func(edge Hash) bool {
		c, err := decode(ctx, r, edge, plumbing.CommitObject, parseCommit, commitCost)
		return err == nil && slices.Contains(c.Parents, h)
	})
}

// updateShallow records where history is cut after a fetch. A server counts
// depth from what was asked for, and so would cut off older history that is
// here already: a commit is an edge only if a parent really is missing.
func (p *packs) updateShallow(ctx context.Context, update packp.ShallowUpdate) error {
	before, err := p.repo.store.edge()
	if err != nil {
		return err
	}
	edge := map[Hash]bool{}
	for _, h := range append(before, update.Shallows...) {
		if cut, err := p.cutOff(ctx, h); err != nil {
			return err
		} else if cut {
			edge[h] = true
		}
	}
	for _, h := range update.Unshallows {
		delete(edge, h)
	}
	return p.writeShallow(edge)
}

// cutOff reports whether a parent of h is missing.
func (p *packs) cutOff(ctx context.Context, h Hash) (bool, error) {
	commit, err := p.repo.Commit(ctx, h)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, parent := range commit.Parents {
		if !p.repo.present(parent) {
			return true, nil
		}
	}
	return false, nil
}

func (p *packs) writeShallow(edge map[Hash]bool) error {
	path := filepath.Join(p.dir, "shallow")
	if len(edge) == 0 {
		return ignoreAbsent(os.Remove(path))
	}
	var lines strings.Builder
	for _, h := range sortedHashes(edge) {
		fmt.Fprintln(&lines, h)
	}
	return replaceFile(path, lines.String())
}
