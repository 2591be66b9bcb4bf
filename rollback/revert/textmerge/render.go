package textmerge

import (
	"bytes"
	"strings"

	"github.com/assay-dev/assay/sources/git/linediff"
)

// markerSize is the length of a conflict marker.
const markerSize = 7

// render writes the merged text: the unchanged lines of ours, and the hunks.
func (m *merger) render(labels Labels) Result {
	ours, theirs := m.ours.Slice(0, m.ours.Len()), m.theirs.Slice(0, m.theirs.Len())
	var out bytes.Buffer
	out.Grow(len(ours) + len(theirs)/8)
	conflicts, at := 0, 0
	for _, h := range m.hunks {
		if h.source == agreed {
			continue
		}
		out.Write(m.ours.Slice(at, h.o))
		switch h.source {
		case fromOurs:
			out.Write(m.ours.Slice(h.o, h.o+h.oLen))
		case fromTheirs:
			out.Write(m.theirs.Slice(h.t, h.t+h.tLen))
		default:
			conflicts++
			m.renderConflict(&out, h, labels)
		}
		at = h.o + h.oLen
	}
	out.Write(m.ours.Slice(at, m.ours.Len()))
	return Result{Text: out.Bytes(), Conflicts: conflicts}
}

func (m *merger) renderConflict(out *bytes.Buffer, h hunk, labels Labels) {
	ending := m.lineEnding(h)
	marker := func(sign, label string) {
		out.WriteString(strings.Repeat(sign, markerSize))
		if label != "" {
			out.WriteString(" " + label)
		}
		out.WriteString(ending)
	}
	side := func(text []byte) {
		out.Write(text)
		if len(text) > 0 && text[len(text)-1] != '\n' {
			out.WriteString(ending)
		}
	}
	marker("<", labels.Ours)
	side(m.ours.Slice(h.o, h.o+h.oLen))
	marker("=", "")
	side(m.theirs.Slice(h.t, h.t+h.tLen))
	marker(">", labels.Theirs)
}

// lineEnding is CRLF where the base uses it and neither side has LF above the conflict.
func (m *merger) lineEnding(h hunk) string {
	if styleOf(m.base, 0) == crlf && styleOf(m.ours, max(0, h.o-1)) != lf && styleOf(m.theirs, max(0, h.t-1)) != lf {
		return "\r\n"
	}
	return "\n"
}

// style is how a line ends.
type style uint8

const (
	unknown style = iota
	lf
	crlf
)

// styleOf tells how line i ends, or the one before it if i is the last and has no ending.
func styleOf(t *linediff.Text, i int) style {
	for _, i := range []int{i, i - 1} {
		if i < 0 || i >= t.Len() {
			break
		}
		switch line := t.Line(i); {
		case bytes.HasSuffix(line, []byte("\r\n")):
			return crlf
		case bytes.HasSuffix(line, []byte("\n")):
			return lf
		}
	}
	return unknown
}
