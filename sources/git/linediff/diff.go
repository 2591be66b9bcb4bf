package linediff

// Change is one run of lines that differ: ALen lines of the first text from A on
// became BLen lines of the second from B on. One of the lengths may be 0.
type Change struct{ A, ALen, B, BLen int }

// Myers returns what turns a into b as git diff shows it with its defaults.
func Myers(a, b *Text) []Change {
	d := newDiffer(a, b)
	d.myers(box{0, a.Len(), 0, b.Len()})
	d.a.slide(d.b, (*side).bestEnd)
	d.b.slide(d.a, (*side).bestEnd)
	return d.script()
}

// Histogram returns what turns a into b as Git's merges take it.
func Histogram(a, b *Text) []Change {
	d := newDiffer(a, b)
	d.histogram(box{0, a.Len(), 0, b.Len()})
	d.a.slide(d.b, (*side).lowestEnd)
	d.b.slide(d.a, (*side).lowestEnd)
	return d.script()
}

// differ finds which lines of two texts have no partner in the other.
type differ struct {
	a, b    *side
	classes int // the numbers of lines are below this
	hist    *histogram
	freq    *frequencies
}

func newDiffer(a, b *Text) *differ {
	return &differ{
		a: &side{a, make([]bool, a.Len())}, b: &side{b, make([]bool, b.Len())},
		classes: max(len(a.numbers), len(b.numbers)),
	}
}

// box is a part of both texts: lines a0 to a1 of a and b0 to b1 of b.
type box struct{ a0, a1, b0, b1 int }

func (x box) empty() bool { return x.a0 == x.a1 || x.b0 == x.b1 }

// shrink leaves out the common lines at the start and the end.
func (x box) shrink(a, b []int32) box {
	for !x.empty() && a[x.a0] == b[x.b0] {
		x.a0++
		x.b0++
	}
	for !x.empty() && a[x.a1-1] == b[x.b1-1] {
		x.a1--
		x.b1--
	}
	return x
}

// mark says that nothing in a box has a partner.
func (d *differ) mark(x box) {
	d.a.mark(x.a0, x.a1)
	d.b.mark(x.b0, x.b1)
}

// script pairs up the runs of changed lines.
func (d *differ) script() []Change {
	var changes []Change
	for i, j := 0, 0; i < d.a.Len() || j < d.b.Len(); {
		if !d.a.differs(i) && !d.b.differs(j) {
			i++
			j++
			continue
		}
		c := Change{A: i, B: j}
		for d.a.differs(i) {
			i++
		}
		for d.b.differs(j) {
			j++
		}
		c.ALen, c.BLen = i-c.A, j-c.B
		changes = append(changes, c)
	}
	return changes
}

// side is one of the two texts, and which of its lines are changed.
type side struct {
	*Text
	changed []bool
}

// differs reports whether line i is changed. What is beyond the ends is not.
func (s *side) differs(i int) bool { return i >= 0 && i < len(s.changed) && s.changed[i] }

func (s *side) mark(from, to int) {
	for i := from; i < to; i++ {
		s.changed[i] = true
	}
}
