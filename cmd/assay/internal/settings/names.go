package settings

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// variable is one setting, as its struct tags describe it.
type variable struct{ name, def, meaning string }

// variables of a struct, in the order in which it is written.
func variables(of any, prefix string) (out []variable) {
	for field := range fields(reflect.TypeOf(of)) {
		tag, found := field.Tag.Lookup("env")
		if !found {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		_, def, _ := strings.Cut(options, "default=")
		out = append(out, variable{prefix + name, cmp.Or(field.Tag.Get("shown"), def), field.Tag.Get("meaning")})
	}
	return out
}

func fields(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

func names(of any, prefix string) (out []string) {
	for _, v := range variables(of, prefix) {
		out = append(out, v.name)
	}
	return out
}

// link is what Kubernetes adds to every container for a Service that is called assay.
var link = regexp.MustCompile(`^ASSAY(_[A-Z0-9_]+)?_(SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// unknown names the variables that mean nothing. One that is misspelt would otherwise leave a limit or a mode at its default.
func unknown(vars map[string]string, known []string) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if slices.Contains(known, name) || link.MatchString(name) {
			continue
		}
		nearest := slices.MinFunc(known, func(a, b string) int { return cmp.Compare(distance(name, a), distance(name, b)) })
		if distance(name, nearest) <= 3 {
			errs = append(errs, fmt.Errorf("%s means nothing: did you mean %s?", name, nearest))
		} else {
			errs = append(errs, fmt.Errorf("%s means nothing: remove it, or name its Environment in %sENVIRONMENTS", name, Prefix))
		}
	}
	return errors.Join(errs...)
}

// distance is how many letters must be added, removed, replaced or swapped with the next to come from a to b.
func distance(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := before
		before, row = row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			replace := before[j]
			if a[i] != b[j] {
				replace++
			}
			row[j+1] = min(replace, before[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], last[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
