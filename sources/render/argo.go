package render

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/yaml"
)

// argo builds a source as Argo CD's repo-server does: as the Application says, or as what lies in the folder suggests.
func (f *filesystem) argo() ([]*resource.Resource, error) {
	if inputs := f.settings.Application.Inputs; len(inputs) > 0 {
		return nil, f.readInputs(inputs)
	}
	source, err := f.source()
	if err != nil {
		return nil, err
	}
	switch tool, err := f.tool(source); {
	case err != nil:
		return nil, err
	case tool == "plugin":
		return nil, &Error{Reason: ReasonPlugin, Field: "plugin",
			Detail: "a config management plugin is a program that Argo CD runs; commit what it produces for its result to be known here"}
	case tool == "helm":
		return f.chart(source.Helm)
	case tool == "kustomize":
		f.options = source.Kustomize
		built, err := f.kustomize()
		if err != nil {
			return nil, err
		}
		return built.Resources(), nil
	}
	return f.manifests(source.Directory)
}

// readInputs makes files part of the closure that are built from elsewhere.
func (f *filesystem) readInputs(names []string) error {
	for _, name := range names {
		if _, err := f.kind(path.Join(f.build, name)); err != nil {
			return err
		}
	}
	return &Error{Reason: ReasonUnknown, Detail: "these files are values of a chart that lies elsewhere, so what they render is not known from this commit"}
}

// source is what the Application says, with the parameter files of the folder merged into it: first the one for all Applications, then
// the Application's own.
func (f *filesystem) source() (*ApplicationSource, error) {
	app := f.settings.Application
	merged := app.Source
	for _, base := range []string{".argocd-source.yaml", ".argocd-source-" + app.instance() + ".yaml"} {
		name := path.Join(f.build, base)
		found, err := f.kind(name)
		if err != nil {
			return nil, err
		}
		if found != file {
			continue
		}
		data, err := f.read(name)
		if err != nil {
			return nil, err
		}
		if merged, err = mergeSource(merged, data); err != nil {
			return nil, &Error{Reason: ReasonInvalid, File: name, Detail: err.Error()}
		}
	}
	return &merged, nil
}

// mergeSource applies a JSON merge patch (RFC 7386), written as YAML.
func mergeSource(source ApplicationSource, patch []byte) (merged ApplicationSource, err error) {
	var changes, fields map[string]any
	if err := yaml.Unmarshal(patch, &changes); err != nil {
		return merged, err
	}
	whole, err := json.Marshal(source)
	if err != nil {
		return merged, err
	}
	if err := json.Unmarshal(whole, &fields); err != nil {
		return merged, err
	}
	if whole, err = json.Marshal(mergePatch(fields, changes)); err != nil {
		return merged, err
	}
	return merged, json.Unmarshal(whole, &merged)
}

func mergePatch(into, changes map[string]any) map[string]any {
	merged := maps.Clone(into)
	if merged == nil {
		merged = map[string]any{}
	}
	for key, change := range changes {
		switch change := change.(type) {
		case nil:
			delete(merged, key)
		case map[string]any:
			before, _ := merged[key].(map[string]any)
			merged[key] = mergePatch(before, change)
		default:
			merged[key] = change
		}
	}
	return merged
}

// tool is what builds the source: the one that it has options for, else the one that the folder looks like.
func (f *filesystem) tool(source *ApplicationSource) (string, error) {
	var said []string
	for _, option := range []struct {
		tool  string
		given bool
	}{
		{"kustomize", source.Kustomize != nil}, {"helm", source.Helm != nil}, {"directory", source.Directory != nil}, {"plugin", source.Plugin != nil},
	} {
		if option.given {
			said = append(said, option.tool)
		}
	}
	switch len(said) {
	case 1:
		return said[0], nil
	case 0:
		return f.looksLike()
	}
	return "", &Error{Reason: ReasonInvalid,
		Detail: fmt.Sprintf("the source has options for %s; Argo CD takes those of one tool only", strings.Join(said, " and "))}
}

func (f *filesystem) looksLike() (string, error) {
	if found, err := f.kind(f.build); err != nil || found != directory {
		return "", orMissing(err)
	}
	if found, err := f.kind(path.Join(f.build, chartFile)); err != nil || found == file {
		return "helm", err
	}
	if own, err := f.hasKustomization(f.build); err != nil || own {
		return "kustomize", err
	}
	return "directory", nil
}

func orMissing(err error) error {
	if err != nil {
		return err
	}
	return missingFolder()
}

// substitute puts the values of Argo CD's build environment into a text. Those that differ from commit to commit, or that Argo CD's own
// settings give, are not known here.
func (f *filesystem) substitute(field, text string) (string, error) {
	app, unknown := f.settings.Application, ""
	substituted := os.Expand(text, func(name string) string {
		switch {
		case name == "$":
			return "$"
		case name == "ARGOCD_APP_NAME":
			return app.instance()
		case name == "ARGOCD_APP_NAMESPACE":
			return app.Namespace
		case strings.HasPrefix(name, "ARGOCD_") || strings.HasPrefix(name, "KUBE_"):
			unknown = name
		}
		return ""
	})
	if unknown != "" {
		return "", &Error{Reason: ReasonVariables, Field: field,
			Detail: fmt.Sprintf("$%s is not known from the commit, so what is built is not either; write the value down", unknown)}
	}
	return substituted, nil
}
