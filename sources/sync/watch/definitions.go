package watch

import (
	"context"
	"fmt"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"
)

// crdResource is where CustomResourceDefinitions are. Only their metadata is read: their schemas would take more memory than everything
// else.
var crdResource = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// definitions are the CustomResourceDefinitions of the cluster.
type definitions struct {
	mu     sync.Mutex
	known  bool // they were listed
	hidden bool // they may not be listed: every kind counts as there, and its own list tells otherwise
	why    string
	uids   map[string]types.UID // by name
}

// absent is why a kind is not followed.
type absent struct {
	reason string
	sure   bool // the cluster does not have it; otherwise that is not known
}

// of is the identity of what defines a resource, empty for one that is not seen to be defined; or why it is not followed. What the API
// server brings itself needs no definition, and is told by its group: that of a CustomResourceDefinition must hold a dot.
func (d *definitions) of(resource schema.GroupResource) (types.UID, *absent) {
	d.mu.Lock()
	defer d.mu.Unlock()
	uid, found := d.uids[resource.String()]
	switch {
	case !strings.Contains(resource.Group, "."):
		return "", nil
	case found || d.hidden:
		return uid, nil
	case !d.known:
		return "", &absent{reason: "which kinds the cluster has is not known yet" + d.why}
	}
	return "", &absent{reason: fmt.Sprintf("the cluster has no %s", resource), sure: true}
}

// update changes what is known under the lock.
func (d *definitions) update(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

// followDefinitions keeps the definitions up to date until ctx ends.
func (c *Cluster) followDefinitions(ctx context.Context) {
	d := &c.crds
	d.update(func() { d.uids = map[string]types.UID{} })
	informer := metadatainformer.NewFilteredMetadataInformer(c.metadata, crdResource, "", 0, cache.Indexers{}, nil).Informer()
	// Both setters fail only for an informer that was started.
	_ = informer.SetTransform(func(o any) (any, error) {
		if crd, ok := o.(*metav1.PartialObjectMetadata); ok {
			crd.ObjectMeta = metav1.ObjectMeta{Name: crd.Name, UID: crd.UID, ResourceVersion: crd.ResourceVersion}
		}
		return o, nil
	})
	_ = informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
		d.update(func() {
			if !d.known { // later on, what was listed is still the best that is known
				d.hidden, d.why = apierrors.IsForbidden(err), ": "+err.Error()
			}
		})
		c.reconsider()
	})
	seen, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { c.defined(o) },
		UpdateFunc: func(_, o any) { c.defined(o) },
		DeleteFunc: func(o any) { c.undefined(o) },
	})
	if err != nil { // as with the setters
		return
	}
	c.tasks.Go(func() {
		if cache.WaitFor(ctx, "", seen.HasSyncedChecker()) {
			d.update(func() { d.known, d.hidden, d.why = true, false, "" })
			c.reconsider()
		}
	})
	informer.RunWithContext(ctx)
}

// defined notes a definition. Until all were listed nothing is started: that is done for all at once.
func (c *Cluster) defined(o any) {
	crd, ok := o.(metav1.Object)
	if !ok {
		return
	}
	changed := false
	c.crds.update(func() {
		changed = c.crds.uids[crd.GetName()] != crd.GetUID() && c.crds.known
		c.crds.uids[crd.GetName()] = crd.GetUID()
	})
	if changed {
		c.reconsider()
	}
}

func (c *Cluster) undefined(o any) {
	name, err := cache.DeletionHandlingMetaNamespaceKeyFunc(o)
	if err != nil {
		return
	}
	c.crds.update(func() { delete(c.crds.uids, name) })
	c.reconsider()
}
