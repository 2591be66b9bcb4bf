package runner

import (
	"context"
	"slices"
	"sync"
)

// Limit lets at most parallel Jobs of r run at a time; parallel is at least 1. Suites of Environments take turns, so that one of many
// shards does not make the others wait for all of them; within a Suite, who asked first runs first. Waiting is not part of a Run's time.
func Limit(r Runner, parallel int) Runner {
	return &limited{Runner: r, slots: newTurns(max(parallel, 1))}
}

type limited struct {
	Runner
	slots *turns
}

func (l *limited) Run(ctx context.Context, job Job) (Result, error) {
	if err := l.slots.acquire(ctx, job.Environment+"/"+job.Suite.Name()); err != nil {
		return Result{End: Cancelled, ExitCode: -1, Reason: "no longer wanted before it was its turn"}, nil
	}
	defer l.slots.release()
	return l.Runner.Run(ctx, job)
}

// turns hands out slots: queues take turns, and each is first come, first served.
type turns struct {
	mu     sync.Mutex
	free   int
	order  []string // queues with someone in them; the first one's turn is next
	queues map[string][]chan struct{}
}

func newTurns(slots int) *turns { return &turns{free: slots, queues: map[string][]chan struct{}{}} }

func (t *turns) acquire(ctx context.Context, queue string) error {
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
	if len(t.queues[queue]) == 0 {
		t.order = append(t.order, queue)
	}
	t.queues[queue] = append(t.queues[queue], turn)
	t.mu.Unlock()

	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		t.leave(queue, turn)
		return ctx.Err()
	}
}

// leave takes a waiter out of its queue, or gives back the slot that it got at the same moment.
func (t *turns) leave(queue string, turn chan struct{}) {
	t.mu.Lock()
	place := slices.Index(t.queues[queue], turn)
	if place < 0 {
		t.mu.Unlock()
		t.release()
		return
	}
	t.queues[queue] = slices.Delete(t.queues[queue], place, place+1)
	if len(t.queues[queue]) == 0 {
		delete(t.queues, queue)
		t.order = slices.Delete(t.order, slices.Index(t.order, queue), slices.Index(t.order, queue)+1)
	}
	t.mu.Unlock()
}

// release passes the slot on to the queue whose turn it is.
func (t *turns) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.order) == 0 {
		t.free++
		return
	}
	queue := t.order[0]
	t.order = t.order[1:]
	waiting := t.queues[queue]
	close(waiting[0])
	if waiting = waiting[1:]; len(waiting) > 0 {
		t.queues[queue] = waiting
		t.order = append(t.order, queue)
		return
	}
	delete(t.queues, queue)
}
