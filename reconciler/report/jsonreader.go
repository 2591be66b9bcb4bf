package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	jsonBuffer         = 32 << 10 // bytes read ahead
	jsonMaxNames       = 1 << 16  // members of one object
	jsonMaxName        = 16 << 10 // bytes of one member's name
	jsonMaxNumber      = 512      // bytes of one number
	jsonInterned       = 2048     // names kept so that they are allocated once
	jsonInternedLength = 128
	jsonFewNames       = 24 // up to here, comparing is cheaper than hashing
	jsonFewTexts       = 64 // elements of an array of texts that are kept: titles, failure messages
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
	textLimit  int      // longer strings are cut at the end of a character
	unread     bool     // the current member's or element's value has not been asked for yet
	names      []string // of the open objects, innermost last
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
		var many map[string]struct{}
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
// r.names[first]; when they are many, they move into a set.
func (r *jsonReader) claim(name string, first int, many map[string]struct{}) map[string]struct{} {
	if r.err != nil {
		return many
	}
	_, twice := many[name]
	if twice || slices.Contains(r.names[first:], name) {
		r.fail("the member %q is written twice", name)
		return many
	}
	if many == nil && len(r.names)-first < jsonFewNames {
		r.names = append(r.names, name)
		return nil
	}
	if many == nil {
		many = make(map[string]struct{})
	}
	many[name] = struct{}{}
	if len(many) > jsonMaxNames {
		r.fail("an object of more than %d members", jsonMaxNames)
	}
	return many
}

// quoted reads a string that begins here and returns its first limit bytes, valid until the next read.
func (r *jsonReader) quoted(limit int) []byte {
	r.pos++
	window := r.buf[r.pos:r.end]
	if i := bytes.IndexByte(window, '"'); i >= 0 && plain(window[:i]) {
		r.pos += i + 1
		if i > limit {
			i = wholeCharacters(window[:limit])
		}
		return window[:i]
	}
	r.scratch = r.scratch[:0]
	full := false
	add := func(c rune) {
		if full = full || len(r.scratch)+utf8.RuneLen(c) > limit; !full {
			r.scratch = utf8.AppendRune(r.scratch, c)
		}
	}
	for {
		c := r.byte()
		switch {
		case r.err != nil:
			return nil
		case c == '"':
			return r.scratch
		case c == '\\':
			r.escape(add)
		case c < ' ':
			r.fail("the control character 0x%02x within a string", c)
			return nil
		case c < utf8.RuneSelf:
			add(rune(c))
		default:
			r.pos--
			add(r.rune())
		}
	}
}

// escape reads what follows a backslash. Half of a surrogate pair reads as U+FFFD, as in encoding/json.
func (r *jsonReader) escape(add func(rune)) {
	c := r.byte()
	switch c {
	case '"', '\\', '/':
		add(rune(c))
	case 'b':
		add('\b')
	case 'f':
		add('\f')
	case 'n':
		add('\n')
	case 'r':
		add('\r')
	case 't':
		add('\t')
	case 'u':
		high := r.hex()
		for utf16.IsSurrogate(high) {
			if r.ahead(2); r.end-r.pos < 2 || r.buf[r.pos] != '\\' || r.buf[r.pos+1] != 'u' {
				high = utf8.RuneError
				break
			}
			r.pos += 2
			low := r.hex()
			if pair := utf16.DecodeRune(high, low); pair != utf8.RuneError {
				high = pair
				break
			}
			add(utf8.RuneError)
			high = low
		}
		add(high)
	default:
		r.fail("%s after a backslash", describe(c))
	}
}

func (r *jsonReader) hex() rune {
	var v rune
	for range 4 {
		c := r.byte()
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			v = v<<4 | rune(c|0x20-'a'+10)
		default:
			r.fail("%s within \\u and four digits", describe(c))
			return 0
		}
	}
	return v
}

// numeral reads a number that begins here, in JSON's grammar, valid until the next read.
func (r *jsonReader) numeral() []byte {
	r.scratch = r.scratch[:0]
	r.accept("-")
	if !r.accept("0") {
		r.digits()
	}
	if r.accept(".") {
		r.digits()
	}
	if r.accept("eE") {
		r.accept("+-")
		r.digits()
	}
	return r.scratch
}

func (r *jsonReader) digits() {
	n := 0
	for r.accept("0123456789") {
		if n++; n > jsonMaxNumber {
			r.fail("a number of more than %d digits", jsonMaxNumber)
			return
		}
	}
	if n == 0 {
		r.fail("a number without the digit that should be here")
	}
}

// accept takes one of the given bytes of a number.
func (r *jsonReader) accept(set string) bool {
	if r.err != nil || !r.ahead(1) || bytes.IndexByte([]byte(set), r.buf[r.pos]) < 0 {
		return false
	}
	r.scratch = append(r.scratch, r.buf[r.pos])
	r.pos++
	return true
}

func (r *jsonReader) word(want string) {
	r.unread = false
	for i := range len(want) {
		if c := r.byte(); r.err == nil && c != want[i] {
			r.fail("%s within %q", describe(c), want)
			return
		}
	}
}

// significant returns the next byte that is not blank, without taking it.
func (r *jsonReader) significant() byte {
	for r.err == nil {
		for ; r.pos < r.end; r.pos++ {
			switch c := r.buf[r.pos]; c {
			case '\n':
				r.line++
			case ' ', '\t', '\r':
			default:
				return c
			}
		}
		if !r.ahead(1) && r.err == nil {
			r.err = io.EOF
		}
	}
	return 0
}

func (r *jsonReader) byte() byte {
	if r.err != nil {
		return 0
	}
	if r.pos == r.end && !r.ahead(1) {
		if r.err == nil {
			r.err = io.EOF
		}
		return 0
	}
	c := r.buf[r.pos]
	r.pos++
	return c
}

// rune takes one character; a byte that is not UTF-8 reads as U+FFFD.
func (r *jsonReader) rune() rune {
	r.ahead(utf8.UTFMax)
	c, size := utf8.DecodeRune(r.buf[r.pos:r.end])
	r.pos += size
	return c
}

// ahead makes n bytes visible behind pos and tells whether there are as many. The end of the text is no error here.
func (r *jsonReader) ahead(n int) bool {
	for r.end-r.pos < n && r.err == nil {
		r.end = copy(r.buf, r.buf[r.pos:r.end])
		r.pos = 0
		read, err := io.ReadAtLeast(r.src, r.buf[r.end:], n-r.end)
		r.end += read
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		r.err = err
	}
	return r.end-r.pos >= n
}

func (r *jsonReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = &ParseError{File: r.file, Line: r.line, Reason: fmt.Sprintf(format, args...)}
	}
}

// plain tells whether text can stand as it is: no escape, no control character, valid UTF-8.
func plain(text []byte) bool {
	ascii := true
	for _, c := range text {
		if c < ' ' || c == '\\' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.Valid(text)
}

// wholeCharacters returns the length of text without a character that is cut at its end.
func wholeCharacters(text []byte) int {
	n := len(text)
	for i := n - 1; i >= 0 && i >= n-utf8.UTFMax; i-- {
		if utf8.RuneStart(text[i]) {
			if !utf8.FullRune(text[i:]) {
				return i
			}
			break
		}
	}
	return n
}

func describe(c byte) string {
	if c == 0 {
		return "nothing"
	}
	return strconv.QuoteRuneToASCII(rune(c))
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
