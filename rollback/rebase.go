package rollback

import (
	"context"
	"errors"
	"fmt"

	"github.com/assay-dev/assay/rollback/revert/treemerge"
	"github.com/assay-dev/assay/sources/git"
)

// Standing is how an open Proposal stands to its base.
type Standing struct {
	// BaseHead is the newest commit of the base; Moved says that the Proposal was built on another one.
	BaseHead git.Hash
	Moved    bool
	// Conflicts says that the base cannot be merged with the Proposal by lines, as servers do it.
	Conflicts bool
	// Tree is what merging comes to; zero where it conflicts.
	Tree git.Hash
}

// Stands tells how a Proposal stands to its base as that is now.
func Stands(ctx context.Context, m *git.Mirror, p Proposed) (Standing, error) {
	standing, err := stands(ctx, m, p)
	if err != nil {
		return Standing{}, fmt.Errorf("compare %s with %s: %w", p.Branch, p.Base, err)
	}
	return standing, nil
}

func stands(ctx context.Context, m *git.Mirror, p Proposed) (Standing, error) {
	head, _, err := m.Refresh(ctx, p.Base)
	if err != nil {
		return Standing{}, err
	}
	if err := m.Fetch(ctx, p.Head); err != nil {
		return Standing{}, err
	}
	o := m.Repository()
	fork, err := forkOf(ctx, o, p)
	if err != nil {
		return Standing{}, err
	}
	tip, err := o.Commit(ctx, p.Head)
	if err != nil {
		return Standing{}, err
	}
	if fork.Hash == head {
		return Standing{BaseHead: head, Tree: tip.Tree}, nil
	}
	base, err := o.Commit(ctx, head)
	if err != nil {
		return Standing{}, err
	}
	merged, err := treemerge.Merge(ctx, o.Scratch(), fork.Tree, base.Tree, tip.Tree, treemerge.Options{Ours: p.Base, Theirs: p.Branch})
	if err != nil {
		return Standing{}, err
	}
	standing := Standing{BaseHead: head, Moved: true, Conflicts: len(merged.Conflicts) > 0}
	if !standing.Conflicts {
		standing.Tree = merged.Tree
	}
	return standing, nil
}

// ComesTo tells whether merging the Proposal comes to exactly what a newer Plan, for the base as it is now, would.
func (s Standing) ComesTo(ctx context.Context, m *git.Mirror, plan *Plan) (bool, error) {
	tip, err := m.Repository().Commit(ctx, plan.Head)
	if errors.Is(err, git.ErrNotFound) {
		return false, nil
	}
	return err == nil && !s.Conflicts && plan.BaseHead == s.BaseHead && tip.Tree == s.Tree, err
}
