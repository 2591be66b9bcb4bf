package yamlmerge

import (
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// shape says into what parts a node can be taken apart.
type shape uint8

const (
	atom     shape = iota // none
	mapping               // entries, by key
	sequence              // items
	stream                // documents
)

// node is a part of a YAML file: a run of whole lines and the value in them.
type node struct {
	shape shape
	value any
	lines []string // of the whole file

	from   int // its first line, with the comments above it
	token  int // the line that it begins on
	to     int // the line after its last
	column int // where it begins on its line, from 0

	key   string // tells it from its neighbours
	named string // the field that the items of a sequence are told apart by; "" if by their values
	parts []*node
}

func (n *node) text() []string { return n.lines[n.from:n.to] }

// head is what comes before the first part.
func (n *node) head() []string { return n.lines[n.from:n.parts[0].from] }

// index finds parts by key; nil if two have the same.
func (n *node) index() map[string]*node {
	parts := make(map[string]*node, len(n.parts))
	for _, p := range n.parts {
		if parts[p.key] != nil {
			return nil
		}
		parts[p.key] = p
	}
	return parts
}

// take decides for n as it is, indented to column.
func (n *node) take(column int) decision {
	d := decision{lines: n.text(), value: n.value}
	if column == n.column {
		return d
	}
	lines := make([]string, len(d.lines))
	for i, line := range d.lines {
		bare := strings.TrimLeft(line, " ")
		indent := max(0, len(line)-len(bare)+column-n.column)
		if strings.TrimSpace(bare) == "" {
			indent = 0
		}
		lines[i] = strings.Repeat(" ", indent) + bare
	}
	return decision{lines: lines, value: n.value}
}

// fill takes from what was parsed the value and the parts of n, whose lines are known. The lines of content count from
// offset.
func (n *node) fill(content *yaml.Node, offset int) error {
	if err := content.Decode(&n.value); err != nil {
		return fmt.Errorf("line %d: %w", offset+content.Line, err)
	}
	if content.Style&yaml.FlowStyle != 0 || len(content.Content) == 0 || content.Anchor != "" {
		return nil
	}
	var values []*yaml.Node
	switch content.Kind {
	case yaml.MappingNode:
		for i := 0; i < len(content.Content); i += 2 {
			key := content.Content[i]
			if key.Tag != yaml.NodeTagString {
				return nil
			}
			n.parts = append(n.parts, &node{key: key.Value, token: offset + key.Line - 1, column: key.Column - 1})
			values = append(values, content.Content[i+1])
		}
		n.shape = mapping
	case yaml.SequenceNode:
		for _, item := range content.Content {
			n.parts = append(n.parts, &node{token: offset + item.Line - 1, column: content.Column - 1})
		}
		values = content.Content
		n.shape = sequence
	default:
		return nil
	}
	return n.divide(values, offset)
}

// divide gives every part its lines, and fills it.
func (n *node) divide(values []*yaml.Node, offset int) error {
	above := n.token
	for i, p := range n.parts {
		p.lines, p.from, p.to = n.lines, p.token, n.to
		if p.token == above && i == 0 {
			p.from = n.from
		}
		for p.from-1 > above && isComment(n.lines[p.from-1], p.column) {
			p.from--
		}
		if i > 0 {
			n.parts[i-1].to = p.from
		}
		above = p.token
	}
	for i, p := range n.parts {
		if err := p.fill(values[i], offset); err != nil {
			return err
		}
	}
	if n.shape == sequence {
		n.nameItems()
	}
	return nil
}

// isComment says whether a line is a comment that begins at column, and so belongs to what begins there too.
func isComment(line string, column int) bool {
	bare := strings.TrimLeft(line, " ")
	return strings.HasPrefix(bare, "#") && len(line)-len(bare) == column
}

// identifying are the fields that tell items of Kubernetes lists apart.
var identifying = [...]string{"name", "key", "mountPath", "devicePath", "containerPort", "topologyKey", "ip", "type"}

// nameItems gives every item of a sequence its key.
func (n *node) nameItems() {
	for _, field := range identifying {
		if n.nameBy(field) {
			n.named = field
			return
		}
	}
	for _, p := range n.parts {
		p.key = fmt.Sprintf("%#v", p.value)
	}
}

// nameBy uses one field for the key; false if it does not tell all items apart.
func (n *node) nameBy(field string) bool {
	seen := map[any]bool{}
	for _, p := range n.parts {
		fields, _ := p.value.(map[string]any)
		id := fields[field]
		switch id.(type) {
		case string, int:
		default:
			return false
		}
		if seen[id] {
			return false
		}
		seen[id] = true
		p.key = fmt.Sprint(id)
	}
	return true
}
