package tests

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Problem is one thing that is wrong with the test repository, and what to do about it.
type Problem struct {
	// File is relative to the root of the repository; Line is 1-based, 0 when only the file is known.
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
	// Document is the kind and name of the document as it is rendered, such as Suite/dev-smoke; empty when none is concerned.
	Document string `json:"document,omitempty"`
	// Field is where in the rendered document, such as spec.env[2].name; empty when it is about the whole document.
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
	Remedy  string `json:"remedy"`
}

// String is one line: file:line: document: field: message; remedy.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	for _, part := range []string{p.Document, p.Field, p.Message} {
		if part != "" {
			b.WriteString(": " + part)
		}
	}
	if p.Remedy != "" {
		b.WriteString("; " + p.Remedy)
	}
	return b.String()
}

// Problems is everything that is wrong, sorted by place. As an error it is never empty.
type Problems []Problem

// Error has one line for each Problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

func (p Problems) sorted() Problems {
	slices.SortFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Document, b.Document),
			cmp.Compare(a.Field, b.Field), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(p)
}

// field is a place in a document: its keys (string) and indices (int) from the top.
type field []any

func (f field) at(step any) field { return append(slices.Clip(f), step) }

// String writes the field as people do: spec.env[2].name, metadata.labels["app.kubernetes.io/name"].
func (f field) String() string {
	var b strings.Builder
	for _, step := range f {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", step)
		case string:
			switch {
			case strings.ContainsAny(step, ".[]/ "):
				fmt.Fprintf(&b, "[%s]", strconv.Quote(step))
			case b.Len() > 0:
				b.WriteString("." + step)
			default:
				b.WriteString(step)
			}
		}
	}
	return b.String()
}
