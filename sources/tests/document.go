package tests

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/assay-dev/assay/sources/render"
)

// document is one rendered object on its way to become a Suite, a Gate or a Site.
type document struct {
	kind, name string
	origin     Origin
	object     map[string]any
}

// id is the kind and name, for people.
func (d *document) id() string { return d.kind + "/" + d.name }

// read takes the documents out of a rendering and reports what does not belong there.
func (c *collector) read(r *render.Rendering) []*document {
	var docs []*document
	seen := map[string]*document{}
	for i := range r.Objects {
		object := &r.Objects[i]
		d := &document{kind: object.Kind, name: object.Name, origin: Origin{File: object.Origin, Name: object.Name}}
		if err := object.Decode(&d.object); err != nil {
			c.problem(d, nil, err.Error(), "write it as a mapping")
			continue
		}
		if !c.belongs(d, object.APIVersion) {
			continue
		}
		if twin := seen[d.id()]; twin != nil {
			c.problem(d, field{"metadata", "name"}, "is rendered twice; the other is in "+twin.origin.File,
				"rename one of the two; a namespace does not tell them apart")
			continue
		}
		seen[d.id()] = d
		docs = append(docs, d)
	}
	c.findOrigins(docs)
	return docs
}

// belongs tells whether an object is one of Assay's documents, and reports it where it must not be there at all.
func (c *collector) belongs(d *document, apiVersion string) bool {
	ours := d.kind == KindSuite || d.kind == KindGate || d.kind == KindSite
	switch {
	case ours:
		return true
	case apiVersion == "v1" && d.kind == "ConfigMap":
	case apiVersion == "v1" && d.kind == "Secret":
		c.problem(d, nil, "a Secret in Git is no secret", "remove it, and refer to one of the runner's with valueFrom.secretKeyRef")
	case apiVersion == APIVersion:
		c.problem(d, field{"kind"}, fmt.Sprintf("%q is not known", d.kind), suggest(d.kind, []string{KindGate, KindSite, KindSuite}))
	default:
		c.problem(d, nil, "is neither a Suite, a Gate nor a Site",
			"take it out of the overlay; what only replacements read can be a ConfigMap, or carry the annotation config.kubernetes.io/local-config: \"true\"")
	}
	return false
}

// findOrigins finds the names that the documents have in their files.
func (c *collector) findOrigins(docs []*document) {
	type group struct{ file, kind string }
	groups := map[group][]*document{}
	for _, d := range docs {
		g := group{d.origin.File, d.kind}
		groups[g] = append(groups[g], d)
	}
	for g, docs := range groups {
		var written, final []string
		for _, node := range c.trace.sources.ofKind(g.file, g.kind) {
			if n := name(node); n != "" {
				written = append(written, n)
			}
		}
		for _, d := range docs {
			final = append(final, d.name)
		}
		names := nameOrigins(written, final)
		for _, d := range docs {
			d.origin.Name = names[d.name]
		}
	}
}

// decode checks a document's shape and stores it in doc, with defaults. What has a wrong shape is left out, so that the rest can be checked
// too; sound is then false.
func (c *collector) decode(d *document, doc checked) (sound bool) {
	wrong := map[string]bool{}
	report := func(at field, message, remedy string) {
		wrong[at.String()] = true
		c.problem(d, at, message, remedy)
	}
	if apiVersion, ok := d.object["apiVersion"].(string); ok && apiVersion != APIVersion {
		report(field{"apiVersion"}, fmt.Sprintf("%q is not known", apiVersion), "write "+APIVersion)
	}
	shape{report}.value(nil, d.object, reflect.TypeOf(doc), "")
	data, err := json.Marshal(d.object)
	if err == nil {
		err = json.Unmarshal(data, doc) // goes on after a value of a wrong type
	}
	if err != nil && len(wrong) == 0 {
		report(nil, err.Error(), "write a valid value")
	}
	doc.check(func(at field, message, remedy string) {
		if !wrong[at.String()] {
			report(at, message, remedy)
		}
	})
	doc.Default()
	return len(wrong) == 0
}
