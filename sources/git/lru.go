package git

import (
	"container/list"
	"sync"
)

// lru keeps what was used last, up to a budget of bytes. It is safe for
// concurrent use.
type lru[K comparable, V any] struct {
	mu     sync.Mutex
	budget int
	used   int
	items  map[K]*list.Element
	recent *list.List // of *cached[K, V], the latest first
}

type cached[K comparable, V any] struct {
	key   K
	value V
	cost  int
}

func newLRU[K comparable, V any](budget int) *lru[K, V] {
	return &lru[K, V]{budget: budget, items: map[K]*list.Element{}, recent: list.New()}
}

func (c *lru[K, V]) get(key K) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	item, ok := c.items[key]
	if !ok {
		return value, false
	}
	c.recent.MoveToFront(item)
	return item.Value.(*cached[K, V]).value, true
}

// put keeps value, which takes about cost bytes. What would take more than a
// quarter of the budget is not kept, so that one large file cannot push out
// everything else.
func (c *lru[K, V]) put(key K, value V, cost int) {
	if cost > c.budget/4 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.items[key]; ok {
		return
	}
	c.items[key] = c.recent.PushFront(&cached[K, V]{key, value, cost})
	for c.used += cost; c.used > c.budget; {
		oldest := c.recent.Back()
		gone := c.recent.Remove(oldest).(*cached[K, V])
		delete(c.items, gone.key)
		c.used -= gone.cost
	}
}
