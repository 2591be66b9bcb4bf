package linediff

import (
	"bytes"
	"slices"
)

// Lines numbers lines by their bytes. Texts can be compared if the same Lines
// cut them. It is not safe for concurrent use.
type Lines map[string]int32

// Cut cuts data, which must not be changed afterwards, into lines. Its length
// must be below 2 GiB.
func (l Lines) Cut(data []byte) *Text {
	n := bytes.Count(data, []byte("\n")) + 1
	t := &Text{data: data, ends: make([]int32, 1, n+1), ids: make([]int32, 0, n), numbers: l}
	keys := string(data) // shared by all new lines
	for start := 0; start < len(data); {
		end := len(data)
		if i := bytes.IndexByte(data[start:], '\n'); i >= 0 {
			end = start + i + 1
		}
		line := keys[start:end]
		id, known := l[line]
		if !known {
			id = int32(len(l))
			l[line] = id
		}
		t.ids = append(t.ids, id)
		t.ends = append(t.ends, int32(end))
		start = end
	}
	return t
}

// Text is a text cut into lines, each with its newline, counted from 0.
type Text struct {
	data    []byte
	ends    []int32 // line i is data[ends[i]:ends[i+1]]
	ids     []int32 // lines with the same bytes have the same
	numbers Lines
}

// Len is how many lines there are.
func (t *Text) Len() int { return len(t.ids) }

// Slice returns lines from up to, not including, to.
func (t *Text) Slice(from, to int) []byte { return t.data[t.ends[from]:t.ends[to]] }

// Line returns line i.
func (t *Text) Line(i int) []byte { return t.Slice(i, i+1) }

// Part returns lines from up to, not including, to as a text of its own.
func (t *Text) Part(from, to int) *Text {
	return &Text{data: t.data, ends: t.ends[from : to+1], ids: t.ids[from:to], numbers: t.numbers}
}

// Equal reports whether t and u have the same lines.
func (t *Text) Equal(u *Text) bool { return slices.Equal(t.ids, u.ids) }

// Binary says whether Git takes data for no text, and shows or merges no lines of
// it: there is a NUL among its first 8,000 bytes.
func Binary(data []byte) bool {
	return bytes.IndexByte(data[:min(len(data), 8000)], 0) >= 0
}
