package runner

import (
	"context"
	"slices"
	"sync"
)

// Limit lets at most parallel Jobs of r run at a time; parallel is at least 1. Gates take turns, so that one with a hundred Runs does
// not make another's only one wait for all of them; so do the Suites of a Gate; and within a Suite, who asked first runs first. Waiting
// is not part of a Run's time.
func Limit(r Runner, parallel int) Runner {
	return &limited{Runner: r, slots: newTurns(max(parallel, 1))}
}

type limited struct {
	Runner
	slots *turns
}

func (l *limited) Run(ctx context.Context, job Job) (Result, error) {
	if err := l.slots.acquire(ctx, job.Environment+"/"+job.Gate, job.Suite.Name()); err != nil {
		return Result{End: Cancelled, ExitCode: -1, Reason: "no longer wanted before it was its turn"}, nil
	}
	defer l.slots.release()
	return l.Runner.Run(ctx, job)
}

// turns hands out slots. Who waits for one stands in a line.
type turns struct {
	mu      sync.Mutex
	free    int
	waiting line
}

func newTurns(slots int) *turns { return &turns{free: slots} }

func (t *turns) acquire(ctx context.Context, path ...string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.mu.Lock()
	if t.free > 0 {
		t.free--
		t.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	t.waiting.join(path, turn)
	t.mu.Unlock()

	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		t.mu.Lock()
		left := t.waiting.leave(path, turn)
		t.mu.Unlock()
		if !left { // the slot came at the same moment
			t.release()
		}
		return ctx.Err()
	}
}

// release passes the slot on to whose turn it is.
func (t *turns) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting.empty() {
		t.free++
		return
	}
	close(t.waiting.next())
}

// line is who waits: first come, first served at the end of a path, and above it lines that take turns.
type line struct {
	first []chan struct{}
	lines map[string]*line
	order []string // of the lines with someone in them; the first one's turn is next
}

func (l *line) empty() bool { return len(l.first)+len(l.order) == 0 }

func (l *line) join(path []string, turn chan struct{}) {
	if len(path) == 0 {
		l.first = append(l.first, turn)
		return
	}
	inner, there := l.lines[path[0]]
	if !there {
		if l.lines == nil {
			l.lines = map[string]*line{}
		}
		inner = &line{}
		l.lines[path[0]] = inner
		l.order = append(l.order, path[0])
	}
	inner.join(path[1:], turn)
}

// next takes out whose turn it is. There is someone.
func (l *line) next() chan struct{} {
	if len(l.order) == 0 {
		turn := l.first[0]
		l.first = l.first[1:]
		return turn
	}
	name := l.order[0]
	l.order = append(l.order[1:], name)
	turn := l.lines[name].next()
	l.tidy(name)
	return turn
}

// leave takes a waiter out, and tells whether it was still there.
func (l *line) leave(path []string, turn chan struct{}) bool {
	if len(path) == 0 {
		place := slices.Index(l.first, turn)
		if place >= 0 {
			l.first = slices.Delete(l.first, place, place+1)
		}
		return place >= 0
	}
	inner, there := l.lines[path[0]]
	left := there && inner.leave(path[1:], turn)
	if left {
		l.tidy(path[0])
	}
	return left
}

// tidy removes an inner line with nobody in it.
func (l *line) tidy(name string) {
	if l.lines[name].empty() {
		delete(l.lines, name)
		l.order = slices.DeleteFunc(l.order, func(other string) bool { return other == name })
	}
}
