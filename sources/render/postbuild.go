package render

import (
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/fluxcd/pkg/envsubst"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/yaml"
)

// substituteKey, as a label or an annotation with the value "disabled", keeps an object out of the substitution.
const substituteKey = "kustomize.toolkit.fluxcd.io/substitute"

var variableName = regexp.MustCompile(`^[_[:alpha:]][_[:alpha:][:digit:]]*$`)

// postBuild does what kustomize-controller does between building and applying: variables, then common metadata.
func postBuild(s *Settings, built resmap.ResMap) error {
	variables, err := s.PostBuild.variables()
	if err != nil {
		return err
	}
	for _, object := range built.Resources() {
		if len(variables) > 0 || s.PostBuild != nil && s.PostBuild.Always {
			if err := substitute(object, variables, s.PostBuild.Strict); err != nil {
				return &Error{Reason: ReasonVariables, Field: "postBuild",
					Detail: fmt.Sprintf("%s: %v", object.CurId(), err)}
			}
		}
		if s.CommonMetadata == nil {
			continue
		}
		labels, annotations := object.GetLabels(), object.GetAnnotations()
		maps.Copy(labels, s.CommonMetadata.Labels)
		maps.Copy(annotations, s.CommonMetadata.Annotations)
		if err := object.SetLabels(labels); err != nil {
			return fmt.Errorf("label %s: %w", object.CurId(), err)
		}
		if err := object.SetAnnotations(annotations); err != nil {
			return fmt.Errorf("annotate %s: %w", object.CurId(), err)
		}
	}
	return nil
}

// variables merges the two sources. Line breaks go, as Flux drops them.
func (p *PostBuild) variables() (map[string]string, error) {
	if p == nil {
		return nil, nil
	}
	merged := map[string]string{}
	for _, source := range []map[string]string{p.From, p.Substitute} {
		for name, value := range source {
			if !variableName.MatchString(name) {
				return nil, &Error{Reason: ReasonVariables, Field: "postBuild.substitute",
					Detail: fmt.Sprintf("%q is no name for a variable; it must match %s", name, variableName)}
			}
			merged[name] = strings.ReplaceAll(value, "\n", "")
		}
	}
	return merged, nil
}

func substitute(object *resource.Resource, variables map[string]string, strict bool) error {
	if object.GetLabels()[substituteKey] == "disabled" || object.GetAnnotations()[substituteKey] == "disabled" {
		return nil
	}
	text, err := object.AsYAML()
	if err != nil {
		return err
	}
	replaced, err := envsubst.Eval(string(text), func(name string) (string, bool) {
		value, known := variables[name]
		return value, known || !strict
	})
	if err != nil {
		return err
	}
	data, err := yaml.YAMLToJSON([]byte(replaced))
	if err != nil {
		return err
	}
	return object.UnmarshalJSON(data)
}
