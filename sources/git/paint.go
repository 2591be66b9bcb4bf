package git

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
)

// colour says from which ends of a walk a commit was reached.
type colour uint8

const (
	fromA colour = 1 << iota
	fromB
	// below marks the history of a common ancestor, or history that does not
	// matter.
	below
)

// painter walks history, newest first, until all that is left to visit is below.
// A commit hands its colours on to its parents, and is visited again when it gets
// a new one, so that wrong dates cost time and nothing else.
type painter struct {
	ctx     context.Context
	objects Objects
	reached map[Hash]*painted
	queue   byDate
	open    int        // commits in the queue that are not below
	left    []*painted // behind, in order; some turn out to be below later
	common  byDate     // those of left that were reached from both ends
	missing []missed
}

// missed is a parent that could not be found.
type missed struct {
	child *painted
	err   error
}

// painted is a commit that a walk came upon.
type painted struct {
	commit *Commit
	colour colour
	queued bool
}

func newPainter(ctx context.Context, o Objects) *painter {
	return &painter{ctx: ctx, objects: o, reached: map[Hash]*painted{}}
}

func (p *painter) colourOf(h Hash) colour {
	if n, ok := p.reached[h]; ok {
		return n.colour
	}
	return 0
}

// start paints the commits that a walk starts from, as far as they are present.
func (p *painter) start(from []Hash, colour colour) error {
	for _, h := range from {
		if err := p.paint(h, colour); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}

// both walks from two commits, which must be present.
func (p *painter) both(a, b Hash, done func() bool) error {
	if err := errors.Join(p.paint(a, fromA), p.paint(b, fromB)); err != nil {
		return err
	}
	return p.run(done)
}

// never lets a walk go on until nothing is left to find.
func never() bool { return false }

// run walks until done says so or nothing is left to find.
func (p *painter) run(done func() bool) error {
	for p.open > 0 && !done() {
		if err := p.next(); err != nil {
			return err
		}
	}
	return nil
}

// next leaves the newest commit behind and hands its colours on to its parents.
func (p *painter) next() error {
	n := heap.Pop(&p.queue).(*painted)
	n.queued = false
	colour := n.colour
	if colour&below == 0 {
		p.open--
		p.left = append(p.left, n)
		if colour == fromA|fromB {
			p.common = append(p.common, n)
			colour |= below
		}
	}
	for _, parent := range n.commit.Parents {
		err := p.paint(parent, colour)
		if errors.Is(err, ErrNotFound) {
			p.missing = append(p.missing, missed{n, err})
		} else if err != nil {
			return err
		}
	}
	return nil
}

// paint adds colour to a commit and queues it, if that is new.
func (p *painter) paint(h Hash, colour colour) error {
	n, ok := p.reached[h]
	if !ok {
		c, err := p.objects.Commit(p.ctx, h)
		if err != nil {
			return err
		}
		n = &painted{commit: c}
		p.reached[h] = n
	}
	if n.colour&colour == colour {
		return nil
	}
	if n.queued && n.colour&below == 0 && colour&below != 0 {
		p.open--
	}
	n.colour |= colour
	if !n.queued {
		n.queued = true
		heap.Push(&p.queue, n)
		if n.colour&below == 0 {
			p.open++
		}
	}
	return nil
}

// unknown returns the error for a part of history that was reached from just the
// one end and could not be read. What is below a commit of both histories is not
// missed: it is common too.
func (p *painter) unknown(end colour) error {
	for _, m := range p.missing {
		if m.child.colour == end {
			return m.err
		}
	}
	return nil
}

// byDate orders commits, the newest first and by hash within a second, and is a
// heap of them.
type byDate []*painted

func (q byDate) Len() int      { return len(q) }
func (q byDate) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q byDate) Less(i, j int) bool {
	a, b := q[i].commit, q[j].commit
	if c := a.Committer.When.Compare(b.Committer.When); c != 0 {
		return c > 0
	}
	return bytes.Compare(a.Hash[:], b.Hash[:]) < 0
}
func (q *byDate) Push(x any) { *q = append(*q, x.(*painted)) }
func (q *byDate) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
