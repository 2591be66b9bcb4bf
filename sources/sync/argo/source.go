package argo

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/fetch"
	"github.com/assay-dev/assay/sources/sync/rollout"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// Rollout says whether nothing but the new version of what was applied serves; *rollout.Checker is one.
type Rollout interface {
	// Finished says how far the objects are; what is known of them must not be older than the resource version after.
	Finished(ctx context.Context, objects []rollout.Ref, after string) (rollout.Result, error)
	// Changed receives a value when Finished may say something else. What is received here nobody else receives.
	Changed() <-chan struct{}
}

// Options are how Argo CD is looked at.
type Options struct {
	// Cluster is the operator's name for the cluster.
	Cluster string
	// Labels is a label selector for Applications; empty for all.
	Labels string
	// Namespace is Argo CD's own, where its credentials are, and where Applications lie that are named without a namespace.
	Namespace string
	// KubeVersion and APIVersions are what charts are told of the cluster, as Argo CD tells them.
	KubeVersion string
	APIVersions []string
	// Rollout is asked before a Sync is finished; nil to take Argo CD's word.
	Rollout Rollout
}

// Source is the Source of Argo CD's Applications. It is safe for concurrent use.
type Source struct {
	options Options
	objects dynamic.Interface
	mirrors *git.Mirrors
	builder *render.Builder
	clock   clock.PassiveClock

	applications *watch.Kind[*application]
	sets         *watch.Kind[*applicationSet]

	made    atomic.Bool // what is told of before is looked at in Run
	queue   workqueue.TypedRateLimitingInterface[watch.Key]
	fetches *fetch.Queue[watch.Key]
	refs    *references
	builds  chan struct{} // holds one value for each build under way
	moves   *syncs.Moves

	mu      sync.Mutex
	targets map[watch.Key]*tracked
	sorted  []*tracked // of targets, by name; nil when it has to be made again
}

// applicationSet is what is kept of one: who applied it.
type applicationSet struct{ metav1.ObjectMeta }

// IndexKey has ApplicationSets found by the name of the Application that they hang on.
func (s *applicationSet) IndexKey() string { return parentOf(s).Name }

func trimApplicationSet(u *unstructured.Unstructured) *applicationSet {
	return &applicationSet{watch.Meta(u, trackingID)}
}

// What could not be looked at is tried again after a time that grows from firstRetry to lastRetry.
const (
	firstRetry = time.Second
	lastRetry  = 5 * time.Minute
)

// workers is how many Targets are looked at at the same time. Looking waits for the API server at most; fetching goes on beside it.
const workers = 8

// New makes a Source on top of what is followed in a cluster. Objects reads the credentials that Argo CD has.
func New(
	cluster *watch.Cluster, objects dynamic.Interface, mirrors *git.Mirrors, builder *render.Builder, clock clock.PassiveClock, options Options,
) *Source {
	s := &Source{
		options: options, objects: objects, mirrors: mirrors, builder: builder, clock: clock,
		queue:  workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[watch.Key](firstRetry, lastRetry)),
		builds: make(chan struct{}, runtime.GOMAXPROCS(0)), moves: syncs.NewMoves(), targets: map[watch.Key]*tracked{},
		refs: newReferences(clock),
	}
	s.fetches = fetch.New(s.queue.Add)
	s.applications = watch.Follow(cluster, applicationResource, watch.Selection{Labels: options.Labels}, trimApplication, s.noteApplication)
	s.sets = watch.Follow(cluster, applicationSetResource, watch.Selection{}, trimApplicationSet, s.noteSet)
	s.made.Store(true)
	return s
}

// Changed implements syncs.Source.
func (s *Source) Changed() <-chan struct{} { return s.moves.Changed() }

// Moved implements syncs.Selective.
func (s *Source) Moved() ([]syncs.Target, bool) { return s.moves.Moved() }

// Targets implements syncs.Source.
func (s *Source) Targets(context.Context) ([]syncs.State, error) {
	missing := s.Missing()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sorted == nil {
		s.sorted = make([]*tracked, 0, len(s.targets))
		for _, t := range s.targets {
			s.sorted = append(s.sorted, t)
		}
		slices.SortFunc(s.sorted, func(a, b *tracked) int {
			return strings.Compare(a.state.Target.String(), b.state.Target.String())
		})
	}
	states := make([]syncs.State, len(s.sorted))
	for i, t := range s.sorted {
		states[i] = t.state
	}
	return states, missing
}

// These implements syncs.Selective.
func (s *Source) These(targets []syncs.Target) []syncs.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	states := make([]syncs.State, 0, len(targets))
	for _, target := range targets {
		t := s.targets[watch.Key{Namespace: target.Namespace, Name: target.Name}]
		if t != nil && t.state.Target == target {
			states = append(states, t.state)
		}
	}
	return states
}

// Missing implements syncs.Selective. What is seen of an Application says by itself where it may be old.
func (s *Source) Missing() error {
	if reason := s.applications.Reason(); reason != "" && !s.applications.Synced() {
		return errors.New(reason)
	}
	return nil
}

// Run looks at Applications as they change until ctx ends.
func (s *Source) Run(ctx context.Context) {
	var tasks sync.WaitGroup
	defer tasks.Wait()
	defer s.queue.ShutDown()
	for range workers {
		tasks.Go(func() {
			for s.next(ctx) {
			}
		})
	}
	tasks.Go(func() { s.fetches.Run(ctx) })
	var rolled <-chan struct{}
	if s.options.Rollout != nil {
		rolled = s.options.Rollout.Changed()
	}
	s.lookAtAll()
	for {
		select {
		case <-ctx.Done():
			return
		case <-rolled:
			s.lookAtRolling()
		}
	}
}

// next looks at one Application, and tells whether to go on.
func (s *Source) next(ctx context.Context) bool {
	key, closed := s.queue.Get()
	if closed {
		return false
	}
	defer s.queue.Done(key)
	switch v := s.look(ctx, key); {
	case v.awaited:
	case v.settled:
		s.queue.Forget(key)
	case ctx.Err() == nil:
		s.queue.AddRateLimited(key)
	}
	return true
}

// noteApplication has one looked at again, or all.
func (s *Source) noteApplication(key watch.Key) {
	if key.Name == "" {
		s.lookAtAll()
		return
	}
	s.note(key)
}

// note has an Application looked at. Until then it is told of as one of which nothing is known: nobody may take the others for all that there
// are.
func (s *Source) note(key watch.Key) {
	defer s.queue.Add(key)
	if !s.made.Load() {
		return
	}
	a, found := s.applications.Get(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !found || s.targets[key] != nil {
		return
	}
	t := &tracked{}
	t.begin(s.identity(key), a, "it was not looked at yet")
	s.targets[key], s.sorted = t, nil
	s.moves.Note(t.state.Target)
}

// noteSet has the Applications of an ApplicationSet looked at again.
func (s *Source) noteSet(key watch.Key) {
	switch {
	case !s.made.Load():
	case key.Name == "":
		s.lookAtAll()
	default:
		s.lookAtUsersOf("set/" + key.String())
	}
}

// lookAtUsersOf has the Applications looked at that hang on something.
func (s *Source) lookAtUsersOf(indexKey string) {
	for _, a := range s.applications.With(indexKey) {
		s.queue.Add(keyOf(a))
	}
}

func keyOf(o metav1.Object) watch.Key {
	return watch.Key{Namespace: o.GetNamespace(), Name: o.GetName()}
}

// lookAtAll looks at everything, what is gone included.
func (s *Source) lookAtAll() {
	if !s.made.Load() {
		return
	}
	s.moves.NoteAll()
	for _, a := range s.applications.List() {
		s.note(keyOf(a))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.targets {
		s.queue.Add(key)
	}
}

// lookAtRolling looks at what waits for its workloads.
func (s *Source) lookAtRolling() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, t := range s.targets {
		if t.rolling {
			s.queue.Add(key)
		}
	}
}
