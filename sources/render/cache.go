package render

import (
	"container/list"
	"crypto/sha256"
	"sync"
)

// cacheBytes bounds what a Builder remembers, by estimate: a thousand overlays of common size.
const cacheBytes = 64 << 20

// cacheKey names what was asked for; what the answer depends on besides is in each outcome's closure.
type cacheKey struct {
	dir      string
	settings [sha256.Size]byte
}

// outcome is what a build came to: a rendering or a refusal.
type outcome struct {
	rendering *Rendering
	refusal   *Error
	seen      *closure

	key  cacheKey
	size int
}

// answer returns what Build returns for the outcome; err is why there may be none.
func (o *outcome) answer(err error) (*Rendering, error) {
	if err != nil {
		return nil, err
	}
	if o.refusal != nil {
		return nil, o.refusal
	}
	return o.rendering, nil
}

// cache keeps the outcomes used last, several per key, since walking history or proving a revert goes back and forth.
type cache struct {
	limit int

	mu    sync.Mutex
	size  int
	byKey map[cacheKey][]*list.Element // newest first
	used  *list.List                   // of *outcome, used last first
}

func newCache(limit int) *cache {
	return &cache{limit: limit, byKey: map[cacheKey][]*list.Element{}, used: list.New()}
}

// find returns the outcome for key whose closure holds in the tree, or nil.
func (c *cache) find(key cacheKey, tree Tree) (*outcome, error) {
	c.mu.Lock()
	candidates := make([]*list.Element, len(c.byKey[key]))
	copy(candidates, c.byKey[key])
	c.mu.Unlock()
	for _, element := range candidates {
		known := element.Value.(*outcome)
		holds, err := known.seen.holds(tree)
		if err != nil {
			return nil, err
		}
		if holds {
			c.mu.Lock()
			c.used.MoveToFront(element) // nothing happens if it was dropped meanwhile
			c.mu.Unlock()
			return known, nil
		}
	}
	return nil, nil
}

// add remembers an outcome and drops those used longest ago while there is too much.
func (c *cache) add(key cacheKey, o *outcome) {
	o.key, o.size = key, o.seen.size()
	if o.rendering != nil {
		o.size += o.rendering.size()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size += o.size
	c.byKey[key] = append([]*list.Element{c.used.PushFront(o)}, c.byKey[key]...)
	for c.size > c.limit && c.used.Len() > 1 {
		c.drop(c.used.Back())
	}
}

func (c *cache) drop(element *list.Element) {
	o := c.used.Remove(element).(*outcome)
	c.size -= o.size
	left := c.byKey[o.key]
	for i := range left {
		if left[i] == element {
			left = append(left[:i:i], left[i+1:]...)
			break
		}
	}
	if len(left) == 0 {
		delete(c.byKey, o.key)
		return
	}
	c.byKey[o.key] = left
}
