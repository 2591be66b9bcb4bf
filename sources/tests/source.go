package tests

import (
	"bytes"
	"io/fs"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// sources are the YAML files of a tree with their line numbers, each read at most once.
type sources struct {
	tree  fs.FS
	files map[string][]*yaml.Node
}

func newSources(tree fs.FS) *sources { return &sources{tree: tree, files: map[string][]*yaml.Node{}} }

// documents returns the documents of a file; those that cannot be read are left out, for the build has told about them.
func (s *sources) documents(file string) []*yaml.Node {
	if docs, ok := s.files[file]; ok {
		return docs
	}
	var docs []*yaml.Node
	if ext := path.Ext(file); ext == ".yaml" || ext == ".yml" {
		if data, err := fs.ReadFile(s.tree, file); err == nil {
			docs = parse(data)
		}
	}
	s.files[file] = docs
	return docs
}

// parse returns the documents up to the first that is no YAML.
func parse(data []byte) []*yaml.Node {
	var docs []*yaml.Node
	for in := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var doc yaml.Node
		if err := in.Decode(&doc); err != nil {
			return docs
		}
		for _, top := range doc.Content {
			docs = append(docs, items(top)...)
		}
	}
}

// items are what a document stands for: itself, or what a List holds.
func items(doc *yaml.Node) []*yaml.Node {
	if _, list := child(doc, "items"); list != nil && list.Kind == yaml.SequenceNode && strings.HasSuffix(scalar(doc, "kind"), "List") {
		return list.Content
	}
	return []*yaml.Node{doc}
}

// ofKind returns the file's documents of one kind.
func (s *sources) ofKind(file, kind string) []*yaml.Node {
	var found []*yaml.Node
	for _, doc := range s.documents(file) {
		if scalar(doc, "kind") == kind {
			found = append(found, doc)
		}
	}
	return found
}

// named returns the file that a message means by a name: in the folder of the file at hand, or from the root; else the file at hand.
func (s *sources) named(name, atHand string) string {
	for _, file := range []string{path.Join(path.Dir(atHand), name), name} {
		if info, err := fs.Stat(s.tree, file); err == nil && info.Mode().IsRegular() {
			return file
		}
	}
	return atHand
}

// lineOf returns the line of a value in a file, or 0.
func (s *sources) lineOf(file, value string) int {
	for _, doc := range s.documents(file) {
		if line := lineOf(doc, value); line > 0 {
			return line
		}
	}
	return 0
}

func lineOf(node *yaml.Node, value string) int {
	if node.Kind == yaml.ScalarNode && node.Value == value {
		return node.Line
	}
	for _, inner := range node.Content {
		if line := lineOf(inner, value); line > 0 {
			return line
		}
	}
	return 0
}

// child returns a mapping's key and value nodes, or nil.
func child(node *yaml.Node, key string) (k, v *yaml.Node) {
	node = resolve(node)
	if node == nil || node.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i], resolve(node.Content[i+1])
		}
	}
	return nil, nil
}

// resolve follows an alias to what it stands for.
func resolve(node *yaml.Node) *yaml.Node {
	if node != nil && node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// scalar returns the text at a path of keys, or "".
func scalar(node *yaml.Node, keys ...string) string {
	for _, key := range keys {
		if _, node = child(node, key); node == nil {
			return ""
		}
	}
	if node.Kind != yaml.ScalarNode {
		return ""
	}
	return node.Value
}

// name is the metadata.name of a document.
func name(doc *yaml.Node) string { return scalar(doc, "metadata", "name") }
