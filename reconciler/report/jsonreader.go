package report

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"slices"
	"unicode/utf8"
)

const (
	jsonBuffer         = 32 << 10 // bytes read ahead
	jsonMaxNames       = 1 << 16  // members of one object
	jsonMaxName        = 16 << 10 // bytes of one member's name
	jsonMaxNumber      = 512      // digits of one number
	jsonInterned       = 2048     // strings that are kept so that they are allocated once
	jsonInternedLength = 128      // bytes of such a string
	jsonFewNames       = 24       // members up to which comparing their names is cheaper than hashing them
	jsonFewTexts       = 64       // elements of an array of texts that are kept: titles, failure messages
)

// jsonReader walks JSON text from its first byte to its last and never holds more than one buffer of it, whatever the
// size of the text or of one value. It is stricter than encoding/json: a member that is written twice, more levels than
// Limits.Depth and anything after the last value are errors.
//
// The caller asks for what it expects, in the order in which it stands there; a value nobody asked for is skipped (and
// still checked). Errors stick: after the first one every method returns zero values and every loop ends, so that only
// the end of a walk has to look at err.
type jsonReader struct {
	src        io.Reader
	file       string // for messages
	buf        []byte
	pos, end   int
	line       int
	depth      int
	depthLimit int
	textLimit  int          // longer strings are cut at the end of a character
	unread     bool         // the current member's or element's value has not been asked for yet
	names      []string     // of the open objects, innermost last
	seed       maphash.Seed // of the hashes of names
	interned   map[string]string
	scratch    []byte
	err        error
}

// newJSONReader reads the input. Its strings are longer than any text that a recorder keeps, so that the recorder sees
// what is too long.
func newJSONReader(in *input) *jsonReader {
	r := readJSON(in, in.limits)
	r.file = in.name
	return r
}

func readJSON(src io.Reader, limits Limits) *jsonReader {
	return &jsonReader{
		src:        src,
		buf:        make([]byte, jsonBuffer),
		line:       1,
		depthLimit: limits.Depth,
		textLimit:  max(limits.Name, limits.Message, limits.Detail) + utf8.UTFMax,
		seed:       maphash.MakeSeed(),
		interned:   make(map[string]string),
	}
}

// object yields the name of each member; the body asks for the value and never breaks off. Null is an empty object.
func (r *jsonReader) object() iter.Seq[string] {
	return func(yield func(string) bool) {
		if !r.open('{', "an object") {
			return
		}
		first := len(r.names)
		var many map[uint64]struct{}
		for n := 0; r.more('}', n == 0); n++ {
			name := r.name()
			many = r.claim(name, first, many)
			if c := r.significant(); r.err == nil && c != ':' {
				r.fail("%s after the name %q; want a colon", describe(c), name)
			}
			r.pos++
			if !r.value(func() bool { return yield(name) }) {
				return
			}
		}
		r.names = r.names[:first]
		r.depth--
	}
}

// array yields once for each element; the body asks for the value. Null is an empty array.
func (r *jsonReader) array() iter.Seq[int] {
	return func(yield func(int) bool) {
		if !r.open('[', "an array") {
			return
		}
		for n := 0; r.more(']', n == 0); n++ {
			if !r.value(func() bool { return yield(n) }) {
				return
			}
		}
		r.depth--
	}
}

// lines yields once for each of several values written one after the other, as in NDJSON; the body asks for the value.
func (r *jsonReader) lines() iter.Seq[int] {
	return func(yield func(int) bool) {
		last := 0
		for n := 0; ; n++ {
			if r.significant(); r.err != nil {
				if errors.Is(r.err, io.EOF) && n > 0 {
					r.err = nil
				}
				return
			}
			if r.line == last {
				r.fail("a second value on one line")
				return
			}
			if !r.value(func() bool { return yield(n) }) {
				return
			}
			last = r.line
		}
	}
}

// kind tells what comes next: one of { [ " 0 t f n, where 0 is any number; 0 byte after an error.
func (r *jsonReader) kind() byte {
	c := r.significant()
	switch {
	case r.err != nil:
		return 0
	case c == '-' || c >= '0' && c <= '9':
		return '0'
	}
	return c
}

// skip passes over the next value, whatever it is.
func (r *jsonReader) skip() {
	switch c := r.kind(); c {
	case '{':
		for range r.object() {
		}
	case '[':
		for range r.array() {
		}
	case '"':
		r.unread = false
		r.quoted(0)
	case '0':
		r.unread = false
		r.numeral()
	case 't':
		r.word("true")
	case 'f':
		r.word("false")
	case 'n':
		r.word("null")
	default:
		r.fail("%s where a value should begin", describe(c))
	}
}

// close ends the walk of a single value: nothing but blanks may follow.
func (r *jsonReader) close() error {
	if r.err == nil {
		if c := r.significant(); r.err == nil {
			r.fail("%s after the end of the document", describe(c))
		}
		if errors.Is(r.err, io.EOF) {
			r.err = nil
		}
	}
	return r.failure()
}

// finish closes the walk of a report that must hold the named members.
func (r *jsonReader) finish(found bool, members string) error {
	if err := r.close(); err != nil {
		return err
	}
	if !found {
		return &ParseError{File: r.file, Reason: "the report has no " + members}
	}
	return nil
}

// failure is the first error of the walk, with its line.
func (r *jsonReader) failure() error {
	if errors.Is(r.err, io.EOF) {
		return &ParseError{File: r.file, Line: r.line, Reason: "the JSON text ends too early"}
	}
	return r.err
}

// value runs body for one value and skips what body did not ask for; it tells whether to go on.
func (r *jsonReader) value(body func() bool) bool {
	r.unread = true
	if r.err != nil || !body() || r.err != nil {
		return false
	}
	if r.unread {
		r.skip()
	}
	return r.err == nil
}

func (r *jsonReader) open(bracket byte, what string) bool {
	switch c := r.kind(); {
	case r.err != nil:
		return false
	case c == 'n':
		r.skip()
		return false
	case c != bracket:
		r.fail("%s where %s should begin", describe(c), what)
		return false
	}
	if r.depth++; r.depth > r.depthLimit {
		r.fail("more than %d levels of nesting", r.depthLimit)
		return false
	}
	r.unread = false
	r.pos++
	return true
}

// more tells whether another member or element follows, and passes over the comma or the closing bracket.
func (r *jsonReader) more(closing byte, first bool) bool {
	c := r.significant()
	switch {
	case r.err != nil:
		return false
	case c == closing:
		r.pos++
		return false
	case first:
		return true
	case c != ',':
		r.fail("%s where a comma or %q should be", describe(c), closing)
		return false
	}
	r.pos++
	return true
}

func (r *jsonReader) name() string {
	if c := r.significant(); r.err == nil && c != '"' {
		r.fail("%s where a member's name should begin", describe(c))
	}
	if r.err != nil {
		return ""
	}
	text := r.quoted(jsonMaxName + 1)
	if len(text) > jsonMaxName {
		r.fail("a member's name of more than %d bytes", jsonMaxName)
		return ""
	}
	return r.intern(text)
}

// claim notes a member's name and refuses the second one of the same object. The names of an object begin at
// r.names[first]; when they are many, their hashes move into a set.
func (r *jsonReader) claim(name string, first int, many map[uint64]struct{}) map[uint64]struct{} {
	if r.err != nil {
		return many
	}
	if many == nil && len(r.names)-first < jsonFewNames {
		if slices.Contains(r.names[first:], name) {
			r.fail("the member %q is written twice", name)
		}
		r.names = append(r.names, name)
		return nil
	}
	if many == nil {
		many = make(map[uint64]struct{})
		for _, few := range r.names[first:] {
			many[maphash.String(r.seed, few)] = struct{}{}
		}
	}
	hash := maphash.String(r.seed, name)
	if _, twice := many[hash]; twice {
		r.fail("the member %q is written twice", name)
	}
	if many[hash] = struct{}{}; len(many) > jsonMaxNames {
		r.fail("an object of more than %d members", jsonMaxNames)
	}
	return many
}

func (r *jsonReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = &ParseError{File: r.file, Line: r.line, Reason: fmt.Sprintf(format, args...)}
	}
}
