package watch

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// Key names an object. The zero Key stands for all of a kind: any of them may have changed.
type Key = types.NamespacedName

// KeyOf names an object.
func KeyOf(object metav1.Object) Key {
	return Key{Namespace: object.GetNamespace(), Name: object.GetName()}
}

// Cluster is what is followed in one cluster. It is safe for concurrent use.
type Cluster struct {
	objects    dynamic.Interface
	metadata   metadata.Interface
	namespaces []string
	listed     atomic.Bool // all that there was, once

	mu    sync.Mutex
	ctx   context.Context // Run's, while it lasts
	kinds []*kind
	crds  definitions
	tasks sync.WaitGroup // the informers that run
}

// New follows kinds through these clients, in the given namespaces; in all of them when none is given.
func New(objects dynamic.Interface, metadata metadata.Interface, namespaces ...string) *Cluster {
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	return &Cluster{objects: objects, metadata: metadata, namespaces: slices.Compact(slices.Sorted(slices.Values(namespaces)))}
}

// NewForConfig is New with clients of its own for the cluster that config reaches.
func NewForConfig(config *rest.Config, namespaces ...string) (*Cluster, error) {
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client for %s: %w", config.Host, err)
	}
	about, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a metadata client for %s: %w", config.Host, err)
	}
	return New(objects, about, namespaces...), nil
}

// Run follows everything until ctx ends, and returns when the last informer has stopped. It is called once.
func (c *Cluster) Run(ctx context.Context) {
	c.mu.Lock()
	c.ctx = ctx
	c.mu.Unlock()
	c.tasks.Go(func() { c.followDefinitions(ctx) })
	c.reconsider()
	<-ctx.Done()
	c.mu.Lock()
	c.ctx = nil // nothing is started any more
	c.mu.Unlock()
	c.tasks.Wait()
}

// reconsider starts what the cluster has by now and stops what it has no more.
func (c *Cluster) reconsider() {
	c.mu.Lock()
	var changed []*kind
	if c.ctx != nil {
		for _, k := range c.kinds {
			if c.consider(k) {
				changed = append(changed, k)
			}
		}
	}
	c.mu.Unlock()
	for _, k := range changed {
		k.notify(Key{})
	}
}

// consider starts or stops one kind, and tells whether it did, or has another reason not to.
func (c *Cluster) consider(k *kind) bool {
	uid, absence := c.crds.of(k.resource.GroupResource())
	now := k.following()
	switch {
	case absence != nil:
		return k.stop(*absence)
	case now != nil && now.uid == uid:
		return false
	}
	k.stop(absent{})
	ctx, cancel := context.WithCancel(c.ctx)
	next := &following{uid: uid, cancel: cancel, failures: map[attempt]error{}}
	var listed []cache.DoneChecker
	for _, namespace := range c.namespaces {
		informer := k.informer(c.objects, next, namespace)
		next.informers = append(next.informers, informer)
		listed = append(listed, informer.told.HasSyncedChecker())
		c.tasks.Go(func() { informer.RunWithContext(ctx) })
	}
	k.start(next)
	c.tasks.Go(func() {
		if cache.WaitFor(ctx, "", listed...) {
			k.notify(Key{})
		}
	})
	return true
}
