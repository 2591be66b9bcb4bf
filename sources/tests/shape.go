package tests

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"
)

// shape compares what was read with the Go types that describe the documents, and reports every difference. The rules stand beside the
// fields, in struct tags: jsonschema for those that the JSON Schema for editors is made of too, must for the words that people read
// when a pattern does not match, excludes for a field that may not stand beside this one, path for what is a glob or a folder.
type shape struct {
	report func(at field, message, remedy string)
}

// rules are the constraints in one field's jsonschema tag: repeated keys keep all their values.
type rules map[string][]string

func readRules(tag reflect.StructTag) rules {
	r := rules{}
	for rule := range strings.SplitSeq(tag.Get("jsonschema"), ",") {
		key, value, _ := strings.Cut(rule, "=")
		r[key] = append(r[key], value)
	}
	return r
}

// number returns a bound; ok is false when the tag has none.
func (r rules) number(key string) (bound float64, ok bool) {
	values := r[key]
	if len(values) == 0 {
		return 0, false
	}
	bound, err := strconv.ParseFloat(values[0], 64)
	return bound, err == nil
}

func (s shape) value(at field, v any, t reflect.Type, tag reflect.StructTag) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Interface {
		return // whatever a resource of another kind holds
	}
	if v == nil {
		s.report(at, "has no value", "give it one, or remove the line")
		return
	}
	if t == reflect.TypeFor[Duration]() {
		s.duration(at, v)
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		s.object(at, v, t)
	case reflect.Map:
		s.table(at, v, t, tag)
	case reflect.Slice:
		s.list(at, v, t, tag)
	case reflect.String:
		s.text(at, v, tag)
	case reflect.Bool:
		s.flag(at, v, tag)
	case reflect.Interface: // is passed on as it is; whom it is for knows its fields
	default:
		s.number(at, v, t, tag)
	}
}

func (s shape) duration(at field, v any) {
	if _, err := parseDuration(v); err != nil {
		s.report(at, err.Error(), "write one such as 30s, 1h30m or 12h")
	}
}

func (s shape) flag(at field, v any, tag reflect.StructTag) {
	flag, ok := v.(bool)
	switch allowed := readRules(tag)["enum"]; {
	case !ok:
		s.mistyped(at, v, "true or false", "write true or false, without quotes")
	case allowed != nil && !slices.Contains(allowed, strconv.FormatBool(flag)):
		s.report(at, fmt.Sprintf("%t says nothing", flag), "write "+allowed[0]+", or remove the line")
	}
}

func (s shape) object(at field, v any, t reflect.Type) {
	object, ok := v.(map[string]any)
	if !ok {
		s.mistyped(at, v, "a mapping", "write its fields as key: value lines below it")
		return
	}
	known := fieldsOf(t)
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if f, ok := known[key]; ok {
			s.value(at.at(key), object[key], f.Type, f.Tag)
		} else {
			s.report(at.at(key), "unknown field", suggest(key, slices.Sorted(maps.Keys(known))))
		}
	}
	s.together(at, object, known)
}

// together checks the rules between the fields of one object: required, exactly one of, at least one of, not both.
func (s shape) together(at field, object map[string]any, known map[string]reflect.StructField) {
	choices := map[string][]string{}
	given := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		f, r := known[name], readRules(known[name].Tag)
		_, present := object[name]
		for _, rule := range []string{"oneof_required", "anyof_required"} {
			if r[rule] != nil {
				choices[rule] = append(choices[rule], name)
				if present {
					given[rule]++
				}
			}
		}
		if other := f.Tag.Get("excludes"); present && other != "" && object[other] != nil {
			s.report(at.at(other), "stands beside "+name, "keep one of the two")
		}
		if _, options, _ := strings.Cut(f.Tag.Get("json"), ","); !present && !strings.HasPrefix(options, "omit") {
			s.report(at.at(name), "is missing", "add it")
		}
	}
	if one := choices["oneof_required"]; one != nil && given["oneof_required"] != 1 {
		s.report(at, fmt.Sprintf("has %d of %s", given["oneof_required"], strings.Join(one, ", ")), "give exactly one of them")
	}
	if any := choices["anyof_required"]; any != nil && given["anyof_required"] == 0 {
		s.report(at, "has none of "+strings.Join(any, ", "), "give at least one of them")
	}
}

func (s shape) table(at field, v any, t reflect.Type, tag reflect.StructTag) {
	object, ok := v.(map[string]any)
	if !ok {
		s.mistyped(at, v, "a mapping", "write key: value lines below it")
		return
	}
	if least, ok := readRules(tag).number("minProperties"); ok && float64(len(object)) < least {
		s.report(at, "is empty", "add an entry, or remove the field")
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		s.value(at.at(key), object[key], t.Elem(), "")
	}
}

func (s shape) list(at field, v any, t reflect.Type, tag reflect.StructTag) {
	list, ok := v.([]any)
	if !ok {
		s.mistyped(at, v, "a list", "write each item on a line of its own that begins with a dash")
		return
	}
	if least, ok := readRules(tag).number("minItems"); ok && float64(len(list)) < least {
		s.report(at, "is empty", "add an item, or remove the field")
	}
	for i, item := range list {
		s.value(at.at(i), item, t.Elem(), tag)
	}
}

func (s shape) text(at field, v any, tag reflect.StructTag) {
	text, ok := v.(string)
	if !ok {
		s.mistyped(at, v, "a string", fmt.Sprintf("put it in quotes: %q", fmt.Sprint(v)))
		return
	}
	r := readRules(tag)
	if allowed := r["enum"]; allowed != nil && !slices.Contains(allowed, text) {
		s.report(at, fmt.Sprintf("%q is not known", text), "write one of "+strings.Join(allowed, ", "))
	}
	if least, ok := r.number("minLength"); ok && float64(utf8.RuneCountInString(text)) < least {
		s.report(at, "is empty", "give it a value, or remove the line")
	}
	tooLong := false
	if most, ok := r.number("maxLength"); ok {
		tooLong = float64(utf8.RuneCountInString(text)) > most
	}
	if p := r["pattern"]; tooLong || p != nil && !regexp.MustCompile(p[0]).MatchString(text) {
		s.report(at, fmt.Sprintf("%q is not valid", text), "it must "+tag.Get("must"))
		return
	}
	switch tag.Get("path") {
	case "glob":
		if !doublestar.ValidatePattern(text) {
			s.report(at, fmt.Sprintf("%q is not a valid glob", text), "close every [ and {, and write a backslash before one that is meant as itself")
			return
		}
		s.within(at, text)
	case "folder":
		s.within(at, text)
	}
}

// within reports a path that climbs.
func (s shape) within(at field, p string) {
	if slices.Contains(strings.Split(p, "/"), "..") {
		s.report(at, fmt.Sprintf("%q may leave the folder", p), "write a path without ..; move shared files below the folder, or link to them from there")
	}
}

func (s shape) number(at field, v any, t reflect.Type, tag reflect.StructTag) {
	n, ok := v.(float64)
	whole := t.Kind() == reflect.Int
	switch {
	case !ok:
		s.mistyped(at, v, "a number", "write a number, without quotes")
		return
	case whole && n != math.Trunc(n):
		s.report(at, fmt.Sprintf("%v is not a whole number", n), "write a whole number")
		return
	}
	r := readRules(tag)
	low, hasLow := r.number("minimum")
	high, hasHigh := r.number("maximum")
	above, hasAbove := r.number("exclusiveMinimum")
	below, hasBelow := r.number("exclusiveMaximum")
	switch {
	case hasLow && n < low || hasHigh && n > high:
		s.report(at, fmt.Sprintf("%v is out of range", n), fmt.Sprintf("write a number from %v to %v", low, high))
	case hasAbove && n <= above || hasBelow && n >= below:
		s.report(at, fmt.Sprintf("%v is out of range", n), fmt.Sprintf("write a number between %v and %v", above, below))
	}
}

func (s shape) mistyped(at field, v any, want, remedy string) {
	s.report(at, fmt.Sprintf("is %s, and must be %s", typeName(v), want), remedy)
}

func typeName(v any) string {
	switch v.(type) {
	case map[string]any:
		return "a mapping"
	case []any:
		return "a list"
	case string:
		return "a string"
	case bool:
		return "true or false"
	}
	return "a number"
}

// fieldsOf returns a struct's fields by their names in documents, with those of embedded structs.
func fieldsOf(t reflect.Type) map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			fields[name] = f
		}
	}
	return fields
}
