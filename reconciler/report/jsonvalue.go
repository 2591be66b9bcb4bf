package report

import (
	"math"
	"strconv"
)

// text returns a string. A value of another kind is skipped and reads as the empty string: tools are careless with
// the members that only people read.
func (r *jsonReader) text() string {
	if r.kind() != '"' {
		r.skip()
		return ""
	}
	r.unread = false
	return string(r.quoted(r.textLimit))
}

// label returns a string that comes again and again, so that it is allocated once.
func (r *jsonReader) label() string {
	if r.kind() != '"' {
		r.skip()
		return ""
	}
	r.unread = false
	return r.intern(r.quoted(r.textLimit))
}

func (r *jsonReader) intern(text []byte) string {
	if known, ok := r.interned[string(text)]; ok {
		return known
	}
	s := string(text)
	if len(r.interned) < jsonInterned && len(s) <= jsonInternedLength {
		r.interned[s] = s
	}
	return s
}

// texts returns the strings of an array.
func (r *jsonReader) texts() []string {
	var all []string
	for range r.array() {
		if len(all) < jsonFewTexts {
			all = append(all, r.text())
		}
	}
	return all
}

// number returns a number and whether there was one; a value of another kind is skipped.
func (r *jsonReader) number() (float64, bool) {
	if r.kind() != '0' {
		r.skip()
		return 0, false
	}
	r.unread = false
	digits := r.numeral()
	v, err := strconv.ParseFloat(string(digits), 64)
	if r.err == nil && err != nil {
		r.fail("the number %s cannot be held", digits)
	}
	return v, r.err == nil
}

// count returns a whole number of things, 0 where there is none.
func (r *jsonReader) count() int {
	v, ok := r.number()
	if ok && (v < 0 || v > math.MaxInt32 || v != math.Trunc(v)) {
		r.fail("%v is not a count", v)
		return 0
	}
	return int(v)
}

// truth returns true for the value true alone; any other is skipped.
func (r *jsonReader) truth() bool {
	yes := r.kind() == 't'
	r.skip()
	return yes
}

// numbers visits every number below the next value with its path, names joined by dots, below the given prefix. Arrays
// are left out.
func (r *jsonReader) numbers(prefix string, visit func(path string, value float64)) {
	switch r.kind() {
	case '{':
		if prefix != "" {
			prefix += "."
		}
		for name := range r.object() {
			r.numbers(prefix+name, visit)
		}
	case '0':
		if value, ok := r.number(); ok {
			visit(prefix, value)
		}
	default:
		r.skip()
	}
}

// failureText reads an error object of Mocha's or mochawesome's: its message and its stack.
func (r *jsonReader) failureText() (message, stack string) {
	for name := range r.object() {
		switch name {
		case "message":
			message = unstyled(r.text())
		case "stack", "estack":
			stack = unstyled(r.text())
		}
	}
	return firstLine(message), stack
}
