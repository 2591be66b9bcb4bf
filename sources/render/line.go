package render

import (
	"strings"

	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
)

// lineOf finds the line, from 1, of a value under a top-level field of a YAML document, or of the field where the value is
// empty; 0 when it is not found, as in a generated file. Of field, only the name before the first [ or . counts; empty
// means anywhere.
func lineOf(data []byte, field, value string) int {
	var doc kyaml.Node
	if kyaml.Unmarshal(data, &doc) != nil || len(doc.Content) == 0 {
		return 0
	}
	top := doc.Content[0]
	if end := strings.IndexAny(field, "[."); end >= 0 {
		field = field[:end]
	}
	if field == "" {
		return scalarLine(top, value)
	}
	for i := 0; i+1 < len(top.Content); i += 2 {
		if !strings.EqualFold(top.Content[i].Value, field) {
			continue
		}
		if line := scalarLine(top.Content[i+1], value); value != "" && line > 0 {
			return line
		}
		return top.Content[i].Line
	}
	return 0
}

// scalarLine finds the first scalar that is, or as key=value ends in, the value.
func scalarLine(node *kyaml.Node, value string) int {
	if node.Kind == kyaml.ScalarNode && (node.Value == value || strings.HasSuffix(node.Value, "="+value)) {
		return node.Line
	}
	for _, child := range node.Content {
		if line := scalarLine(child, value); line > 0 {
			return line
		}
	}
	return 0
}
