package rollout

import "sync"

// View is a Checker for one of several who ask: each is told of every change, and what is followed is followed once.
type View struct {
	*Checker
	changed chan struct{}
}

// View makes one more.
func (c *Checker) View() *View {
	v := &View{c, make(chan struct{}, 1)}
	c.views.mu.Lock()
	defer c.views.mu.Unlock()
	c.views.all = append(c.views.all, v)
	return v
}

// Changed is that of the Checker, for this View alone.
func (v *View) Changed() <-chan struct{} { return v.changed }

// views have a lock of their own, since changes are told of while others are held.
type views struct {
	mu  sync.Mutex
	all []*View
}

func (v *views) tell() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, one := range v.all {
		tell(one.changed)
	}
}
