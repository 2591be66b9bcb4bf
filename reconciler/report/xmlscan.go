package report

import (
	"errors"
	"io"
	"unicode/utf8"
)

// The lowest layer of the XML reader: the buffer, and what it takes to move through it without holding more of the
// document. Lines are counted nowhere else.

func (x *xmlReader) readName(what string) ([]byte, error) {
	start := len(x.scratch)
	for x.fill(1) {
		from := x.pos
		for x.pos < x.end && xmlChars[x.buf[x.pos]]&charName != 0 {
			x.pos++
		}
		x.scratch = append(x.scratch, x.buf[from:x.pos]...)
		if x.pos < x.end {
			break
		}
		if len(x.scratch)-start > xmlMaxName {
			return nil, x.errorf("the name of an %s is longer than %d bytes", what, xmlMaxName)
		}
	}
	name := x.scratch[start:]
	switch {
	case x.pos == x.end:
		return nil, x.cutShort()
	case len(name) == 0:
		return nil, x.errorf("the name of an %s is expected, not %q", what, x.buf[x.pos])
	case len(name) > xmlMaxName:
		return nil, x.errorf("the name of an %s is longer than %d bytes", what, xmlMaxName)
	case xmlChars[name[0]]&charNotFirst != 0, !utf8.Valid(name):
		return nil, x.errorf("%q is no name of an %s", name, what)
	}
	return name, nil
}

// skipSpace tells whether there was any.
func (x *xmlReader) skipSpace() bool {
	found := false
	for x.fill(1) {
		switch x.buf[x.pos] {
		case '\n':
			x.line++
		case ' ', '\t', '\r':
		default:
			return found
		}
		found = true
		x.pos++
	}
	return found
}

// lineEnd makes a carriage return, or one with a newline, a newline.
func (x *xmlReader) lineEnd() []byte {
	x.pos++
	if !x.takes("\n") {
		return []byte("\n")
	}
	x.line++
	return []byte("\n")
}

// takes moves past s if s comes next.
func (x *xmlReader) takes(s string) bool {
	if x.end-x.pos < len(s) && !x.fill(len(s)) || string(x.buf[x.pos:x.pos+len(s)]) != s {
		return false
	}
	x.pos += len(s)
	return true
}

// span moves past allowed characters up to the first byte of a class in stop, and returns them. It ends early, even
// before the first byte, where the buffer ends; at tells then how to go on.
func (x *xmlReader) span(stop charClass) []byte {
	stop |= charForbidden | charNewline | charHigh
	start, i, buf := x.pos, x.pos, x.buf[:x.end]
scan:
	for i < len(buf) {
		switch class := xmlChars[buf[i]] & stop; {
		case class == 0:
			i++
		case class&charNewline != 0:
			x.line++
			i++
		case class&charHigh != 0:
			r, size := utf8.DecodeRune(buf[i:])
			if !allowedRune(r, size) {
				break scan
			}
			i += size
		default:
			break scan
		}
	}
	x.pos = i
	return buf[start:i]
}

// at returns the byte at which span stopped, or 0 when span can go on after more was read.
func (x *xmlReader) at() (byte, error) {
	if x.pos == x.end {
		if !x.fill(1) {
			return 0, x.cutShort()
		}
		return 0, nil
	}
	b := x.buf[x.pos]
	switch {
	case xmlChars[b]&charForbidden != 0:
		return 0, x.errorf("control character U+%04X, which XML forbids", b)
	case xmlChars[b]&charHigh == 0:
		return b, nil
	}
	x.fill(utf8.UTFMax)
	if r, size := utf8.DecodeRune(x.buf[x.pos:x.end]); !allowedRune(r, size) {
		return 0, x.errorf("invalid UTF-8 or a character that XML forbids")
	}
	return 0, nil
}

// fill reads until n bytes are buffered. It tells whether they are.
func (x *xmlReader) fill(n int) bool {
	if x.end-x.pos >= n {
		return true
	}
	x.end = copy(x.buf, x.buf[x.pos:x.end])
	x.pos = 0
	for x.end < n {
		read, err := x.in.Read(x.buf[x.end:])
		x.end += read
		if err != nil {
			if !errors.Is(err, io.EOF) {
				x.failure = err
			}
			return x.end >= n
		}
	}
	return true
}
