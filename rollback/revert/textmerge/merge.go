package textmerge

import "bytes"

// Labels name the two sides in the rendering of a conflict.
type Labels struct{ Ours, Theirs string }

// Result is the outcome of a merge.
type Result struct {
	// Text is the merged text. Where Conflicts is not 0 it holds both sides between markers, as Git writes them.
	Text []byte
	// Conflicts counts the places where both sides differ.
	Conflicts int
}

// Clean says that nothing conflicts.
func (r Result) Clean() bool { return r.Conflicts == 0 }

// Merge applies what turned base into theirs to ours, or the other way round, which is the same where it is clean.
func Merge(base, ours, theirs []byte, labels Labels) Result {
	in := interner{}
	b, o, t := in.cut(base), in.cut(ours), in.cut(theirs)
	left, right := diff(b, o, len(in)), diff(b, t, len(in))
	switch {
	case len(left) == 0:
		return Result{Text: theirs}
	case len(right) == 0:
		return Result{Text: ours}
	}
	m := merger{base: b, ours: o, theirs: t, classes: len(in)}
	m.combine(left, right)
	m.narrow()
	m.join()
	return m.render(labels)
}

// Binary says whether Git would take data for binary and not merge it by lines: a zero byte near its start, or a size
// that its line merge refuses.
func Binary(data []byte) bool {
	const looked, most = 8000, 1023 << 20
	return len(data) > most || bytes.IndexByte(data[:min(len(data), looked)], 0) >= 0
}

// source says where the lines of a hunk come from.
type source uint8

const (
	conflicting source = iota
	fromOurs
	fromTheirs
	agreed // both sides made the same change
)

// hunk is a place where the result is not simply the unchanged text: lines of ours from o on, of theirs from t on.
type hunk struct {
	source  source
	o, oLen int
	t, tLen int
}

type merger struct {
	base, ours, theirs *file
	classes            int
	hunks              []hunk
}

// combine walks both differences from the base and makes hunks of them.
func (m *merger) combine(left, right []change) {
	oursTail, theirsTail := m.ours.lines()-m.base.lines(), m.theirs.lines()-m.base.lines()
	for len(left) > 0 || len(right) > 0 {
		switch {
		case len(right) == 0:
			l := left[0]
			m.add(hunk{fromOurs, l.b, l.bLen, l.a + theirsTail, l.aLen})
			left = left[1:]
		case len(left) == 0:
			r := right[0]
			m.add(hunk{fromTheirs, r.a + oursTail, r.aLen, r.b, r.bLen})
			right = right[1:]
		case left[0].a+left[0].aLen < right[0].a:
			l := left[0]
			m.add(hunk{fromOurs, l.b, l.bLen, l.a + right[0].b - right[0].a, l.aLen})
			left = left[1:]
		case right[0].a+right[0].aLen < left[0].a:
			r := right[0]
			m.add(hunk{fromTheirs, r.a + left[0].b - left[0].a, r.aLen, r.b, r.bLen})
			right = right[1:]
		default:
			l, r := left[0], right[0]
			if !m.same(l, r) {
				m.add(overlap(l, r))
			}
			lEnd, rEnd := l.a+l.aLen, r.a+r.aLen
			if lEnd >= rEnd {
				right = right[1:]
			}
			if rEnd >= lEnd {
				left = left[1:]
			}
		}
	}
}

// same says whether both sides made the same change in the same place.
func (m *merger) same(l, r change) bool {
	if l.a != r.a || l.aLen != r.aLen || l.bLen != r.bLen {
		return false
	}
	for i := range l.bLen {
		if m.ours.ids[l.b+i] != m.theirs.ids[r.b+i] {
			return false
		}
	}
	return true
}

// overlap is the conflict of two changes that touch: both sides stretched over what either of them covers.
func overlap(l, r change) hunk {
	from, to := min(l.a, r.a), max(l.a+l.aLen, r.a+r.aLen)
	h := hunk{source: conflicting, o: l.b - (l.a - from), t: r.b - (r.a - from)}
	h.oLen = l.b + l.bLen + to - (l.a + l.aLen) - h.o
	h.tLen = r.b + r.bLen + to - (r.a + r.aLen) - h.t
	return h
}

// add appends h, or extends the last hunk by it where they touch on either side.
func (m *merger) add(h hunk) {
	if n := len(m.hunks); n > 0 {
		last := &m.hunks[n-1]
		if h.o <= last.o+last.oLen || h.t <= last.t+last.tLen {
			if h.source != last.source {
				last.source = conflicting
			}
			last.oLen = h.o + h.oLen - last.o
			last.tLen = h.t + h.tLen - last.t
			return
		}
	}
	m.hunks = append(m.hunks, h)
}

// narrow reduces every conflict to the lines in which the two sides differ.
func (m *merger) narrow() {
	narrowed := make([]hunk, 0, len(m.hunks))
	for _, h := range m.hunks {
		if h.source != conflicting || h.oLen == 0 || h.tLen == 0 {
			narrowed = append(narrowed, h)
			continue
		}
		differences := diff(m.ours.part(h.o, h.o+h.oLen), m.theirs.part(h.t, h.t+h.tLen), m.classes)
		if len(differences) == 0 {
			h.source = agreed
			narrowed = append(narrowed, h)
		}
		for _, c := range differences {
			narrowed = append(narrowed, hunk{conflicting, h.o + c.a, c.aLen, h.t + c.b, c.bLen})
		}
	}
	m.hunks = narrowed
}

// join makes one conflict of two that are so close that markers would take more room than the lines between them.
func (m *merger) join() {
	const close = 3
	joined := m.hunks[:0]
	for _, h := range m.hunks {
		if n := len(joined); n > 0 && h.source == conflicting {
			last := &joined[n-1]
			if last.source == conflicting && h.o-(last.o+last.oLen) <= close {
				last.oLen = h.o + h.oLen - last.o
				last.tLen = h.t + h.tLen - last.t
				continue
			}
		}
		joined = append(joined, h)
	}
	m.hunks = joined
}
