package git

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"maps"
	"slices"
)

// span is a part of history: what some commits have in theirs and others not.
type span struct {
	commits []*Commit     // newest first
	met     map[Hash]bool // the excluded commits that the walk came upon
	cut     bool          // a parent of one of the commits is not present
}

// between walks from wants towards the past, by commit date, until all that is
// left is in the history of haves too. The walk ends at commits that are not
// present. Where clocks went wrong the span may be larger than it need be.
func between(ctx context.Context, o Objects, wants, haves []Hash) (*span, error) {
	w := &walk{objects: o, seen: map[Hash]*step{}}
	for _, h := range haves {
		if _, err := w.visit(ctx, h, true); err != nil {
			return nil, err
		}
	}
	for _, h := range wants {
		if _, err := w.visit(ctx, h, false); err != nil {
			return nil, err
		}
	}
	for w.open > 0 {
		if err := w.next(ctx); err != nil {
			return nil, err
		}
	}
	return w.result(haves), nil
}

// walk goes through history by date and paints what haves lead to.
type walk struct {
	objects Objects
	queue   steps
	seen    map[Hash]*step
	order   []*step // as they were left behind
	open    int     // steps in the queue that are not had
}

// step is a commit that a walk came upon.
type step struct {
	commit *Commit
	had    bool // in the history of haves
	met    bool // had, and the parent of one that is not, or wanted
	cut    bool // a parent is not present
	queued bool
}

// visit notes a commit, and reports whether it is present.
func (w *walk) visit(ctx context.Context, h Hash, had bool) (present bool, err error) {
	s, ok := w.seen[h]
	if !ok {
		commit, err := w.objects.Commit(ctx, h)
		if errors.Is(err, ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		s = &step{commit: commit, had: had}
		w.seen[h] = s
		w.push(s)
		return true, nil
	}
	switch {
	case had && !s.had:
		if s.queued {
			w.open--
		}
		s.had = true
		if !s.queued {
			w.push(s) // its parents are had too
		}
	case s.had && !had:
		s.met = true
	}
	return true, nil
}

func (w *walk) push(s *step) {
	s.queued = true
	if !s.had {
		w.open++
	}
	heap.Push(&w.queue, s)
}

// next leaves the newest commit behind and goes on to its parents.
func (w *walk) next(ctx context.Context) error {
	s := heap.Pop(&w.queue).(*step)
	s.queued = false
	if !s.had {
		w.open--
		w.order = append(w.order, s)
	}
	for _, parent := range s.commit.Parents {
		present, err := w.visit(ctx, parent, s.had)
		if err != nil {
			return err
		}
		s.cut = s.cut || !present
	}
	return nil
}

func (w *walk) result(haves []Hash) *span {
	found := &span{met: map[Hash]bool{}}
	for _, s := range w.order {
		if !s.had {
			found.commits = append(found.commits, s.commit)
			found.cut = found.cut || s.cut
		}
	}
	for _, h := range haves {
		if s, ok := w.seen[h]; ok && s.met {
			found.met[h] = true
		}
	}
	return found
}

// newest returns up to n commits from the histories of heads, by date.
func newest(ctx context.Context, o Objects, heads []Hash, n int) ([]Hash, error) {
	w := &walk{objects: o, seen: map[Hash]*step{}}
	for _, h := range heads {
		if _, err := w.visit(ctx, h, false); err != nil {
			return nil, err
		}
	}
	for w.open > 0 && len(w.order) < n {
		if err := w.next(ctx); err != nil {
			return nil, err
		}
	}
	hashes := make([]Hash, len(w.order))
	for i, s := range w.order {
		hashes[i] = s.commit.Hash
	}
	return hashes, nil
}

// steps is a heap with the newest commit on top.
type steps []*step

func (q steps) Len() int { return len(q) }
func (q steps) Less(i, j int) bool {
	return q[i].commit.Committer.When.After(q[j].commit.Committer.When)
}
func (q steps) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *steps) Push(x any)   { *q = append(*q, x.(*step)) }
func (q *steps) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

func sortedHashes(set map[Hash]bool) []Hash {
	return slices.SortedFunc(maps.Keys(set), func(a, b Hash) int { return bytes.Compare(a[:], b[:]) })
}
