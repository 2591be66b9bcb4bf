package simulate

import (
	"context"
	"time"

	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
)

// fakeClock tells the time of the schedule. Who waits on it from within a routine sleeps there and then.
type fakeClock struct {
	*clocktesting.FakeClock
	routines *routines
}

var _ clock.WithTicker = fakeClock{}

func newClock(r *routines) fakeClock {
	return fakeClock{clocktesting.NewFakeClock(r.schedule.now), r}
}

func (c fakeClock) Now() time.Time                  { return c.routines.schedule.now }
func (c fakeClock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// After implements clock.Clock.
func (c fakeClock) After(d time.Duration) <-chan time.Time {
	rung := make(chan time.Time, 1)
	if c.routines.running == nil {
		c.routines.schedule.after(d, func() { rung <- c.Now() })
		return rung
	}
	c.routines.sleep(context.Background(), d)
	rung <- c.Now()
	return rung
}
