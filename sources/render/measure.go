package render

import (
	"bytes"
	"fmt"

	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
)

// minText is the length from which a text within a kustomization is taken for YAML, such as a patch, in bytes.
const minText = 64

// measure returns how many values a file of YAML holds once every alias is replaced by what it stands for, or refuses
// what no document may hold. Of a file that is small by the look of it, the number is a guess within a factor of three.
// With texts, the texts among the values are measured, too, since Kustomize may parse them.
func measure(data []byte, texts bool) (values int, refusal *Error) {
	if marks, small := glance(data); small && !texts {
		return marks, nil
	}
	m := ruler{texts: texts}
	m.stream(data)
	return m.values, m.refusal
}

// glance counts the marks that begin values in YAML, at most three each, and tells without parsing it whether it is
// within the limits of a document for certain: it has no anchor and hence no alias, few marks, and too few brackets and
// too narrow margins for deep nesting.
func glance(data []byte) (marks int, small bool) {
	brackets, margin, widest := 0, 0, 0
	inMargin := true
	for i, c := range data {
		switch c {
		case '\n', '\r':
			margin, inMargin = 0, true
			continue
		case '[', '{':
			brackets++
			marks++
		case ',', ':', '-', '?':
			marks++
		case '&':
			if i+1 < len(data) && data[i+1] > ' ' && data[i+1] != '&' {
				return marks, false
			}
		case 0, 0xFE, 0xFF: // UTF-16
			return marks, false
		case 0x85, 0xA8, 0xA9: // the last bytes of line breaks beyond ASCII
			if bytes.HasSuffix(data[:i], []byte{0xC2}) || bytes.HasSuffix(data[:i], []byte{0xE2, 0x80}) {
				return marks, false
			}
		}
		if inMargin = inMargin && bytes.IndexByte([]byte(" \t-?:"), c) >= 0; inMargin {
			margin++
			widest = max(widest, margin)
		}
	}
	return marks, marks <= maxKeys && brackets+2*(widest+1) < maxDepth
}

// extent is what lies at and below a value.
type extent struct{ values, depth int }

// ruler measures YAML.
type ruler struct {
	texts    bool
	anchored map[*kyaml.Node]extent
	values   int
	refusal  *Error
}

// stream measures the documents of a file, or of a text within one. Kustomize cuts resources apart at lines that begin
// with three dashes before it parses them, other files not, and that may make a difference.
func (m *ruler) stream(data []byte) {
	m.documents(data)
	if parts := bytes.Split(data, []byte("\n---")); len(parts) > 1 {
		for _, part := range parts {
			m.documents(part)
		}
	}
}

// documents measures documents up to the first that is no YAML.
func (m *ruler) documents(data []byte) {
	for decoder := kyaml.NewDecoder(bytes.NewReader(data)); m.refusal == nil; {
		var doc kyaml.Node
		if decoder.Decode(&doc) != nil {
			return
		}
		m.anchored = map[*kyaml.Node]extent{}
		m.values += m.node(&doc).values
	}
}

func (m *ruler) node(node *kyaml.Node) extent {
	if node.Kind == kyaml.AliasNode {
		known := m.anchored[node.Alias]
		if known == (extent{}) { // still being measured
			m.refuse(node, "holds an alias of itself; write out what is meant")
		}
		return known
	}
	if m.texts && node.Kind == kyaml.ScalarNode && len(node.Value) >= minText {
		m.text(node)
	}
	if node.Kind == kyaml.MappingNode && len(node.Content) > 2*maxKeys {
		m.refuse(node, fmt.Sprintf("holds more than %d keys; split it", maxKeys))
	}
	of := extent{values: 1, depth: 1}
	for _, child := range node.Content {
		if m.refusal != nil {
			break
		}
		inner := m.node(child)
		of.values += inner.values
		of.depth = max(of.depth, inner.depth+1)
		if of.values > maxValues {
			m.refuse(child, fmt.Sprintf("holds more than %d values once its aliases are replaced; split it, or use fewer aliases", maxValues))
		}
		if of.depth > maxDepth {
			m.refuse(child, fmt.Sprintf("is nested more than %d levels deep; make it flatter", maxDepth))
		}
	}
	if node.Anchor != "" {
		m.anchored[node] = of
	}
	return of
}

// text measures YAML within YAML.
func (m *ruler) text(node *kyaml.Node) {
	inner := ruler{}
	inner.stream([]byte(node.Value))
	m.values += inner.values
	if inner.refusal != nil {
		m.refuse(node, inner.refusal.Detail)
	}
}

func (m *ruler) refuse(node *kyaml.Node, detail string) {
	if m.refusal == nil {
		m.refusal = &Error{Reason: ReasonLimit, Line: node.Line, Detail: detail}
	}
}
