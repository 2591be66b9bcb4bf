package resource

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
)

// sight is what is seen of one object, of the Jobs that it owns where somebody asks for them, and of its events.
type sight struct {
	changed chan struct{} // one wake-up waits at most
	refused chan error    // what makes looking useless

	mu     sync.Mutex
	denied map[schema.GroupVersionResource]error // a *runner.Refusal for each that was never let be seen, of those that conditions look at

	namespace     string
	objects, jobs cache.Store
	stop          func() // ends it, and waits until it has ended
}

// watch begins to look. Events go to said as they come; that they may not be read is said there, and no matter otherwise.
func (r *Runner) watch(ctx context.Context, s subject, said io.Writer) *sight {
	ctx, cancel := context.WithCancel(ctx)
	var looking sync.WaitGroup
	sight := &sight{
		changed: make(chan struct{}, 1), refused: make(chan error, 1), denied: map[schema.GroupVersionResource]error{}, namespace: s.namespace,
	}
	sight.stop = func() {
		cancel()
		looking.Wait()
	}
	look := func(
		resource schema.GroupVersionResource, selector fields.Selector, handler cache.ResourceEventHandler, refused func(err error, meant bool),
	) cache.Store {
		informer := dynamicinformer.NewFilteredDynamicInformer(r.options.Client, resource, s.namespace, 0, cache.Indexers{},
			func(o *metav1.ListOptions) { o.FieldSelector = selector.String() }).Informer()
		var denials cluster.Denials
		_ = informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) { // cannot fail before it runs
			meant := denials.Meant(err)
			if apierrors.IsForbidden(err) && !informer.HasSynced() { // who was let in before will be again
				refused(err, meant)
			}
			sight.wake()
		})
		registration, err := informer.AddEventHandler(handler)
		if err != nil {
			refused(err, true)
			return informer.GetStore()
		}
		looking.Go(func() { informer.RunWithContext(ctx) })
		looking.Go(func() {
			select {
			case <-registration.HasSyncedChecker().Done():
				sight.letIn(resource)
			case <-ctx.Done():
			}
		})
		return informer.GetStore()
	}
	wake := cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { sight.wake() }, UpdateFunc: func(any, any) { sight.wake() }, DeleteFunc: func(any) { sight.wake() },
	}
	sight.objects = look(s.resource, fields.OneTermEqualSelector("metadata.name", s.name), wake, func(err error, meant bool) {
		sight.refuse(s.resource, runner.Refuse("Assay may not watch %s: %v", s.place, err), meant)
	})
	if s.conditions.Jobs {
		jobs := batchv1.SchemeGroupVersion.WithResource("jobs")
		sight.jobs = look(jobs, fields.Everything(), wake, func(err error, meant bool) {
			sight.refuse(jobs, runner.Refuse("the conditions look at the Jobs of %s, which Assay may not watch: %v", s.place, err), meant)
		})
	}
	events := fields.OneTermEqualSelector("involvedObject.uid", string(s.uid))
	var once sync.Once
	look(corev1.SchemeGroupVersion.WithResource("events"), events, cache.ResourceEventHandlerFuncs{
		AddFunc:    func(event any) { tellEvent(said, event, s.uid) },
		UpdateFunc: func(_, event any) { tellEvent(said, event, s.uid) },
	}, func(err error, meant bool) {
		if meant {
			once.Do(func() { fmt.Fprintf(said, "its events are not shown, for Assay may not watch them: %v\n", err) })
		}
	})
	return sight
}

func (s *sight) wake() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// refuse notes what is not let be seen, which makes looking useless where that is meant so.
func (s *sight) refuse(resource schema.GroupVersionResource, err error, meant bool) {
	s.mu.Lock()
	s.denied[resource] = err
	s.mu.Unlock()
	if !meant {
		return
	}
	select {
	case s.refused <- err:
	default:
	}
}

func (s *sight) letIn(resource schema.GroupVersionResource) {
	s.mu.Lock()
	delete(s.denied, resource)
	s.mu.Unlock()
	s.wake()
}

// late is a *runner.Refusal where something that conditions look at was not let be seen until the deadline of ctx: nothing was found out
// then.
func (s *sight) late(ctx context.Context) error {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, err := range s.denied {
		return err
	}
	return nil
}

// object is the one of that name, as it was seen last; nil when it is not seen.
func (s *sight) object(name string) *unstructured.Unstructured {
	item, _, _ := s.objects.GetByKey(s.namespace + "/" + name)
	object, _ := item.(*unstructured.Unstructured)
	return object
}

// jobsOf are the Jobs that an object owns.
func (s *sight) jobsOf(uid types.UID) []any {
	var owned []any
	if s.jobs == nil {
		return owned
	}
	for _, item := range s.jobs.List() {
		job, ok := item.(*unstructured.Unstructured)
		if !ok {
			continue
		}
		for _, owner := range job.GetOwnerReferences() {
			if owner.UID == uid {
				owned = append(owned, job.Object)
			}
		}
	}
	return owned
}

// tellEvent writes an event as one line.
func tellEvent(to io.Writer, item any, uid types.UID) {
	event, ok := item.(*unstructured.Unstructured)
	if !ok {
		return
	}
	text := func(path ...string) string {
		value, _, _ := unstructured.NestedString(event.Object, path...)
		return value
	}
	if text("involvedObject", "uid") == string(uid) {
		fmt.Fprintf(to, "%s %s: %s\n", text("type"), text("reason"), text("message"))
	}
}
