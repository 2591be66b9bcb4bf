//go:build linux || darwin

package process

import (
	"context"
	"errors"
	"io"
	"sync"
)

// users hands out user ids: to each Run one of its own, to each Environment's cache one as its group. What ends a Run may end every process
// of its user id, so that an id is held against other Assays of this machine, too.
type users struct {
	mu    sync.Mutex
	taken map[int]io.Closer
	next  int           // where the search goes on: what was just freed comes last, for the system may not have buried all of its processes yet
	freed chan struct{} // closed and replaced at each release
	UserRange
}

func newUsers(r UserRange) *users {
	return &users{UserRange: r, taken: map[int]io.Closer{}, freed: make(chan struct{})}
}

func (u *users) contains(id int) bool { return id >= u.First && id < u.First+u.Count }

// claim waits for an id that nobody uses.
func (u *users) claim(ctx context.Context) (int, error) {
	for {
		u.mu.Lock()
		for range u.Count {
			id := u.First + u.next
			u.next = (u.next + 1) % u.Count
			if _, taken := u.taken[id]; taken {
				continue
			}
			if held, free := hold(id); free {
				u.taken[id] = held
				u.mu.Unlock()
				return id, nil
			}
		}
		freed := u.freed
		u.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return 0, errors.New("no user id is free: all of the operator's range are in use, by this Assay or another on this machine")
		}
	}
}

// keep marks an id that is in use already.
func (u *users) keep(id int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.taken[id] = io.NopCloser(nil)
}

func (u *users) release(id int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.taken[id].Close()
	delete(u.taken, id)
	close(u.freed)
	u.freed = make(chan struct{})
}
