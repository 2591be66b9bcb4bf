package tests

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// trace finds the line that a person must edit: where the origin file says what was rendered; else the patch or replacement that says so;
// else the nearest line around it.
type trace struct {
	sources *sources
	// files that the build read, those of the overlay first.
	files []string
}

// place is a line that may be the one.
type place struct {
	file  string
	line  int
	depth int  // how many steps of the field are found there
	same  bool // what stands there is what was rendered
}

func (p place) better(than place) bool {
	if p.same != than.same {
		return p.same
	}
	return p.depth > than.depth
}

func (t trace) locate(d *document, at field) (file string, line int) {
	value, present := dig(d.object, at)
	s := search{doc: d, at: at, value: value, present: present, best: place{file: d.origin.File, depth: -1}}
	for _, doc := range t.sources.ofKind(d.origin.File, d.kind) {
		if name(doc) == d.origin.Name {
			s.follow(d.origin.File, doc, at, 0, 0)
		}
	}
	for _, file := range t.files {
		if file != d.origin.File {
			for _, doc := range t.sources.documents(file) {
				s.visit(file, doc, 0)
			}
		}
	}
	return s.best.file, s.best.line
}

// search looks for one field of one document.
type search struct {
	doc     *document
	at      field
	value   any
	present bool
	best    place
}

func (s *search) offer(p place) {
	if p.better(s.best) {
		s.best = p
	}
}

// follow goes down from a node by the steps of rest, which come after the first depth steps of the field. offset is the line at which
// YAML inside of YAML begins.
func (s *search) follow(file string, node *yaml.Node, rest field, depth, offset int) {
	node = resolve(node)
	line := node.Line
	for _, step := range rest {
		var key, next *yaml.Node
		switch step := step.(type) {
		case string:
			key, next = child(node, step)
		case int:
			if node.Kind == yaml.SequenceNode && step < len(node.Content) {
				key, next = node.Content[step], resolve(node.Content[step])
			}
		}
		if next == nil {
			break
		}
		line, node = key.Line, next
		depth++
	}
	found := depth == len(s.at)
	s.offer(place{file: file, line: line + offset, depth: depth, same: found && s.says(node)})
}

// says tells whether a node holds the value that was rendered.
func (s *search) says(node *yaml.Node) bool {
	if !s.present {
		return node.Tag == yaml.NodeTagNull // a patch's way to remove
	}
	var v any
	if node.Decode(&v) != nil {
		return false
	}
	written, err := json.Marshal(v)
	if err != nil {
		return false
	}
	rendered, err := json.Marshal(s.value)
	if err != nil {
		return false
	}
	var a, b any
	return json.Unmarshal(written, &a) == nil && json.Unmarshal(rendered, &b) == nil && reflect.DeepEqual(a, b)
}

// visit looks for patches of the document and replacements in it, in whatever file, also as text inside of a kustomization.
func (s *search) visit(file string, node *yaml.Node, offset int) {
	switch node.Kind {
	case yaml.ScalarNode:
		if strings.Contains(node.Value, "\n") {
			for _, inner := range parse([]byte(node.Value)) {
				if inner.Kind != yaml.ScalarNode {
					s.visit(file, inner, offset+node.Line)
				}
			}
		}
	case yaml.SequenceNode:
		for _, item := range node.Content {
			s.visit(file, item, offset)
		}
	case yaml.MappingNode:
		if kind := scalar(node, "target", "kind"); kind != "" && kind != s.doc.kind {
			return
		}
		s.consider(file, node, offset)
		for i := 1; i < len(node.Content); i += 2 {
			s.visit(file, node.Content[i], offset)
		}
	}
}

func (s *search) consider(file string, node *yaml.Node, offset int) {
	if n := name(node); scalar(node, "kind") == s.doc.kind && (n == s.doc.name || n == s.doc.origin.Name) {
		s.follow(file, node, s.at, 0, offset)
	}
	for _, key := range []string{"namePrefix", "nameSuffix"} {
		line, affix := child(node, key)
		if affix != nil && affix.Value != "" && s.at.String() == "metadata.name" && s.doc.name != s.doc.origin.Name && strings.Contains(s.doc.name, affix.Value) {
			s.offer(place{file: file, line: line.Line + offset, depth: len(s.at), same: true})
		}
	}
	if pointer := scalar(node, "path"); scalar(node, "op") != "" && strings.HasPrefix(pointer, "/") {
		steps := strings.Split(pointer[1:], "/")
		if s.leadsTo(steps) {
			if _, value := child(node, "value"); value != nil {
				s.follow(file, value, s.at[len(steps):], len(steps), offset)
			} else {
				s.offer(place{file: file, line: node.Line + offset, depth: len(steps), same: len(steps) == len(s.at) && !s.present})
			}
		}
	}
	if _, paths := child(node, "fieldPaths"); paths != nil {
		for _, p := range paths.Content {
			if steps := strings.Split(p.Value, "."); len(steps) == len(s.at) && s.leadsTo(steps) {
				s.offer(place{file: file, line: p.Line + offset, depth: len(steps), same: true})
			}
		}
	}
}

// leadsTo tells whether the steps of a patch or a replacement are the first of the field's. A list's item is any of its names: a
// number, -, * or [key=value].
func (s *search) leadsTo(steps []string) bool {
	if len(steps) > len(s.at) {
		return false
	}
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for i, step := range steps {
		switch want := s.at[i].(type) {
		case string:
			if unescape.Replace(step) != want {
				return false
			}
		case int:
			if n, err := strconv.Atoi(step); err == nil && n != want || err != nil && !strings.ContainsAny(step, "-*[") {
				return false
			}
		}
	}
	return true
}

// dig returns what a rendered document holds at a field.
func dig(v any, at field) (value any, present bool) {
	for _, step := range at {
		switch step := step.(type) {
		case string:
			object, _ := v.(map[string]any)
			if v, present = object[step]; !present {
				return nil, false
			}
		case int:
			list, _ := v.([]any)
			if step >= len(list) {
				return nil, false
			}
			v = list[step]
		}
	}
	return v, true
}
