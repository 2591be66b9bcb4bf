package track

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/fetch"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// RequestedAt is the annotation that has Assay verify a Target again. Whoever trims objects keeps it.
const RequestedAt = "assay.dev/requestedAt"

// Options are what a Tracker works with.
type Options struct {
	// Cluster is the operator's name for the cluster.
	Cluster string
	// Mirrors have the repositories, and Builder renders what is in them.
	Mirrors *git.Mirrors
	Builder *render.Builder
	Clock   clock.PassiveClock
	// Rollout tells when to look again at Targets that wait for their workloads; nil where none does.
	Rollout Rollout
	// Missing says why some Targets may not be known, or not as they are.
	Missing func() error
	// Synced hears of each Target of which another Sync is told than before.
	Synced func(Item)
}

// Source is what a Tracker is to all but the engine.
type Source interface {
	syncs.Selective
	// Run looks at Targets as they change until ctx ends.
	Run(ctx context.Context)
}

// Item names a Target of the cluster.
type Item struct {
	Kind string
	Key  watch.Key
}

// ItemOf names the Target that an object is.
func ItemOf(kind string, object metav1.Object) Item { return Item{kind, watch.KeyOf(object)} }

// Tracker looks at Targets. T is what the engine remembers of each. It is safe for concurrent use.
type Tracker[T any] struct {
	options Options
	kinds   map[string]Kind[T]
	open    atomic.Bool // what is told of before is looked at in Run

	queue   workqueue.TypedRateLimitingInterface[Item]
	fetches *fetch.Queue[Item]
	builds  chan struct{} // holds one value for each build under way
	moves   *syncs.Moves
	rolled  atomic.Uint64 // how often workloads may have moved on

	mu      sync.Mutex
	targets map[Item]*tracked[T]
	sorted  []*tracked[T] // of targets, by name; nil when it has to be made again
}

// What could not be looked at is tried again after a time that grows from firstRetry to lastRetry.
const (
	firstRetry = time.Second
	lastRetry  = 5 * time.Minute
)

// workers is how many Targets are looked at at the same time. Looking waits for the API server at most; fetching goes on beside it.
const workers = 8

// New makes a Tracker that has nothing to look at before it is opened.
func New[T any](options Options) *Tracker[T] {
	t := &Tracker[T]{
		options: options, kinds: map[string]Kind[T]{},
		queue:  workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[Item](firstRetry, lastRetry)),
		builds: make(chan struct{}, runtime.GOMAXPROCS(0)), moves: syncs.NewMoves(), targets: map[Item]*tracked[T]{},
	}
	t.fetches = fetch.New(t.queue.Add)
	return t
}

// Open says whose objects are Targets, once all is there that looking at them takes.
func (t *Tracker[T]) Open(kinds ...Kind[T]) {
	for _, k := range kinds {
		t.kinds[k.name] = k
	}
	t.open.Store(true)
}

// Run implements Source.
func (t *Tracker[T]) Run(ctx context.Context) {
	var tasks sync.WaitGroup
	defer tasks.Wait()
	defer t.queue.ShutDown()
	tasks.Go(func() { t.fetches.Run(ctx) })
	for range workers {
		tasks.Go(func() {
			for t.next(ctx) {
			}
		})
	}
	var rolled <-chan struct{}
	if t.options.Rollout != nil {
		rolled = t.options.Rollout.Changed()
	}
	t.lookAtAll()
	for {
		select {
		case <-ctx.Done():
			return
		case <-rolled:
			t.rolled.Add(1)
			t.lookAtRolling()
		}
	}
}

// next looks at one Target, and tells whether to go on.
func (t *Tracker[T]) next(ctx context.Context) bool {
	i, closed := t.queue.Get()
	if closed {
		return false
	}
	defer t.queue.Done(i)
	switch l := t.look(ctx, i); {
	case l.awaited: // how often it failed is not forgotten meanwhile
	case !l.Retry:
		t.queue.Forget(i)
	case ctx.Err() == nil:
		t.queue.AddRateLimited(i)
	}
	return true
}
