package report

import (
	"bytes"
	"path"
	"slices"
)

// jsonHas makes a sniff function for JSON whose outline holds all of the given paths: names joined by slashes down to
// the third level, "*" for any name and "#" for the first element of an array, as in "#/package" or "metrics/*/values".
func jsonHas(patterns ...string) func(head []byte) bool {
	return func(head []byte) bool {
		start := bytes.TrimLeft(head, " \t\r\n")
		if len(start) == 0 || start[0] != '{' && start[0] != '[' {
			return false
		}
		wanted := slices.Clone(patterns)
		outline(head, func(at string) bool {
			wanted = slices.DeleteFunc(wanted, func(pattern string) bool {
				ok, _ := path.Match(pattern, at)
				return ok
			})
			return len(wanted) > 0
		})
		return len(wanted) == 0
	}
}

// outlineDepth is how many levels of names tell the formats apart.
const outlineDepth = 3

// outline reports the paths of the first JSON value in head until visit returns false or head ends, wherever it is cut.
func outline(head []byte, visit func(at string) bool) {
	r := readJSON(bytes.NewReader(head), Limits{}.withDefaults())
	var walk func(prefix string, level int) bool
	walk = func(prefix string, level int) bool {
		if level > outlineDepth {
			r.skip()
			return true
		}
		switch r.kind() {
		case '{':
			for name := range r.object() {
				if at := prefix + name; !visit(at) || !walk(at+"/", level+1) {
					return false
				}
			}
		case '[':
			for n := range r.array() {
				if at := prefix + "#"; n == 0 && (!visit(at) || !walk(at+"/", level+1)) {
					return false
				}
			}
		}
		return true
	}
	walk("", 1)
}
