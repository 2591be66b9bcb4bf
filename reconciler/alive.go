package reconciler

import (
	"fmt"
	"sync"
	"time"

	"github.com/assay-dev/assay/reconciler/history"
)

// passes are the ones that workers are at, and since when.
type passes struct {
	mu    sync.Mutex
	since map[history.Key]time.Time
}

func newPasses() *passes { return &passes{since: map[history.Key]time.Time{}} }

func (p *passes) begin(key history.Key, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since[key] = at
}

func (p *passes) end(key history.Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.since, key)
}

// oldest is the pass that has been under way longest; found is false when there is none.
func (p *passes) oldest() (key history.Key, since time.Time, found bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, at := range p.since {
		if !found || at.Before(since) {
			key, since, found = k, at, true
		}
	}
	return key, since, found
}

// Alive tells whether the workers get on: an error names the pass that has been under way for longer than limit. A pass waits for servers,
// but each of its questions has an end.
func (l *Loop) Alive(limit time.Duration) error {
	key, since, found := l.passes.oldest()
	if took := l.clock.Since(since); found && took > limit {
		return fmt.Errorf("the pass over gate %s of environment %s has been under way for %s", key.Gate, key.Environment, took.Round(time.Second))
	}
	return nil
}

// Underway is how many Runs are under way.
func (l *Loop) Underway() int { return len(l.flights.ids()) }
