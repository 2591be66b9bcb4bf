package render

//lint:file-ignore SA1019 people still write the fields that Kustomize deprecates, and it still reads them

import (
	"bytes"
	"fmt"
	"path"
	"reflect"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/yaml"
)

// pluginScan checks the documents that configure generators, transformers and validators. Only those built into Kustomize
// run here, and they must not name anything remote.
type pluginScan struct {
	*filesystem
	visited map[string]bool // folders, since this scan comes before Kustomize's own check for cycles
}

// entries checks the entries of one field: each is YAML written in place, or the path of a file or of a folder.
func (s *pluginScan) entries(from string, data []byte, field string, entries []string) error {
	for i, entry := range entries {
		field := fmt.Sprintf("%s[%d]", field, i)
		if docs := documents([]byte(entry)); len(docs) > 0 {
			if err := checkPlugins(from, data, field, docs); err != nil {
				return err
			}
			continue
		}
		if isRemoteFile(entry) || isRemoteBase(entry) {
			return &Error{Reason: ReasonRemote, File: from, Line: lineOf(data, field, entry), Field: field, Detail: remoteDetail(entry)}
		}
		if err := s.path(at(from, entry)); err != nil {
			return err
		}
	}
	return nil
}

func (s *pluginScan) path(name string) error {
	name, err := inTree(path.Join(mount, name))
	if err != nil {
		return nil // Kustomize will not find it either
	}
	found, err := s.kind(name)
	switch {
	case err != nil:
		return err
	case found == directory:
		return s.folder(name)
	case found == absent:
		return nil
	}
	data, err := s.read(name)
	if err != nil {
		return err
	}
	if _, refusal := measure(data, true); refusal != nil {
		refusal.File = name
		return refusal
	}
	return checkPlugins(name, data, "", documents(data))
}

// folder checks a kustomization that only exists to configure plugins. It may list files and folders and nothing more:
// what its own patches would make of the configuration cannot be checked before Kustomize runs.
func (s *pluginScan) folder(dir string) error {
	if s.visited[dir] {
		return nil
	}
	s.visited[dir] = true
	for _, base := range konfig.RecognizedKustomizationFileNames() {
		name := path.Join(dir, base)
		found, err := s.kind(name)
		if err != nil {
			return err
		}
		if found != file {
			continue
		}
		data, err := s.read(name)
		if err != nil {
			return err
		}
		var k types.Kustomization
		if k.Unmarshal(data) != nil {
			continue // Kustomize says what is wrong with it
		}
		plain := types.Kustomization{TypeMeta: k.TypeMeta, MetaData: k.MetaData, Resources: k.Resources, Bases: k.Bases}
		if !reflect.DeepEqual(k, plain) {
			return &Error{Reason: ReasonPlugin, File: name,
				Detail: "plugin configuration is itself transformed here, so what would run is not known; list the finished files under resources and nothing else"}
		}
		for _, entry := range append(k.Resources, k.Bases...) {
			if isRemoteFile(entry) || isRemoteBase(entry) {
				return &Error{Reason: ReasonRemote, File: name, Line: lineOf(data, "resources", entry), Field: "resources", Detail: remoteDetail(entry)}
			}
			if err := s.path(at(name, entry)); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkPlugins refuses configuration of anything but a plugin that is built in and stays within the tree.
func checkPlugins(name string, data []byte, field string, docs []map[string]any) error {
	for _, doc := range docs {
		kind, _ := doc["kind"].(string)
		if items, ok := doc["items"].([]any); ok && strings.HasSuffix(kind, "List") {
			var inner []map[string]any
			for _, item := range items {
				if object, ok := item.(map[string]any); ok {
					inner = append(inner, object)
				}
			}
			if err := checkPlugins(name, data, field, inner); err != nil {
				return err
			}
			continue
		}
		if doc["apiVersion"] != konfig.BuiltinPluginApiVersion {
			return &Error{Reason: ReasonPlugin, File: name, Line: pluginLine(data, field, kind), Field: field,
				Detail: fmt.Sprintf("%v %s is a program or a container that Kustomize would run; commit what it produces, or use what Kustomize has built in", doc["apiVersion"], kind)}
		}
		if kind == "HelmChartInflationGenerator" {
			return &Error{Reason: ReasonChart, File: name, Line: pluginLine(data, field, kind), Field: field, Detail: chartDetail}
		}
		if remote := remotePath(doc); remote != "" {
			return &Error{Reason: ReasonRemote, File: name, Line: pluginLine(data, field, remote), Field: field, Detail: remoteDetail(remote)}
		}
	}
	return nil
}

// pluginLine finds a value in a file of plugin configuration, or the field of the kustomization that holds it in place.
func pluginLine(data []byte, field, value string) int {
	if field != "" {
		return lineOf(data, field, "")
	}
	return lineOf(data, "", value)
}

// remotePath finds what a built-in plugin's configuration would fetch. Keys are matched as Kustomize's decoder does,
// whatever their case.
func remotePath(value any) string {
	object, _ := value.(map[string]any)
	for key, value := range object {
		switch strings.ToLower(key) {
		case "path", "paths", "files", "envs", "env", "targetfilepath", "valuesfile":
			for _, text := range texts(value) {
				if isRemoteFile(sourcePath(text)) || isRemoteFile(text) {
					return text
				}
			}
		case "replacements":
			list, _ := value.([]any)
			for _, item := range list {
				if remote := remotePath(item); remote != "" {
					return remote
				}
			}
		case "kvpairsources":
			if remote := remotePath(value); remote != "" {
				return remote
			}
		}
	}
	return ""
}

// texts returns the strings in a string or a list of strings.
func texts(value any) []string {
	switch value := value.(type) {
	case string:
		return []string{value}
	case []any:
		var all []string
		for _, item := range value {
			all = append(all, texts(item)...)
		}
		return all
	}
	return nil
}

// documents returns the objects in a YAML stream up to the first that does not parse, where Kustomize stops too.
func documents(data []byte) []map[string]any {
	var docs []map[string]any
	for decoder := kyaml.NewDecoder(bytes.NewReader(data)); ; {
		var node kyaml.Node
		if decoder.Decode(&node) != nil {
			return docs
		}
		text, err := kyaml.Marshal(&node)
		if err != nil {
			return docs
		}
		var doc map[string]any
		if yaml.Unmarshal(text, &doc) == nil && doc != nil {
			docs = append(docs, doc)
		}
	}
}
