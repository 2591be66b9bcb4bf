package simulate

import (
	"context"
	"iter"
	"time"
)

// routines are what goes on beside the passes: each is a goroutine that runs only while everything else stands still,
// and that sleeps in fake time.
type routines struct {
	schedule *schedule
	asleep   []*routine
	running  *routine
}

type routine struct {
	next  func() (nap, bool)
	stop  func()
	yield func(nap) bool
	nap   nap
	alarm *event
}

// nap is what a routine waits for: a moment, or the end of its context.
type nap struct {
	until time.Time
	ctx   context.Context
}

// begin has f done from now on.
func (r *routines) begin(f func()) {
	one := &routine{}
	one.next, one.stop = iter.Pull(func(yield func(nap) bool) {
		one.yield = yield
		f()
	})
	r.schedule.after(0, func() { r.resume(one) })
}

func (r *routines) resume(one *routine) {
	before := r.running
	r.running = one
	rest, again := one.next()
	r.running = before
	r.asleep = without(r.asleep, one)
	if again {
		one.nap = rest
		one.alarm = r.schedule.at(rest.until, func() { r.resume(one) })
		r.asleep = append(r.asleep, one)
	}
}

// sleep lets fake time go by for the routine that calls it. It is false when ctx ended before.
func (r *routines) sleep(ctx context.Context, d time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	return r.running.yield(nap{r.schedule.now.Add(d), ctx}) && ctx.Err() == nil
}

// wake resumes those whose context has ended.
func (r *routines) wake() {
	for i := 0; i < len(r.asleep); i++ {
		if one := r.asleep[i]; one.nap.ctx.Err() != nil {
			r.schedule.callOff(one.alarm)
			r.resume(one)
			i = -1 // what it did may have ended others
		}
	}
}

// end has all that still sleep run to their end.
func (r *routines) end() {
	for len(r.asleep) > 0 {
		one := r.asleep[0]
		r.asleep = r.asleep[1:]
		r.schedule.callOff(one.alarm)
		r.running = one
		one.stop()
		r.running = nil
	}
}

func without(all []*routine, one *routine) []*routine {
	for i := range all {
		if all[i] == one {
			return append(all[:i:i], all[i+1:]...)
		}
	}
	return all
}
