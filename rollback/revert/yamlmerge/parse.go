package yamlmerge

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// parse reads a file of any number of documents.
func parse(data []byte) (*node, error) {
	lines := strings.SplitAfter(string(data), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	file := &node{shape: stream, lines: lines, to: len(lines)}
	values := []any{}
	for from := 0; from < len(lines); {
		to := from + 1
		for to < len(lines) && !strings.HasPrefix(lines[to], "---") {
			to++
		}
		document, err := parseDocument(lines, from, to)
		if err != nil {
			return nil, err
		}
		file.parts = append(file.parts, document)
		values = append(values, document.value)
		from = to
	}
	file.value = values
	return file, nil
}

// parseDocument reads the one document in lines[from:to], which may be nothing but comments.
func parseDocument(lines []string, from, to int) (*node, error) {
	text := strings.Join(lines[from:to], "")
	document := &node{lines: lines, from: from, token: from - 1, to: to, key: text}
	if strings.HasPrefix(text, "---") {
		document.token = from
	}
	var parsed yaml.Node
	err := yaml.NewDecoder(strings.NewReader(text)).Decode(&parsed)
	switch {
	case errors.Is(err, io.EOF):
		return document, nil
	case err != nil:
		return nil, fmt.Errorf("document in lines %d to %d: %w", from+1, to, err)
	}
	if err := document.fill(parsed.Content[0], from); err != nil {
		return nil, err
	}
	if id, ok := identity(document.value); ok {
		document.key = id
	}
	return document, nil
}

// identity names a Kubernetes object.
func identity(value any) (string, bool) {
	object, _ := value.(map[string]any)
	metadata, _ := object["metadata"].(map[string]any)
	if object["kind"] == nil || metadata["name"] == nil {
		return "", false
	}
	return fmt.Sprintf("%v/%v/%v/%v", object["apiVersion"], object["kind"], metadata["namespace"], metadata["name"]), true
}
