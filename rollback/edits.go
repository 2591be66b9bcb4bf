package rollback

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/assay-dev/assay/sources/render"
)

// field is one place in one object: a scalar, an empty map, or a list that is taken as a whole.
type field struct{ object, path string }

func (f field) String() string { return f.object + " " + f.path }

// edit is what becomes of a field: JSON, or empty where it is not there.
type edit struct{ from, to string }

// edits is a change of a rendering, field by field.
type edits map[field]edit

// editsBetween lists the fields that differ between two renderings. Items of lists are told apart by their name, where each has one of its
// own, and which item comes before is then a field, too; other lists are one field.
func editsBetween(from, to *render.Rendering) (edits, error) {
	d := render.Compare(from, to)
	out := edits{}
	times := map[string]int{}
	for _, object := range slices.Concat(d.Removed, d.Changed, d.Added) {
		before, err := fieldsOf(object.Before)
		if err != nil {
			return nil, err
		}
		after, err := fieldsOf(object.After)
		if err != nil {
			return nil, err
		}
		name := identity(object.Object())
		if times[name]++; times[name] > 1 { // objects that differ in the version of their API only
			name = fmt.Sprintf("%s#%d", name, times[name])
		}
		for path, value := range before {
			if after[path] != value {
				out[field{name, path}] = edit{value, after[path]}
			}
		}
		for path, value := range after {
			if before[path] == "" {
				out[field{name, path}] = edit{"", value}
			}
		}
	}
	return out, nil
}

// identity names an object; the version of its API is a field.
func identity(o *render.Object) string {
	group, _, versioned := strings.Cut(o.APIVersion, "/")
	if !versioned {
		group = ""
	}
	return strings.TrimPrefix(group+"/"+o.String(), "/")
}

func fieldsOf(o *render.Object) (map[string]string, error) {
	fields := map[string]string{}
	if o == nil {
		return fields, nil
	}
	var content any
	if err := o.Decode(&content); err != nil {
		return nil, err
	}
	return fields, addFields(fields, "", content)
}

func addFields(fields map[string]string, path string, value any) error {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			if err := addFields(fields, path+"/"+escaped.Replace(key), inner); err != nil {
				return err
			}
		}
		if len(v) > 0 {
			return nil
		}
	case []any:
		names := namesOf(v)
		previous := ""
		for i, name := range names {
			at := fmt.Sprintf("%s[%s]", path, escaped.Replace(name))
			if err := addFields(fields, at, v[i]); err != nil {
				return err
			}
			fields[at+" after"] = fmt.Sprintf("%q", previous)
			previous = name
		}
		if len(names) > 0 {
			return nil
		}
	}
	text, err := json.Marshal(value)
	fields[path] = string(text)
	return err
}

// escaped keeps keys apart from the paths that they are joined into.
var escaped = strings.NewReplacer("~", "~0", "/", "~1", "[", "~2", "]", "~3", " ", "~4")

// namesOf returns the names of a list's items, or nil unless each has one of its own.
func namesOf(items []any) (names []string) {
	for _, item := range items {
		object, _ := item.(map[string]any)
		name, _ := object["name"].(string)
		if name == "" || slices.Contains(names, name) {
			return nil
		}
		names = append(names, name)
	}
	return names
}

// then adds what is done next. Where that does not begin with what there is by then, ok is false and at says where.
func (e edits) then(next edits) (at field, ok bool) {
	for f, change := range next {
		if earlier, known := e[f]; known {
			if earlier.to != change.from {
				return f, false
			}
			change.from = earlier.from
		}
		if e[f] = change; change.from == change.to {
			delete(e, f)
		}
	}
	return field{}, true
}

// equal compares two changes; at is the first field, by name, in which they differ.
func (e edits) equal(other edits) (at field, same bool) {
	var differing []field
	for f, change := range e {
		if other[f] != change {
			differing = append(differing, f)
		}
	}
	for f := range other {
		if _, known := e[f]; !known {
			differing = append(differing, f)
		}
	}
	if len(differing) == 0 {
		return field{}, true
	}
	return slices.MinFunc(differing, func(a, b field) int { return strings.Compare(a.String(), b.String()) }), false
}
