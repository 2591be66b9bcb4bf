package resource

import (
	"context"
	"fmt"
	"io"
	"sync"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
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

	namespace     string
	objects, jobs cache.Store
	stop          func() // ends it, and waits until it has ended
}

// watch begins to look. Events go to said as they come; that they may not be read is said there, and no matter otherwise.
func (r *Runner) watch(ctx context.Context, s subject, said io.Writer) *sight {
	ctx, cancel := context.WithCancel(ctx)
	var looking sync.WaitGroup
	sight := &sight{changed: make(chan struct{}, 1), refused: make(chan error, 1), namespace: s.namespace}
	sight.stop = func() {
		cancel()
		looking.Wait()
	}
	look := func(resource schema.GroupVersionResource, selector fields.Selector, handler cache.ResourceEventHandler, refused func(error)) cache.Store {
		informer := dynamicinformer.NewFilteredDynamicInformer(r.options.Client, resource, s.namespace, 0, cache.Indexers{},
			func(o *metav1.ListOptions) { o.FieldSelector = selector.String() }).Informer()
		var denials cluster.Denials
		_ = informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) { // cannot fail before it runs
			if denials.Meant(err) && !informer.HasSynced() { // who was let in before will be again
				refused(err)
			}
			sight.wake()
		})
		registration, err := informer.AddEventHandler(handler)
		if err != nil {
			refused(err)
			return informer.GetStore()
		}
		looking.Go(func() { informer.RunWithContext(ctx) })
		looking.Go(func() {
			select {
			case <-registration.HasSyncedChecker().Done():
				sight.wake()
			case <-ctx.Done():
			}
		})
		return informer.GetStore()
	}
	wake := cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { sight.wake() }, UpdateFunc: func(any, any) { sight.wake() }, DeleteFunc: func(any) { sight.wake() },
	}
	sight.objects = look(s.resource, fields.OneTermEqualSelector("metadata.name", s.name), wake, func(err error) {
		sight.refuse(runner.Refuse("Assay may not watch %s: %v", s.place, err))
	})
	if s.conditions.Jobs {
		sight.jobs = look(batchv1.SchemeGroupVersion.WithResource("jobs"), fields.Everything(), wake, func(err error) {
			sight.refuse(runner.Refuse("the conditions look at the Jobs of %s, which Assay may not watch: %v", s.place, err))
		})
	}
	events := fields.OneTermEqualSelector("involvedObject.uid", string(s.uid))
	var once sync.Once
	look(corev1.SchemeGroupVersion.WithResource("events"), events, cache.ResourceEventHandlerFuncs{
		AddFunc:    func(event any) { tellEvent(said, event, s.uid) },
		UpdateFunc: func(_, event any) { tellEvent(said, event, s.uid) },
	}, func(err error) {
		once.Do(func() { fmt.Fprintf(said, "its events are not shown, for Assay may not watch them: %v\n", err) })
	})
	return sight
}

func (s *sight) wake() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *sight) refuse(err error) {
	select {
	case s.refused <- err:
	default:
	}
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
