package reconciler

import "github.com/assay-dev/assay/reconciler/history"

// Driver is who takes the Loop's passes, and starts what goes on beside them.
type Driver interface {
	// Go has f done beside the passes; it returns at once.
	Go(f func())
	// Again has a pass over a Gate taken soon.
	Again(key history.Key)
}

// goroutines are the Driver of Run: the scheduler's, and the work queue's workers.
type goroutines struct{ loop *Loop }

func (goroutines) Go(f func()) { go f() }

func (d goroutines) Again(key history.Key) { d.loop.queue.Add(key) }
