package reconciler

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/assay-dev/assay/reconciler/history"
)

// stumbles are the Actions that failed last, by Gate. A server that is away for hours is met by hundreds of attempts, of which people need
// to hear once.
type stumbles struct {
	mu sync.Mutex
	of map[history.Key]stumbled
}

type stumbled struct{ action, reason, failure string }

func newStumbles() *stumbles { return &stumbles{of: map[history.Key]stumbled{}} }

// at tells whether this Action is the one that failed last.
func (s *stumbles) at(key history.Key, a Action) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, there := s.of[key]
	return there && last.action == a.Name() && last.reason == a.Reason()
}

// note keeps what failed, and tells whether that is news.
func (s *stumbles) note(key history.Key, a Action, failure string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := stumbled{a.Name(), a.Reason(), failure}
	news := s.of[key] != now
	s.of[key] = now
	return news
}

func (s *stumbles) over(key history.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.of, key)
}

// stumble says what an Action failed at where people see its decision, and returns that as the pass's error. The pass is taken again.
func (l *Loop) stumble(ctx context.Context, key history.Key, a Action, failure error) error {
	failure = fmt.Errorf("%s: %w", a.Name(), failure)
	if ctx.Err() != nil || !l.stumbles.note(key, a, failure.Error()) {
		return failure
	}
	return errors.Join(failure, l.record(ctx, key, "TryAgain", failure.Error()))
}
