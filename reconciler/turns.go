package reconciler

import "sync"

// turns lets one at a time write to a config repository, so that limits are counted and proposals planned without a race within this Assay.
type turns struct {
	mu sync.Mutex
	of map[string]*sync.Mutex
}

func newTurns() *turns { return &turns{of: map[string]*sync.Mutex{}} }

// take waits for the repository's turn, and returns what ends it.
func (t *turns) take(repository string) (release func()) {
	t.mu.Lock()
	turn, there := t.of[repository]
	if !there {
		turn = &sync.Mutex{}
		t.of[repository] = turn
	}
	t.mu.Unlock()
	turn.Lock()
	return turn.Unlock
}
