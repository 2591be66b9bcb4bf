package tests

import (
	"fmt"
	"io/fs"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/assay-dev/assay/sources/render"
)

// What one file may hold, once its aliases are replaced by what they stand for. Written documents stay far below; Kustomize takes minutes or all
// memory for what is far above.
const (
	maxNodes = 100_000
	maxDepth = 200
	// minPatch is the length from which a text is taken for a patch that is written inside of a kustomization, in bytes.
	minPatch = 64
)

// guarded is a tree that refuses to read YAML that would blow up.
type guarded struct{ render.Tree }

func (g guarded) ReadFile(name string) ([]byte, error) {
	data, err := fs.ReadFile(g.Tree, name)
	if err != nil {
		return nil, err
	}
	m := measure{sizes: map[*yaml.Node]int{}}
	for _, doc := range parse(data) {
		if m.node(doc, 0); m.tooMuch != "" {
			return nil, &render.Error{Reason: render.ReasonInvalid, File: name, Line: m.line, Detail: m.tooMuch}
		}
	}
	return data, nil
}

func (g guarded) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(g.Tree, name) }
func (g guarded) Stat(name string) (fs.FileInfo, error)      { return fs.Stat(g.Tree, name) }
func (g guarded) Lstat(name string) (fs.FileInfo, error)     { return fs.Lstat(g.Tree, name) }
func (g guarded) ReadLink(name string) (string, error)       { return fs.ReadLink(g.Tree, name) }

// measure counts nodes as they will be when every alias is replaced by what it stands for.
type measure struct {
	sizes   map[*yaml.Node]int // of what aliases stand for; 0 while it is being counted
	tooMuch string
	line    int
}

// node returns the number of nodes at and below one, depth levels down.
func (m *measure) node(node *yaml.Node, depth int) int {
	if m.tooMuch != "" {
		return 0
	}
	if depth > maxDepth {
		m.refuse(node, fmt.Sprintf("is nested more than %d levels deep", maxDepth))
		return 0
	}
	size := 1
	switch {
	case node.Kind == yaml.AliasNode:
		size = m.alias(node, depth)
	case node.Kind == yaml.ScalarNode && len(node.Value) >= minPatch:
		for _, doc := range parse([]byte(node.Value)) {
			if doc.Kind != yaml.ScalarNode {
				m.node(doc, depth+1)
			}
		}
	}
	for _, inner := range node.Content {
		if size += m.node(inner, depth+1); size > maxNodes {
			m.refuse(node, fmt.Sprintf("holds more than %d values once its aliases are replaced", maxNodes))
		}
	}
	return size
}

func (m *measure) alias(node *yaml.Node, depth int) int {
	size, known := m.sizes[node.Alias]
	switch {
	case known && size == 0:
		m.refuse(node, "holds an alias of itself")
	case !known:
		m.sizes[node.Alias] = 0
		size = m.node(node.Alias, depth)
		m.sizes[node.Alias] = size
	}
	return size
}

func (m *measure) refuse(node *yaml.Node, why string) {
	if m.tooMuch == "" {
		m.tooMuch, m.line = why, node.Line
	}
}
