package flux

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// dataResources are the kinds that hold values, by the name that references to them use.
var dataResources = map[string]schema.GroupVersionResource{
	"ConfigMap": {Version: "v1", Resource: "configmaps"},
	"Secret":    {Version: "v1", Resource: "secrets"},
}

// unreadable says why the content of a ConfigMap or Secret is not known, and will not be by asking again.
type unreadable struct {
	reason  string
	missing bool // it is not there
}

func (e *unreadable) Error() string { return e.reason }

// data is what a ConfigMap or Secret holds. The errors are those of object.
func (s *Source) data(ctx context.Context, kind, namespace, name string) (map[string]string, error) {
	object, err := s.object(ctx, kind, namespace, name)
	if err != nil {
		return nil, err
	}
	return content(object)
}

// object reads a ConfigMap or Secret, past all caches. The error is *unreadable where it is not there or may not be read.
func (s *Source) object(ctx context.Context, kind, namespace, name string) (*unstructured.Unstructured, error) {
	resource, known := dataResources[kind]
	if !known {
		return nil, &unreadable{reason: fmt.Sprintf("%s %s is of a kind that holds no values", kind, name)}
	}
	object, err := s.objects.Resource(resource).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil, &unreadable{reason: fmt.Sprintf("%s %s/%s is not there", kind, namespace, name), missing: true}
	case apierrors.IsForbidden(err):
		return nil, &unreadable{reason: fmt.Sprintf("%s %s/%s may not be read by Assay", kind, namespace, name)}
	case err != nil:
		return nil, fmt.Errorf("read %s %s/%s: %w", kind, namespace, name, err)
	}
	return object, nil
}

// content is what an object of dataResources holds, decoded.
func content(object *unstructured.Unstructured) (map[string]string, error) {
	values, _, err := unstructured.NestedStringMap(object.Object, "data")
	if err != nil {
		return nil, &unreadable{reason: fmt.Sprintf("%s %s/%s holds something else than text", object.GetKind(), object.GetNamespace(), object.GetName())}
	}
	if object.GetKind() != "Secret" {
		return values, nil
	}
	for key, encoded := range values {
		decoded, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, &unreadable{reason: fmt.Sprintf("Secret %s/%s: %s is not base64", object.GetNamespace(), object.GetName(), key)}
		}
		values[key] = string(decoded)
	}
	return values, nil
}

// variables are those that postBuild.substituteFrom finds in the cluster, later ones winning. Unknown says which cannot be known.
func (s *Source) variables(ctx context.Context, k *kustomization) (found map[string]string, unknown string, err error) {
	if k.spec.PostBuild == nil {
		return nil, "", nil
	}
	for _, from := range k.spec.PostBuild.SubstituteFrom {
		values, err := s.data(ctx, from.Kind, k.Namespace, from.Name)
		var never *unreadable
		switch {
		case errors.As(err, &never):
			if !from.Optional || !never.missing {
				unknown = "spec.postBuild.substituteFrom: " + never.reason
			}
			continue
		case err != nil:
			return nil, "", err
		}
		if found == nil {
			found = map[string]string{}
		}
		maps.Copy(found, values)
	}
	return found, unknown, nil
}
