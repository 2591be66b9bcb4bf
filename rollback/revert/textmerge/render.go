package textmerge

import "strings"

// markerSize is the length of a conflict marker.
const markerSize = 7

// render writes the merged text: the unchanged lines of ours, and the hunks.
func (m *merger) render(labels Labels) Result {
	var out strings.Builder
	out.Grow(len(m.ours.text) + len(m.theirs.text)/8)
	conflicts, at := 0, 0
	for _, h := range m.hunks {
		if h.source == agreed {
			continue
		}
		out.WriteString(m.ours.slice(at, h.o))
		switch h.source {
		case fromOurs:
			out.WriteString(m.ours.slice(h.o, h.o+h.oLen))
		case fromTheirs:
			out.WriteString(m.theirs.slice(h.t, h.t+h.tLen))
		default:
			conflicts++
			m.renderConflict(&out, h, labels)
		}
		at = h.o + h.oLen
	}
	out.WriteString(m.ours.slice(at, m.ours.lines()))
	return Result{Text: []byte(out.String()), Conflicts: conflicts}
}

func (m *merger) renderConflict(out *strings.Builder, h hunk, labels Labels) {
	ending := m.lineEnding(h)
	marker := func(sign, label string) {
		out.WriteString(strings.Repeat(sign, markerSize))
		if label != "" {
			out.WriteString(" " + label)
		}
		out.WriteString(ending)
	}
	side := func(text string) {
		out.WriteString(text)
		if text != "" && !strings.HasSuffix(text, "\n") {
			out.WriteString(ending)
		}
	}
	marker("<", labels.Ours)
	side(m.ours.slice(h.o, h.o+h.oLen))
	marker("=", "")
	side(m.theirs.slice(h.t, h.t+h.tLen))
	marker(">", labels.Theirs)
}

// lineEnding is CRLF where the base uses it and neither side has LF above the conflict.
func (m *merger) lineEnding(h hunk) string {
	if m.base.style(0) == crlf && m.ours.style(max(0, h.o-1)) != lf && m.theirs.style(max(0, h.t-1)) != lf {
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

// style tells how line i ends, or the one before it if i is the last and has no ending.
func (f *file) style(i int) style {
	for _, i := range []int{i, i - 1} {
		if i < 0 || i >= f.lines() {
			break
		}
		switch line := f.slice(i, i+1); {
		case strings.HasSuffix(line, "\r\n"):
			return crlf
		case strings.HasSuffix(line, "\n"):
			return lf
		}
	}
	return unknown
}
