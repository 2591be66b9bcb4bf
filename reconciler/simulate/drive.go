package simulate

import (
	"time"

	"github.com/assay-dev/assay/reconciler/history"
)

// drive takes the Loop's passes, one after the other, in the order of fake time. It is the reconciler.Driver.
type drive struct {
	world *world
	due   map[history.Key]*event
	tries map[history.Key]int
}

func newDrive(w *world) *drive {
	return &drive{world: w, due: map[history.Key]*event{}, tries: map[history.Key]int{}}
}

// Go implements reconciler.Driver.
func (d *drive) Go(f func()) { d.world.routines.begin(f) }

// Again implements reconciler.Driver.
func (d *drive) Again(key history.Key) { d.at(key, d.world.schedule.now) }

// at has a pass taken at a moment, unless one is due before.
func (d *drive) at(key history.Key, at time.Time) {
	if e := d.due[key]; e != nil {
		if !at.Before(e.at) {
			return
		}
		d.world.schedule.callOff(e)
	}
	d.due[key] = d.world.schedule.at(at, func() {
		delete(d.due, key)
		d.pass(key)
	})
}

// forget drops all passes that are due: whoever was to take them is gone.
func (d *drive) forget() {
	for _, e := range d.due {
		d.world.schedule.callOff(e)
	}
	clear(d.due)
	clear(d.tries)
}

// What the Loop itself waits before a pass that failed is taken again.
const (
	firstRetry   = 50 * time.Millisecond
	longestRetry = time.Minute
)

func (d *drive) pass(key history.Key) {
	w := d.world
	w.judge.before()
	next, err := w.loop.Pass(w.ctx, key)
	w.routines.wake()
	w.passes++
	if d.tries[key] > 0 {
		w.judge.acted[key] = true // what is decided once more is not told again
	}
	switch {
	case err != nil:
		d.tries[key]++
		w.log("pass %s/%s fails: %v", key.Environment, key.Gate, err)
		d.at(key, w.schedule.now.Add(min(firstRetry<<min(d.tries[key]-1, 20), longestRetry)))
	default:
		delete(d.tries, key)
		if !next.IsZero() {
			d.at(key, next)
		}
	}
	w.after(key)
}

// lookAgain queues every Gate of an environment, as the Loop does when a Source has something new.
func (w *world) lookAgain(environment string) {
	keys, err := w.loop.Keys(w.ctx, environment)
	must(err)
	for _, key := range keys {
		w.drive.Again(key)
	}
}

// pullInterval is how often Assay looks at the test repository.
const pullInterval = 5 * time.Minute

// pullSoon has every environment's Assay look at the tests when its time comes. Looks that find nothing new are left out.
func (w *world) pullSoon() {
	if w.pulling {
		return
	}
	w.pulling = true
	w.schedule.at(w.schedule.now.Truncate(pullInterval).Add(pullInterval), func() {
		w.pulling = false
		for _, e := range w.environments {
			w.pull(w.ctx, e.name)
		}
	})
}
