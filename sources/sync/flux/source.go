package flux

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

// Options are how Flux is looked at.
type Options struct {
	// Cluster is the operator's name for the cluster.
	Cluster string
	// Labels is a label selector for Kustomizations and HelmReleases; empty for all.
	Labels string
	// NoCrossNamespaceRefs is that flag of Flux's controllers: sources are in the namespace of what refers to them.
	NoCrossNamespaceRefs bool
	// Rollout is asked before a Sync is finished; nil to take Flux's word.
	Rollout Rollout
}

// Source is the Source of Flux's Kustomizations and HelmReleases. It is safe for concurrent use.
type Source struct {
	options Options
	objects dynamic.Interface
	mirrors *git.Mirrors
	builder *render.Builder
	clock   clock.PassiveClock

	kustomizations *watch.Kind[*kustomization]
	releases       *watch.Kind[*helmRelease]
	sources        map[string]*watch.Kind[*source]

	made    atomic.Bool // what is told of before is looked at in Run
	queue   workqueue.TypedRateLimitingInterface[item]
	fetches *fetch.Queue[item]
	builds  chan struct{} // holds one value for each build under way
	moves   *syncs.Moves

	mu       sync.Mutex
	targets  map[item]*tracked
	children map[watch.Key]map[item]bool // what each Kustomization applied
	sorted   []*tracked                  // of targets, by name; nil when it has to be made again
}

// item is a Target that is to be looked at.
type item struct {
	kind string
	key  watch.Key
}

// New makes a Source on top of what is followed in a cluster. Objects reads single ConfigMaps and Secrets.
func New(
	cluster *watch.Cluster, objects dynamic.Interface, mirrors *git.Mirrors, builder *render.Builder, clock clock.PassiveClock, options Options,
) *Source {
	s := &Source{
		options: options, objects: objects, mirrors: mirrors, builder: builder, clock: clock,
		queue:  workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[item](firstRetry, lastRetry)),
		builds: make(chan struct{}, runtime.GOMAXPROCS(0)), moves: syncs.NewMoves(),
		targets: map[item]*tracked{}, children: map[watch.Key]map[item]bool{}, sources: map[string]*watch.Kind[*source]{},
	}
	s.fetches = fetch.New(s.queue.Add)
	selection := watch.Selection{Labels: options.Labels}
	s.kustomizations = watch.Follow(cluster, kustomizationResource, selection, trimKustomization, s.noteTarget(KindKustomization))
	s.releases = watch.Follow(cluster, helmReleaseResource, selection, trimHelmRelease, s.noteTarget(KindHelmRelease))
	for kind, resource := range sourceResources {
		s.sources[kind] = watch.Follow(cluster, resource, watch.Selection{}, trims[kind], s.noteSource(kind))
	}
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
		t := s.targets[item{target.Kind, watch.Key{Namespace: target.Namespace, Name: target.Name}}]
		if t != nil && t.state.Target == target {
			states = append(states, t.state)
		}
	}
	return states
}

// Missing implements syncs.Selective.
func (s *Source) Missing() error { return errors.Join(missing(s.kustomizations), missing(s.releases)) }

// missing is why some of a kind may not be known.
func missing[T metav1.Object](kind *watch.Kind[T]) error {
	if reason := kind.Reason(); reason != "" && !kind.Absent() {
		return errors.New(reason)
	}
	return nil
}

// What could not be looked at is tried again after a time that grows from firstRetry to lastRetry.
const (
	firstRetry = time.Second
	lastRetry  = 5 * time.Minute
)

// workers is how many Targets are looked at at the same time. Looking waits for the API server at most; fetching goes on beside it.
const workers = 8

// Run looks at Targets as they change until ctx ends.
func (s *Source) Run(ctx context.Context) {
	var tasks sync.WaitGroup
	defer tasks.Wait()
	defer s.queue.ShutDown()
	tasks.Go(func() { s.fetches.Run(ctx) })
	for range workers {
		tasks.Go(func() {
			for s.next(ctx) {
			}
		})
	}
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
			s.lookAtUnfinished()
		}
	}
}

// next looks at one Target, and tells whether to go on.
func (s *Source) next(ctx context.Context) bool {
	i, closed := s.queue.Get()
	if closed {
		return false
	}
	defer s.queue.Done(i)
	switch v := s.look(ctx, i); {
	case v.awaited:
	case v.settled:
		s.queue.Forget(i)
	case ctx.Err() == nil:
		s.queue.AddRateLimited(i)
	}
	return true
}

// noteTarget has Targets of a kind looked at again.
func (s *Source) noteTarget(kind string) func(watch.Key) {
	return func(key watch.Key) {
		if key.Name == "" {
			s.lookAtAll()
			return
		}
		s.note(item{kind, key})
	}
}

// note has a Target looked at. Until then it is told of as one of which nothing is known: nobody may take the others for all that there are.
func (s *Source) note(i item) {
	defer s.queue.Add(i)
	object := s.listed(i)
	s.mu.Lock()
	defer s.mu.Unlock()
	if object == nil || s.targets[i] != nil {
		return
	}
	t := &tracked{}
	t.begin(s.identity(i), object, "it was not looked at yet")
	s.targets[i], s.sorted = t, nil
	s.moves.Note(t.state.Target)
}

// listed is what the cluster has of a Target; nil where that is nothing.
func (s *Source) listed(i item) *target {
	if !s.made.Load() {
		return nil
	}
	if i.kind == KindHelmRelease {
		if r, found := s.releases.Get(i.key); found {
			return &r.target
		}
		return nil
	}
	if k, found := s.kustomizations.Get(i.key); found {
		return &k.target
	}
	return nil
}

// noteSource has the Targets looked at that are made of a source, directly or by way of an ExternalArtifact.
func (s *Source) noteSource(kind string) func(watch.Key) {
	return func(key watch.Key) {
		switch {
		case !s.made.Load():
		case key.Name == "":
			s.lookAtAll()
		default:
			s.lookAtUsersOf(sourceKey{kind, key})
		}
	}
}

func (s *Source) lookAtUsersOf(changed sourceKey) {
	users := []sourceKey{changed}
	for _, artifact := range s.sources[sourcev1.ExternalArtifactKind].With(changed.String()) {
		users = append(users, referredTo(sourcev1.ExternalArtifactKind, artifact.Namespace, artifact.Name, ""))
	}
	for _, source := range users {
		for _, k := range s.kustomizations.With(source.String()) {
			s.queue.Add(item{KindKustomization, watch.Key{Namespace: k.Namespace, Name: k.Name}})
		}
	}
}

// lookAtAll looks at everything, what is gone included.
func (s *Source) lookAtAll() {
	if !s.made.Load() {
		return
	}
	s.moves.NoteAll()
	for _, k := range s.kustomizations.List() {
		s.note(item{KindKustomization, watch.Key{Namespace: k.Namespace, Name: k.Name}})
	}
	for _, r := range s.releases.List() {
		s.note(item{KindHelmRelease, watch.Key{Namespace: r.Namespace, Name: r.Name}})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.targets {
		s.queue.Add(i)
	}
}

// lookAtUnfinished looks at what waits for workloads.
func (s *Source) lookAtUnfinished() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, t := range s.targets {
		if t.rolling {
			s.queue.Add(i)
		}
	}
}
