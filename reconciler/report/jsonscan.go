package report

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

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
