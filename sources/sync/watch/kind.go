package watch

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
)

// Kind is one kind that is followed, each object cut down to a T. What it returns is shared: it must not be changed.
type Kind[T metav1.Object] struct{ *kind }

// Selection narrows what is listed of a kind.
type Selection struct {
	// Labels is a label selector, as the API server takes it; empty for all.
	Labels string
}

// Follow has a kind followed. Trim makes of an object the little that is kept of it, metadata included, of which namespace, name and
// resource version must stay (see Meta); it cannot fail, and keeps the failure instead where there is one. Notify is told of each object
// that came, changed or went, and of all at once by the zero Key when Synced or Reason may tell something else; it must not block.
func Follow[T metav1.Object](
	c *Cluster, resource schema.GroupVersionResource, selection Selection, trim func(*unstructured.Unstructured) T, notify func(Key),
) *Kind[T] {
	k := &kind{
		resource: resource, selection: selection, notify: notify,
		trim: func(u *unstructured.Unstructured) metav1.Object { return trim(u) },
		why:  absent{reason: "the cluster is not watched yet"},
	}
	c.mu.Lock()
	c.kinds = append(c.kinds, k)
	c.mu.Unlock()
	c.reconsider()
	return &Kind[T]{k}
}

// List is every object that there is, in no order.
func (k *Kind[T]) List() []T {
	var all []T
	for _, store := range k.stores() {
		objects := store.List()
		if all == nil {
			all = make([]T, 0, len(objects))
		}
		for _, object := range objects {
			all = append(all, object.(T))
		}
	}
	return all
}

// Get finds one object.
func (k *Kind[T]) Get(key Key) (object T, found bool) {
	name := cache.ObjectName{Namespace: key.Namespace, Name: key.Name}.String()
	for _, store := range k.stores() {
		if o, there, err := store.GetByKey(name); there && err == nil {
			return o.(T), true
		}
	}
	return object, false
}

// kind is what does not hang on the type that is kept.
type kind struct {
	resource  schema.GroupVersionResource
	selection Selection
	trim      func(*unstructured.Unstructured) metav1.Object
	notify    func(Key)

	mu  sync.Mutex
	now *following // nil while it is not followed, and then why says why
	why absent
}

// following is a kind that is listed and watched.
type following struct {
	uid       types.UID // of its definition
	cancel    context.CancelFunc
	informers []informer        // one for each namespace
	failures  map[attempt]error // of the last attempts; guarded by kind.mu
}

// informer is one that tells of a kind in a namespace. It has synced once it has told of every object that there was.
type informer struct {
	cache.SharedIndexInformer
	namespace string
	told      cache.ResourceEventHandlerRegistration
}

// attempt is something that the API server was asked for.
type attempt struct{ verb, namespace string }

// Synced says that every object there is is known, which includes that the cluster does not have the kind.
func (k *kind) Synced() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.synced()
}

// synced needs kind.mu.
func (k *kind) synced() bool {
	if k.now == nil {
		return k.why.sure
	}
	for _, informer := range k.now.informers {
		if !informer.told.HasSynced() {
			return false
		}
	}
	return true
}

// Reason is why objects of the kind may be missing, or be older than the cluster's; empty when there is none.
func (k *kind) Reason() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.reason()
}

// reason needs kind.mu.
func (k *kind) reason() string {
	switch {
	case k.now == nil:
		return k.why.reason
	case len(k.now.failures) > 0:
		return k.failure()
	case !k.synced():
		return fmt.Sprintf("%s were not all listed yet", k.resource.GroupResource())
	}
	return ""
}

// Stale is why the objects that are known may be older than the cluster's; empty when there is no reason, and before all
// were listed, which Reason tells.
func (k *kind) Stale() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.now == nil:
		return k.why.reason
	case len(k.now.failures) > 0 && k.synced():
		return k.failure()
	}
	return ""
}

// failure says what the API server answered, of several the first by the alphabet.
func (k *kind) failure() string {
	var first attempt
	for a := range k.now.failures {
		if first.verb == "" || a.verb < first.verb || a.verb == first.verb && a.namespace < first.namespace {
			first = a
		}
	}
	where := ""
	if first.namespace != "" {
		where = " in namespace " + first.namespace
	}
	what, err := k.resource.GroupResource(), k.now.failures[first]
	switch {
	case apierrors.IsForbidden(err):
		return fmt.Sprintf("Assay may not read %s%s: allow it to get, list and watch them (%v)", what, where, err)
	case apierrors.IsNotFound(err):
		return fmt.Sprintf("the cluster does not serve version %s of %s", k.resource.Version, what)
	}
	return fmt.Sprintf("%s %s%s: %v", first.verb, what, where, err)
}

func (k *kind) following() *following {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.now
}

func (k *kind) stores() []cache.Indexer {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.now == nil {
		return nil
	}
	stores := make([]cache.Indexer, len(k.now.informers))
	for i, informer := range k.now.informers {
		stores[i] = informer.GetIndexer()
	}
	return stores
}

func (k *kind) start(next *following) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.now = next
}

// stop forgets every object, and tells whether that is news.
func (k *kind) stop(why absent) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	changed := k.now != nil || k.why != why
	if k.now != nil {
		k.now.cancel()
	}
	k.now, k.why = nil, why
	return changed
}

// asked notes how an attempt went. Whoever is interested hears of it when that is something else than the last time. A watch begins only
// after a list, or tells by itself of all that there is: with it, that a list failed before is over.
func (k *kind) asked(ctx context.Context, by *following, a attempt, err error) {
	if ctx.Err() != nil {
		return // it ends, and the error says no more than that
	}
	k.mu.Lock()
	before := by.failures[a]
	switch {
	case err != nil:
		by.failures[a] = err
	case a.verb == "watch":
		earlier := attempt{"list", a.namespace}
		before = cmp.Or(before, by.failures[earlier])
		delete(by.failures, earlier)
		fallthrough
	default:
		delete(by.failures, a)
	}
	k.mu.Unlock()
	if (before == nil) != (err == nil) {
		k.notify(Key{})
	}
}

// informer makes the one that follows the kind in a namespace.
func (k *kind) informer(objects dynamic.Interface, by *following, namespace string) informer {
	client := objects.Resource(k.resource).Namespace(namespace)
	from := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			options.LabelSelector = k.selection.Labels
			list, err := k.list(ctx, client, options)
			k.asked(ctx, by, attempt{"list", namespace}, err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (apiwatch.Interface, error) {
			options.LabelSelector = k.selection.Labels
			events, err := client.Watch(ctx, options)
			k.asked(ctx, by, attempt{"watch", namespace}, err)
			return events, err
		},
	}
	made := cache.NewSharedIndexInformerWithOptions(
		cache.ToListWatcherWithWatchListSemantics(from, objects), &unstructured.Unstructured{},
		cache.SharedIndexInformerOptions{ObjectDescription: k.resource.String(), Indexers: indexers},
	)
	// These fail only for an informer that was started.
	_ = made.SetTransform(func(o any) (any, error) {
		switch object := o.(type) {
		case *unstructured.Unstructured:
			return k.trim(object), nil
		case trimmed:
			return object.Object, nil
		}
		return o, nil
	})
	_ = made.SetWatchErrorHandlerWithContext(func(context.Context, *cache.Reflector, error) {}) // asked notes it
	told, _ := made.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: k.tell,
		UpdateFunc: func(before, after any) {
			if before.(metav1.Object).GetResourceVersion() != after.(metav1.Object).GetResourceVersion() {
				k.tell(after)
			}
		},
		DeleteFunc: k.tell,
	})
	return informer{made, namespace, told}
}

func (k *kind) tell(o any) {
	if key, err := cache.DeletionHandlingObjectToName(o); err == nil {
		k.notify(Key{Namespace: key.Namespace, Name: key.Name})
	}
}
