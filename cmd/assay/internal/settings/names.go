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

	"github.com/assay-dev/assay/sources/tests"
)

// variable is one setting, as its struct tags describe it. Theme is empty for one that has that of the one before.
type variable struct{ theme, name, def, meaning string }

// variables of a struct, in the order in which it is written.
func variables(of any, prefix string) (out []variable) {
	for field := range fields(reflect.TypeOf(of)) {
		tag, found := field.Tag.Lookup("env")
		if !found {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		_, def, _ := strings.Cut(options, "default=")
		out = append(out, variable{field.Tag.Get("theme"), prefix + name, cmp.Or(field.Tag.Get("shown"), def), field.Tag.Get("meaning")})
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
		if nearest := tests.Nearest(name, known, 3); nearest != "" {
			errs = append(errs, fmt.Errorf("%s means nothing: did you mean %s?", name, nearest))
		} else {
			errs = append(errs, fmt.Errorf("%s means nothing: remove it, or name its Environment in %sENVIRONMENTS", name, Prefix))
		}
	}
	return errors.Join(errs...)
}
