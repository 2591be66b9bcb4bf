package git

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
)

// FirstParents lists the commits on the first-parent path to the commit to that
// are not already in the history of from, oldest first: what git rev-list
// --first-parent --reverse from..to lists. The zero Hash as from lists the whole
// path. If from is not an ancestor of to the error wraps [ErrNotAncestor]; if
// that cannot be known it wraps [ErrShallow].
func FirstParents(ctx context.Context, o Objects, from, to Hash) ([]*Commit, error) {
	path, err := firstParents(ctx, o, from, to)
	if err != nil {
		return nil, fmt.Errorf("list commits %s..%s: %w", from, to, err)
	}
	slices.Reverse(path)
	return path, nil
}

// firstParents returns the path newest first.
func firstParents(ctx context.Context, o Objects, from, to Hash) ([]*Commit, error) {
	start := &Commit{}
	if !from.IsZero() {
		var err error
		if start, err = o.Commit(ctx, from); err != nil {
			return nil, err
		}
	}
	var path []*Commit
	look := 0 // how long the path must be before it is worth a look, below
	for h := to; h != from; h = path[len(path)-1].Parents[0] {
		c, err := o.Commit(ctx, h)
		if err != nil {
			return nil, err
		}
		// Usually the path leads to from. It may also pass by, where from came
		// in by a merge. Dates only say when to look, for they may be wrong;
		// looking at ever longer distances keeps it cheap.
		if len(path) >= look && c.Committer.When.Before(start.Committer.When) {
			passed, err := passedBy(ctx, o, h, from, to)
			if err != nil {
				return nil, err
			}
			if passed {
				return outside(ctx, o, path, from)
			}
			look = 2 * len(path)
		}
		path = append(path, c)
		if len(c.Parents) > 0 {
			continue
		}
		if from.IsZero() {
			return path, nil
		}
		if err := requireAncestor(ctx, o, from, to); err != nil {
			return nil, err
		}
		return outside(ctx, o, path, from)
	}
	return path, nil
}

// passedBy reports whether h, on the way from the commit to, is already in the
// history of from.
func passedBy(ctx context.Context, o Objects, h, from, to Hash) (bool, error) {
	if err := requireAncestor(ctx, o, from, to); err != nil {
		return false, err
	}
	return IsAncestor(ctx, o, h, from)
}

func requireAncestor(ctx context.Context, o Objects, a, b Hash) error {
	ok, err := IsAncestor(ctx, o, a, b)
	if err == nil && !ok {
		err = fmt.Errorf("commit %s of %s: %w", a, b, ErrNotAncestor)
	}
	return err
}

// outside cuts a path, newest first, before the first commit that is in the
// history of from. All after it are in it too.
func outside(ctx context.Context, o Objects, path []*Commit, from Hash) ([]*Commit, error) {
	var failed error
	n := sort.Search(len(path), func(i int) bool {
		inside, err := IsAncestor(ctx, o, path[i].Hash, from)
		failed = errors.Join(failed, err)
		return inside
	})
	return path[:n], failed
}

// IsAncestor reports whether the commit a is in the history of b; a commit is in
// its own. If the history is cut off before that is known, the error wraps
// [ErrShallow].
func IsAncestor(ctx context.Context, o Objects, a, b Hash) (bool, error) {
	p := newPainter(ctx, o)
	reached := func() bool { return p.colourOf(a)&fromB != 0 }
	err := p.both(a, b, reached)
	if err == nil && !reached() {
		err = p.unknown(fromB)
	}
	if err != nil {
		return false, fmt.Errorf("is %s an ancestor of %s: %w", a, b, err)
	}
	return reached(), nil
}

// MergeBase returns a best common ancestor of two commits: one that no other
// common ancestor descends from. Where there are several it is the newest, and
// the least Hash among those of one second. With none in common the error wraps
// [ErrNotFound]; with history cut off, [ErrShallow].
func MergeBase(ctx context.Context, o Objects, a, b Hash) (Hash, error) {
	base, err := mergeBase(ctx, o, a, b)
	if err != nil {
		return Hash{}, fmt.Errorf("merge base of %s and %s: %w", a, b, err)
	}
	return base, nil
}

func mergeBase(ctx context.Context, o Objects, a, b Hash) (Hash, error) {
	p := newPainter(ctx, o)
	if err := p.both(a, b, never); err != nil {
		return Hash{}, err
	}
	if err := cmp.Or(p.unknown(fromA), p.unknown(fromB)); err != nil {
		return Hash{}, err
	}
	sort.Sort(p.common)
	for i, candidate := range p.common {
		best, err := isBest(ctx, o, p.common, i)
		if err != nil {
			return Hash{}, err
		}
		if best {
			return candidate.commit.Hash, nil
		}
	}
	return Hash{}, fmt.Errorf("no history in common: %w", ErrNotFound)
}

// isBest reports whether no other of the common ancestors descends from the i-th.
// Only dates that run backwards make it a question.
func isBest(ctx context.Context, o Objects, common []*painted, i int) (bool, error) {
	for j, other := range common {
		if i == j {
			continue
		}
		below, err := IsAncestor(ctx, o, common[i].commit.Hash, other.commit.Hash)
		if err != nil || below {
			return false, err
		}
	}
	return true, nil
}
