package textmerge

import "github.com/assay-dev/assay/sources/git/linediff"

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
	lines := linediff.Lines{}
	b, o, t := lines.Cut(base), lines.Cut(ours), lines.Cut(theirs)
	left, right := linediff.Histogram(b, o), linediff.Histogram(b, t)
	switch {
	case len(left) == 0:
		return Result{Text: theirs}
	case len(right) == 0:
		return Result{Text: ours}
	}
	m := merger{base: b, ours: o, theirs: t}
	m.combine(left, right)
	m.narrow()
	m.join()
	return m.render(labels)
}

// Binary says whether Git would take data for binary and not merge it by lines: [linediff.Binary], or a
// size that its line merge refuses.
func Binary(data []byte) bool {
	const most = 1023 << 20
	return len(data) > most || linediff.Binary(data)
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
	base, ours, theirs *linediff.Text
	hunks              []hunk
}

// combine walks both differences from the base and makes hunks of them.
func (m *merger) combine(left, right []linediff.Change) {
	oursTail, theirsTail := m.ours.Len()-m.base.Len(), m.theirs.Len()-m.base.Len()
	for len(left) > 0 || len(right) > 0 {
		switch {
		case len(right) == 0:
			l := left[0]
			m.add(hunk{fromOurs, l.B, l.BLen, l.A + theirsTail, l.ALen})
			left = left[1:]
		case len(left) == 0:
			r := right[0]
			m.add(hunk{fromTheirs, r.A + oursTail, r.ALen, r.B, r.BLen})
			right = right[1:]
		case left[0].A+left[0].ALen < right[0].A:
			l := left[0]
			m.add(hunk{fromOurs, l.B, l.BLen, l.A + right[0].B - right[0].A, l.ALen})
			left = left[1:]
		case right[0].A+right[0].ALen < left[0].A:
			r := right[0]
			m.add(hunk{fromTheirs, r.A + left[0].B - left[0].A, r.ALen, r.B, r.BLen})
			right = right[1:]
		default:
			l, r := left[0], right[0]
			if !m.same(l, r) {
				m.add(overlap(l, r))
			}
			lEnd, rEnd := l.A+l.ALen, r.A+r.ALen
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
func (m *merger) same(l, r linediff.Change) bool {
	return l.A == r.A && l.ALen == r.ALen &&
		m.ours.Part(l.B, l.B+l.BLen).Equal(m.theirs.Part(r.B, r.B+r.BLen))
}

// overlap is the conflict of two changes that touch: both sides stretched over what either of them covers.
func overlap(l, r linediff.Change) hunk {
	from, to := min(l.A, r.A), max(l.A+l.ALen, r.A+r.ALen)
	h := hunk{source: conflicting, o: l.B - (l.A - from), t: r.B - (r.A - from)}
	h.oLen = l.B + l.BLen + to - (l.A + l.ALen) - h.o
	h.tLen = r.B + r.BLen + to - (r.A + r.ALen) - h.t
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
		differences := linediff.Histogram(m.ours.Part(h.o, h.o+h.oLen), m.theirs.Part(h.t, h.t+h.tLen))
		if len(differences) == 0 {
			h.source = agreed
			narrowed = append(narrowed, h)
		}
		for _, c := range differences {
			narrowed = append(narrowed, hunk{conflicting, h.o + c.A, c.ALen, h.t + c.B, c.BLen})
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
