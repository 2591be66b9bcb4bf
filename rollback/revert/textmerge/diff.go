package textmerge

// change is one run of lines that differ: aLen lines of the old file from a on became bLen lines of the new file from
// b on. One of the lengths may be 0.
type change struct {
	a, aLen int
	b, bLen int
}

// diff returns what turns a into b, in order. Both come from the same interner, which numbered up to classes lines.
func diff(a, b *file, classes int) []change {
	d := differ{
		a: a.ids, b: b.ids,
		aChanged: newMarks(a.lines()), bChanged: newMarks(b.lines()),
		classes: classes,
	}
	d.histogram(0, a.lines(), 0, b.lines())
	slide(d.a, d.aChanged, d.bChanged)
	slide(d.b, d.bChanged, d.aChanged)
	return d.script()
}

// differ finds which lines of a and b have no partner on the other side.
type differ struct {
	a, b               []int32
	aChanged, bChanged marks
	classes            int // line numbers are below this
	hist               *histogram
	freq               *frequencies
}

// script pairs up the runs of marked lines.
func (d *differ) script() []change {
	var changes []change
	i, j := 0, 0
	for i < len(d.a) || j < len(d.b) {
		if !d.aChanged.at(i) && !d.bChanged.at(j) {
			i++
			j++
			continue
		}
		c := change{a: i, b: j}
		for d.aChanged.at(i) {
			i++
		}
		for d.bChanged.at(j) {
			j++
		}
		c.aLen, c.bLen = i-c.a, j-c.b
		changes = append(changes, c)
	}
	return changes
}

// marks says of every line whether it changed. Lines before the first and after the last did not.
type marks []bool

func newMarks(lines int) marks { return make(marks, lines) }

func (m marks) at(i int) bool { return i >= 0 && i < len(m) && m[i] }

func (m marks) set(from, to int) {
	for i := from; i < to; i++ {
		m[i] = true
	}
}
