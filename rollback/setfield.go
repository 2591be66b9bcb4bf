package rollback

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// setField writes one scalar into one object of a YAML file and leaves every other byte as it is: comments, order and style are people's.
// The mapping that the field is in must be there. An error means that it cannot be written that way.
func setField(content []byte, is func(*yaml.RNode) bool, value string, path ...string) ([]byte, error) {
	for _, object := range documents(content) {
		if !is(object) {
			continue
		}
		parent, err := object.Pipe(yaml.Lookup(path[:len(path)-1]...))
		if err != nil || parent == nil || parent.YNode().Kind != yaml.MappingNode {
			return nil, fmt.Errorf("it has no %s", strings.Join(path[:len(path)-1], "."))
		}
		edited, err := set(content, parent.YNode(), path[len(path)-1], value)
		if err != nil {
			return nil, err
		}
		return edited, holds(edited, is, value, path)
	}
	return nil, errors.New("the object is gone from it")
}

// set writes a field of a mapping into the text that the mapping was read from.
func set(content []byte, mapping *yaml.Node, key, value string) ([]byte, error) {
	lines := bytes.SplitAfter(content, []byte("\n"))
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value != key {
			continue
		}
		old := mapping.Content[i+1]
		at, err := offset(lines, old)
		if err != nil || old.Kind != yaml.ScalarNode || old.Style&^(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
			return nil, fmt.Errorf("%s is written in a way that is not edited", key)
		}
		length := len(old.Value)
		if old.Style != 0 {
			length += 2
		}
		if at+length > len(content) {
			return nil, fmt.Errorf("%s is written in a way that is not edited", key)
		}
		return splice(content, at, at+length, value), nil
	}
	if mapping.Style&yaml.FlowStyle != 0 {
		at, err := offset(lines, mapping)
		if err != nil {
			return nil, err
		}
		text := key + ": " + value
		if len(mapping.Content) > 0 {
			text += ", "
		}
		return splice(content, at+1, at+1, text), nil
	}
	return setBeside(content, lines, mapping, key+": "+value)
}

// setBeside writes a field on a line of its own into a mapping of lines: after the first field that fits into one, so that comments stay
// with what they are about, or before all.
func setBeside(content []byte, lines [][]byte, mapping *yaml.Node, text string) ([]byte, error) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		name, value := mapping.Content[i], mapping.Content[i+1]
		if value.Kind != yaml.ScalarNode || value.Line != name.Line || !bytes.HasSuffix(lines[value.Line-1], []byte("\n")) ||
			!bytes.Contains(lines[value.Line-1], []byte(value.Value)) {
			continue
		}
		at := 0
		for _, line := range lines[:value.Line] {
			at += len(line)
		}
		return splice(content, at, at, strings.Repeat(" ", name.Column-1)+text+"\n"), nil
	}
	if len(mapping.Content) == 0 {
		return nil, errors.New("there is no field to put another one beside")
	}
	first := mapping.Content[0]
	at, err := offset(lines, first)
	if err != nil {
		return nil, err
	}
	return splice(content, at, at, text+"\n"+strings.Repeat(" ", first.Column-1)), nil
}

// offset is where in the text a node begins. The parser counts characters, and lines from 1.
func offset(lines [][]byte, n *yaml.Node) (int, error) {
	if n.Line < 1 || n.Line > len(lines) {
		return 0, errors.New("it is not known where it stands")
	}
	at := 0
	for _, line := range lines[:n.Line-1] {
		at += len(line)
	}
	characters := []rune(string(lines[n.Line-1]))
	if n.Column < 1 || n.Column > len(characters) {
		return 0, errors.New("it is not known where it stands")
	}
	return at + len(string(characters[:n.Column-1])), nil
}

func splice(content []byte, from, to int, text string) []byte {
	return append(append(append([]byte{}, content[:from]...), text...), content[to:]...)
}

// holds checks that the edited text still is YAML, and says what it should.
func holds(edited []byte, is func(*yaml.RNode) bool, value string, path []string) error {
	for _, object := range documents(edited) {
		if !is(object) {
			continue
		}
		field, err := object.Pipe(yaml.Lookup(path...))
		if err == nil && field != nil && field.YNode().Value == strings.Trim(value, `"`) {
			return nil
		}
	}
	return errors.New("the edited file would not say what it should")
}
