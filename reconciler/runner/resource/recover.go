package resource

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"

	"github.com/assay-dev/assay/reconciler/runner/cluster"
)

// Recover finds what an earlier Assay left. A Run that is asked for again adopts its object; what nobody has asked for within the time for
// orphans is deleted then, unless ctx ends before. Kinds that Assay may not list hold none of its objects.
func (r *Runner) Recover(ctx context.Context) error {
	var left map[string]func(context.Context) error
	err := cluster.Patiently(ctx, func() (err error) {
		left, err = r.left(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("find the resources of earlier runs: %w", err)
	}
	if len(left) > 0 {
		orphans := cluster.Orphans{What: "a resource", After: r.options.Orphan, Asked: r.asked, Log: r.options.Log}
		go orphans.Sweep(ctx, left)
	}
	return nil
}

func (r *Runner) asked(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, asked := r.known[id]
	return asked
}

// left says how to delete the objects of earlier Runs, by the Runs' IDs.
func (r *Runner) left(ctx context.Context) (map[string]func(context.Context) error, error) {
	kinds, err := r.kinds()
	if err != nil {
		return nil, err
	}
	found := map[string]func(context.Context) error{}
	selector := labels.SelectorFromSet(cluster.Own(r.options.Instance, component)).String()
	for _, kind := range kinds {
		for _, namespace := range r.options.Namespaces.All() {
			list, err := r.options.Client.Resource(kind).Namespace(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
			if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("list %s in %s: %w", kind.GroupResource(), namespace, err)
			}
			for _, object := range list.Items {
				at, uid := place{kind, namespace, object.GetName()}, object.GetUID()
				found[object.GetAnnotations()[cluster.RunID]] = func(ctx context.Context) error { return r.delete(ctx, at, uid) }
			}
		}
	}
	return found, nil
}

// kinds are those that a Suite may have created: whatever is namespaced and comes from a CustomResourceDefinition, and Jobs. A group whose
// server is away does not keep the others from being looked at.
func (r *Runner) kinds() ([]schema.GroupVersionResource, error) {
	lists, err := discovery.ServerPreferredNamespacedResources(r.options.Discovery)
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) {
		return nil, err
	}
	var kinds []schema.GroupVersionResource
	for _, list := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"create", "list", "delete"}}, lists) {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		custom := strings.Contains(version.Group, ".") && !strings.HasSuffix(version.Group, ".k8s.io")
		for _, resource := range list.APIResources {
			if custom || version.Group == "batch" && resource.Name == "jobs" {
				kinds = append(kinds, version.WithResource(resource.Name))
			}
		}
	}
	return kinds, nil
}
