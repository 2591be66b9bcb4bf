package report

import (
	"bytes"
	"io"
	"unicode/utf8"
)

const (
	xmlBuffer   = 64 << 10
	xmlMaxName  = 1 << 10 // bytes of the name of an element or attribute
	xmlMaxAttrs = 256     // of one element
)

// xmlReader walks one XML document from its first byte to its last and holds no more of it than a buffer and the
// current start tag, however long its texts are. It checks what makes a document well-formed: one root, matching tags,
// quoted and unique attributes, allowed characters in valid UTF-8. It knows no entities but the five that XML itself
// defines, refuses a DOCTYPE that declares anything and opens nothing, so a document cannot make it work more than the
// document is long.
//
// Two liberties: names may hold any character above ASCII, and white space in attribute values stays as it is written
// (XML would make it blanks), because tools put stack traces there.
type xmlReader struct {
	in       *input
	buf      []byte
	pos, end int
	line     int
	keep     int   // bytes of an attribute value that are kept
	failure  error // of reading, other than the end of the file

	open   []byte // names of the open elements, one after the other
	starts []int  // where each of them begins in open
	rooted bool   // the root element was seen
	cdata  bool   // inside a CDATA section
	empty  bool   // the start tag just handed out was <name/>

	scratch []byte // names and values of the current tag
	attrs   []xmlAttr
	name    []byte // local name of the element that started or ended
	text    []byte // of an xmlText
}

type xmlAttr struct{ name, value []byte }

type xmlKind int

const (
	xmlStart xmlKind = iota // name and attrs are set
	xmlEnd                  // name is set; also follows <name/>
	xmlText                 // text is set: a part of the text of the innermost element
)

// newXMLReader keeps at most keep bytes of an attribute's value.
func newXMLReader(in *input, keep int) *xmlReader {
	return &xmlReader{in: in, buf: make([]byte, xmlBuffer), line: 1, keep: keep}
}

// next returns what comes next, or io.EOF after the end of the root element and of the file. What it sets is valid until
// the following call.
func (x *xmlReader) next() (xmlKind, error) {
	if x.empty {
		x.empty = false
		x.pop()
		return xmlEnd, nil
	}
	for {
		if len(x.starts) == 0 {
			if err := x.betweenElements(); err != nil {
				return 0, err
			}
		} else if text, err := x.characters(); err != nil || len(text) > 0 {
			x.text = text
			return xmlText, err
		}
		kind, found, err := x.markup()
		if found || err != nil {
			return kind, err
		}
	}
}

// attr returns the value of the current start tag's attribute with that local name, or nil.
func (x *xmlReader) attr(name string) []byte {
	for _, a := range x.attrs {
		if string(localName(a.name)) == name {
			return a.value
		}
	}
	return nil
}

// skip passes over the rest of the element whose start tag was just handed out.
func (x *xmlReader) skip() error {
	for depth := len(x.starts); ; {
		kind, err := x.next()
		if err != nil {
			return err
		}
		if kind == xmlEnd && len(x.starts) < depth {
			return nil
		}
	}
}

// betweenElements moves to the next markup outside the root element, where only white space may stand.
func (x *xmlReader) betweenElements() error {
	x.skipSpace()
	if x.fill(1) {
		switch {
		case x.buf[x.pos] == '<':
			return nil
		case x.rooted:
			return x.errorf("text after the root element")
		}
		return x.errorf("text before the root element")
	}
	switch {
	case x.failure != nil:
		return x.failure
	case !x.rooted:
		return x.errorf("the document has no root element")
	}
	return io.EOF
}

// markup reads from "<" on. It finds nothing in comments, processing instructions and the starts of CDATA sections.
func (x *xmlReader) markup() (kind xmlKind, found bool, err error) {
	x.pos++
	switch {
	case x.takes("/"):
		return xmlEnd, true, x.endTag()
	case x.takes("?"):
		return 0, false, x.instruction()
	case x.takes("!--"):
		return 0, false, x.comment()
	case x.takes("![CDATA["):
		if len(x.starts) == 0 {
			return 0, false, x.errorf("text outside the root element")
		}
		x.cdata = true
		return 0, false, nil
	case x.takes("!DOCTYPE"):
		return 0, false, x.doctype()
	case x.takes("!"):
		return 0, false, x.errorf("markup that starts with <! is neither a comment nor CDATA")
	}
	return xmlStart, true, x.startTag()
}

func (x *xmlReader) startTag() error {
	if len(x.starts) == 0 && x.rooted {
		return x.errorf("a second root element")
	}
	if len(x.starts) == x.in.limits.Depth {
		return x.errorf("elements nest deeper than %d levels", x.in.limits.Depth)
	}
	x.rooted = true
	x.scratch, x.attrs = x.scratch[:0], x.attrs[:0]
	name, err := x.readName("element")
	if err != nil {
		return err
	}
	x.starts = append(x.starts, len(x.open))
	x.open = append(x.open, name...)
	x.name = localName(name)
	for {
		spaced := x.skipSpace()
		switch {
		case x.takes(">"):
			return nil
		case x.takes("/>"):
			x.empty = true
			return nil
		case !x.fill(1):
			return x.cutShort()
		case !spaced:
			return x.errorf("in the tag <%s>: blank, > or /> expected", name)
		}
		if err := x.attribute(); err != nil {
			return err
		}
	}
}

func (x *xmlReader) attribute() error {
	name, err := x.readName("attribute")
	if err != nil {
		return err
	}
	if len(x.attrs) == xmlMaxAttrs {
		return x.errorf("an element has more than %d attributes", xmlMaxAttrs)
	}
	for _, a := range x.attrs {
		if bytes.Equal(a.name, name) {
			return x.errorf("attribute %s is given twice", name)
		}
	}
	x.skipSpace()
	if !x.takes("=") {
		return x.errorf("attribute %s has no value", name)
	}
	x.skipSpace()
	quote, stop := byte('"'), charDoubleQuote
	if !x.takes(`"`) {
		if !x.takes("'") {
			return x.errorf("the value of attribute %s is not quoted", name)
		}
		quote, stop = '\'', charSingleQuote
	}
	start := len(x.scratch)
	for {
		x.keepValue(start, x.span(stop|charLess|charAmpersand|charReturn))
		b, err := x.at()
		switch {
		case err != nil:
			return err
		case b == quote:
			x.pos++
			x.attrs = append(x.attrs, xmlAttr{name, x.scratch[start:]})
			return nil
		case b == '<':
			return x.errorf("the value of attribute %s holds a <", name)
		case b == '&':
			r, err := x.reference()
			if err != nil {
				return err
			}
			var char [utf8.UTFMax]byte
			x.keepValue(start, utf8.AppendRune(char[:0], r))
		case b == '\r':
			x.keepValue(start, x.lineEnd())
		}
	}
}

// keepValue appends to the value that begins at start, up to the bytes that are kept.
func (x *xmlReader) keepValue(start int, part []byte) {
	left := max(x.keep-(len(x.scratch)-start), 0)
	x.scratch = append(x.scratch, part[:min(left, len(part))]...)
}

func (x *xmlReader) endTag() error {
	x.scratch = x.scratch[:0]
	name, err := x.readName("element")
	if err != nil {
		return err
	}
	x.skipSpace()
	if !x.takes(">") {
		return x.errorf("the tag </%s> does not end with >", name)
	}
	if len(x.starts) == 0 {
		return x.errorf("</%s> closes nothing", name)
	}
	if opened := x.open[x.starts[len(x.starts)-1]:]; !bytes.Equal(opened, name) {
		return x.errorf("<%s> is closed by </%s>", opened, name)
	}
	x.pop()
	return nil
}

func (x *xmlReader) pop() {
	last := x.starts[len(x.starts)-1]
	x.name = localName(x.open[last:])
	x.open, x.starts = x.open[:last], x.starts[:len(x.starts)-1]
}

// characters returns the next part of the innermost element's text, or nothing at the next markup.
func (x *xmlReader) characters() ([]byte, error) {
	for {
		stop := charLess | charAmpersand | charBracket | charReturn
		if x.cdata {
			stop = charBracket | charReturn
		}
		if text := x.span(stop); len(text) > 0 {
			return text, nil
		}
		b, err := x.at()
		switch {
		case err != nil:
			return nil, err
		case b == '\r':
			return x.lineEnd(), nil
		case b == ']' && !x.takes("]]>"):
			x.pos++
			return x.buf[x.pos-1 : x.pos], nil
		case b == ']' && !x.cdata:
			return nil, x.errorf("]]> outside a CDATA section")
		case b == ']':
			x.cdata = false
		case b == '&':
			r, err := x.reference()
			x.scratch = utf8.AppendRune(x.scratch[:0], r)
			return x.scratch, err
		case b == '<':
			return nil, nil
		}
	}
}

// reference reads from "&" to ";".
func (x *xmlReader) reference() (rune, error) {
	const longest = len("&#x10FFFF;")
	x.fill(longest)
	window := x.buf[x.pos:min(x.pos+longest, x.end)]
	body, _, closed := bytes.Cut(window[1:], []byte(";"))
	if !closed {
		return 0, x.errorf("an & that starts no reference must be written &amp;")
	}
	r, known := resolveReference(body)
	if !known {
		return 0, x.errorf("&%s; is no character that XML defines", body)
	}
	x.pos += len(body) + 2
	return r, nil
}

// cutShort is the error for a document that ends too early.
func (x *xmlReader) cutShort() error {
	switch {
	case x.failure != nil:
		return x.failure
	case len(x.starts) == 0:
		return x.errorf("the document is cut short")
	}
	return x.errorf("the document is cut short inside <%s>", x.open[x.starts[len(x.starts)-1]:])
}

func (x *xmlReader) errorf(format string, args ...any) error {
	return x.in.errorf(x.line, format, args...)
}
