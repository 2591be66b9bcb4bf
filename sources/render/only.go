package render

import (
	"cmp"
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/api/resource"
)

// narrow keeps of what was built the objects of Settings.Only, and what they name themselves: the values, the chart and the chart's source
// of a HelmRelease. Names are followed within this build, so that generated ones, which change with their content, are found in each.
func narrow(built []*resource.Resource, only []ObjectRef) ([]*resource.Resource, error) {
	if only == nil {
		return built, nil
	}
	wanted := slices.Clone(only)
	for _, object := range built {
		if !slices.ContainsFunc(only, func(r ObjectRef) bool { return r.is(object) }) {
			continue
		}
		named, err := namedBy(object)
		if err != nil {
			return nil, fmt.Errorf("find what %s names: %w", object.CurId(), err)
		}
		wanted = append(wanted, named...)
	}
	var kept []*resource.Resource
	for _, object := range built {
		if slices.ContainsFunc(wanted, func(r ObjectRef) bool { return r.is(object) }) {
			kept = append(kept, object)
		}
	}
	return kept, nil
}

// is tells whether a reference names an object. One that names no namespace gets it when it is applied.
func (r ObjectRef) is(object *resource.Resource) bool {
	gvk := object.GetGvk()
	namespace := object.GetNamespace()
	return r.Kind == gvk.Kind && (r.Group == "" || r.Group == gvk.Group) && r.Name == object.GetName() &&
		(namespace == "" || namespace == r.Namespace)
}

// namedBy is what an object names in the fields of a HelmRelease; the group is left out, as there.
func namedBy(object *resource.Resource) ([]ObjectRef, error) {
	content, err := object.Map()
	if err != nil {
		return nil, err
	}
	spec, _ := content["spec"].(map[string]any)
	chart, _ := spec["chart"].(map[string]any)
	template, _ := chart["spec"].(map[string]any)
	candidates := []any{spec["chartRef"], template["sourceRef"]}
	values, _ := spec["valuesFrom"].([]any)
	var named []ObjectRef
	for _, candidate := range append(candidates, values...) {
		fields, _ := candidate.(map[string]any)
		kind, _ := fields["kind"].(string)
		name, _ := fields["name"].(string)
		namespace, _ := fields["namespace"].(string)
		if kind != "" && name != "" {
			named = append(named, ObjectRef{Kind: kind, Namespace: cmp.Or(namespace, object.GetNamespace()), Name: name})
		}
	}
	return named, nil
}
