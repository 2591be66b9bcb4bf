package report

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// headSize is how many bytes of a file the formats may look at to recognise it.
const headSize = 64 << 10

// input is a report file on its way in: UTF-8 (not yet validated) without byte order mark, and no longer than allowed.
// Reading fails once the context is done, so formats need not look at it.
type input struct {
	*bufio.Reader
	name   string // for messages
	limits Limits
}

// newInput finds out the encoding from the byte order mark or from an XML declaration.
func newInput(ctx context.Context, r io.Reader, name string, limits Limits) (*input, error) {
	raw := bufio.NewReaderSize(&boundedReader{ctx: ctx, r: r, left: limits.Bytes, limit: limits.Bytes}, headSize)
	head, err := raw.Peek(256)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	in := &input{Reader: raw, name: name, limits: limits}
	enc, err := encodingOf(head)
	if err != nil {
		return nil, in.errorf(1, "%v", err)
	}
	if enc != nil {
		in.Reader = bufio.NewReaderSize(transform.NewReader(raw, enc.NewDecoder()), headSize)
	}
	if bom, err := in.Peek(3); err == nil && string(bom) == "\uFEFF" {
		_, _ = in.Discard(len(bom)) // cannot fail: just peeked
	}
	return in, nil
}

// encodingOf returns nil for UTF-8 and for what says nothing.
func encodingOf(head []byte) (encoding.Encoding, error) {
	switch {
	case bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")):
		return nil, nil
	case bytes.HasPrefix(head, []byte("\xFE\xFF")), bytes.HasPrefix(head, []byte("\x00<")):
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM), nil
	case bytes.HasPrefix(head, []byte("\xFF\xFE")), bytes.HasPrefix(head, []byte("<\x00")):
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), nil
	}
	label := declaredEncoding(head)
	if label == "" {
		return nil, nil
	}
	enc, err := htmlindex.Get(label)
	if err != nil {
		return nil, fmt.Errorf("encoding %q is not known", label)
	}
	switch name, _ := htmlindex.Name(enc); name {
	case "utf-8":
		return nil, nil
	case "utf-16be", "utf-16le", "replacement":
		return nil, fmt.Errorf("the file declares encoding %q, but is not written in it", label)
	}
	return enc, nil
}

// declaredEncoding returns the encoding that an XML declaration at the start names, or "".
func declaredEncoding(head []byte) string {
	declaration, _, found := bytes.Cut(head, []byte("?>"))
	if !found || !bytes.HasPrefix(declaration, []byte("<?xml")) {
		return ""
	}
	_, rest, found := bytes.Cut(declaration, []byte("encoding"))
	rest = bytes.TrimLeft(rest, " \t\r\n=")
	if !found || len(rest) == 0 {
		return ""
	}
	label, _, closed := bytes.Cut(rest[1:], rest[:1])
	if !closed {
		return ""
	}
	return string(label)
}

// errorf is an error at a line of the file (1 is the first, 0 when there is none to name).
func (in *input) errorf(line int, format string, args ...any) *ParseError {
	return &ParseError{File: in.name, Line: line, Reason: fmt.Sprintf(format, args...)}
}

// lines reads the input line by line.
func (in *input) lines() *lineReader { return &lineReader{in: in} }

// lineReader hands out lines without their end (LF or CRLF).
type lineReader struct {
	in     *input
	number int // of the line handed out last, from 1
	long   []byte
}

// next returns the next line, valid until the next call, or io.EOF. A last line without newline is a line; complete
// tells whether it had one.
func (l *lineReader) next() (line []byte, complete bool, err error) {
	line, err = l.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = l.rest(line)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, err
	}
	if len(line) == 0 {
		return nil, false, io.EOF
	}
	l.number++
	line, complete = bytes.CutSuffix(line, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), complete, nil
}

// rest collects a line that is longer than the buffer.
func (l *lineReader) rest(start []byte) ([]byte, error) {
	l.long = append(l.long[:0], start...)
	for {
		more, err := l.in.ReadSlice('\n')
		l.long = append(l.long, more...)
		if len(l.long) > l.in.limits.Line {
			return nil, l.in.errorf(l.number+1, "the line is longer than %d bytes", l.in.limits.Line)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.long, err
		}
	}
}

// boundedReader fails when the context is done or when more than limit bytes were read.
type boundedReader struct {
	ctx         context.Context
	r           io.Reader
	left, limit int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("the file is larger than %d bytes", b.limit)
	}
	return n, err
}
