package rollout

import (
	"context"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/assay-dev/assay/sources/sync/watch"
)

func (r Ref) key() watch.Key { return watch.Key{Namespace: r.Namespace, Name: r.Name} }

// follow begins to follow a kind, in all of the cluster that may be seen.
func follow[T metav1.Object](c *Checker, resource schema.GroupVersionResource, trim func(*unstructured.Unstructured) T) *watch.Kind[T] {
	return watch.Follow(c.cluster, resource, watch.Selection{}, trim, func(watch.Key) { c.signal() })
}

// kind follows workloads of one kind, from the first time on that one is asked for.
func (c *Checker) kind(kind schema.GroupKind, resource schema.GroupVersionResource) *watch.Kind[*workload] {
	c.mu.Lock()
	defer c.mu.Unlock()
	following, found := c.workloads[resource]
	if !found {
		following = follow(c, resource, workloadOf(kind))
		c.workloads[resource] = following
	}
	return following
}

// ready is a kind of which everything is known now; the error says why not.
func ready[T metav1.Object](kind *watch.Kind[T]) (*watch.Kind[T], error) {
	if reason := kind.Reason(); reason != "" && !kind.Absent() {
		return nil, errors.New(reason)
	}
	return kind, nil
}

// known is what a watch has told of one object.
type known struct {
	found      bool
	generation int64
	seen       string // the resource version up to which the watch has told all
}

func knownOf[T metav1.Object](object T, found bool, seen string) known {
	k := known{found: found, seen: seen}
	if found {
		k.generation = object.GetGeneration()
	}
	return k
}

// confirm lets a Result pass that says that it is over only where what it goes by is fresh. One that waits needs no such care.
func (c *Checker) confirm(ctx context.Context, ref Ref, in schema.GroupVersionResource, k known, after string, r Result) (Result, error) {
	if r.State == Waiting || r.State == Held {
		return r, nil
	}
	fresh, err := c.fresh(ctx, ref, in, k, after)
	if err == nil && !fresh {
		r = waiting("its newest state was not seen yet")
	}
	return r, err
}

// fresh tells whether what is known of an object is not older than a resource version. Two watches do not keep step: that of the workloads
// may be behind the one that told that they were applied. Where it has not come that far, which is also so when there was nothing to tell,
// the object is read once past it.
func (c *Checker) fresh(ctx context.Context, ref Ref, resource schema.GroupVersionResource, k known, after string) (bool, error) {
	if after == "" || reaches(k.seen, after) || reaches(c.confirmation(ref), after) {
		return true, nil
	}
	live, err := c.live.Resource(resource).Namespace(ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		if k.found {
			return false, nil // that it is gone will be told
		}
	case err != nil:
		return false, err
	case !k.found || k.generation < live.Generation:
		return false, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.confirmed[ref] = after
	return true, nil
}

func (c *Checker) confirmation(ref Ref) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.confirmed[ref]
}

// reaches tells whether a resource version is not older than another. They are numbers of one sequence for all that is kept in one etcd;
// what looks otherwise reaches nothing.
func reaches(version, other string) bool {
	newer, err := resourceversion.CompareResourceVersion(version, other)
	return err == nil && newer >= 0
}
