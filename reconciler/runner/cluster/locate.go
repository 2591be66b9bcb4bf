package cluster

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/assay-dev/assay/reconciler/runner"
)

// Locate finds the API of a kind whose objects are parts of a namespace, asking the cluster anew when the kind is not known. Where there
// is none, or its objects are parts of no namespace, the error is a *runner.Refusal.
func Locate(ctx context.Context, mapper meta.ResettableRESTMapper, kind schema.GroupVersionKind) (schema.GroupVersionResource, error) {
	var mapping *meta.RESTMapping
	err := Patiently(ctx, func() (err error) {
		if mapping, err = mapper.RESTMapping(kind.GroupKind(), kind.Version); meta.IsNoMatchError(err) {
			mapper.Reset()
			mapping, err = mapper.RESTMapping(kind.GroupKind(), kind.Version)
		}
		return err
	})
	switch {
	case meta.IsNoMatchError(err):
		return schema.GroupVersionResource{}, runner.Refuse("the cluster has no kind %s of %s: install its CustomResourceDefinition and controller", kind.Kind, kind.GroupVersion())
	case err != nil:
		return schema.GroupVersionResource{}, fmt.Errorf("look for the API of kind %s of %s: %w", kind.Kind, kind.GroupVersion(), err)
	case mapping.Scope.Name() != meta.RESTScopeNameNamespace:
		return schema.GroupVersionResource{}, runner.Refuse("a %s of %s is no part of a namespace, and a Suite creates only what is: such objects are the operator's",
			kind.Kind, kind.GroupVersion())
	}
	return mapping.Resource, nil
}
