package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Options say what is known about a file.
type Options struct {
	Name   string // of the file, for messages; nothing is derived from it
	Format string // one of Formats; empty: found out from the content
	Limits Limits
}

// ParseError says why a file is no usable report.
type ParseError struct {
	File   string // Options.Name
	Line   int    // from 1; 0 when the reason has no place
	Reason string
}

func (e *ParseError) Error() string {
	switch {
	case e.Line > 0:
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason)
	case e.File != "":
		return e.File + ": " + e.Reason
	}
	return e.Reason
}

// Parse reads one report to its end. The error is a *ParseError when the file is at fault, also when it is larger than
// allowed; when the context ended first it is the context's error.
func Parse(ctx context.Context, r io.Reader, opts Options) (*Report, error) {
	limits := opts.Limits.withDefaults()
	in, err := newInput(ctx, r, opts.Name, limits)
	if err != nil {
		return nil, explain(ctx, opts.Name, err)
	}
	f, err := detect(in, opts.Format)
	if err != nil {
		return nil, explain(ctx, opts.Name, err)
	}
	to := newRecorder(limits)
	if err := f.parse(in, to); err != nil {
		return nil, explain(ctx, opts.Name, err)
	}
	return to.report(f.name), nil
}

// explain makes every error that is not about the context a *ParseError.
func explain(ctx context.Context, name string, err error) error {
	var at *ParseError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("reading report %s: %w", name, ctx.Err())
	case errors.As(err, &at):
		return at
	}
	return &ParseError{File: name, Reason: err.Error()}
}

// detect picks the format that the options name, else the first that recognises the content.
func detect(in *input, name string) (format, error) {
	head, err := in.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return format{}, err
	}
	if len(bytes.TrimSpace(head)) == 0 {
		return format{}, in.errorf(0, "%s", emptyReason(head))
	}
	for _, f := range formats {
		if f.name == name || name == "" && f.sniff(head) {
			return f, nil
		}
	}
	if name != "" {
		return format{}, in.errorf(0, "format %q is not known; known are %s", name, strings.Join(Formats(), ", "))
	}
	return format{}, in.errorf(1, "%s", unknownReason(head))
}

func emptyReason(head []byte) string {
	if len(head) == 0 {
		return "the file is empty"
	}
	return "the file holds only white space"
}

// unknownReason says what a file that no format recognises looks like.
func unknownReason(head []byte) string {
	start := bytes.TrimSpace(head)
	lower := bytes.ToLower(start[:min(len(start), 256)])
	switch {
	case bytes.HasPrefix(lower, []byte("<!doctype html")), bytes.HasPrefix(lower, []byte("<html")):
		return "an HTML page, probably an error page, not a report"
	case start[0] == '<':
		if root := xmlRoot(head); root != "" {
			return fmt.Sprintf("XML with root element <%s>, which is no report known here", root)
		}
		if bytes.Contains(lower, []byte("<!doctype")) {
			return "XML whose DOCTYPE is damaged or declares entities or elements, which a report has no need of: refused"
		}
		return "XML that is damaged before its root element"
	case bytes.Contains(head, []byte("<testsuite")):
		return "text before the XML document"
	case start[0] == '{', start[0] == '[':
		return "JSON, but of no report known here"
	}
	return "not a report of a known format"
}
