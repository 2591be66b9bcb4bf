package linediff

const (
	// mostOften is the most often that a line may occur in the other text and
	// still count as telling, in texts of any size; Git's figure, as the next is.
	mostOften = 1024
	// noiseWindow is how far around a frequent line is looked.
	noiseWindow = 100
)

// frequencies counts lines by class on both sides of a box.
type frequencies struct{ a, b []int32 }

// myers marks what differs in a box, without regard to how rare a line is.
func (d *differ) myers(x box) {
	if d.freq == nil {
		d.freq = &frequencies{make([]int32, d.classes), make([]int32, d.classes)}
	}
	count(d.freq.a, d.a.ids[x.a0:x.a1])
	count(d.freq.b, d.b.ids[x.b0:x.b1])
	oftenA, oftenB := roughRoot(x.a1-x.a0), roughRoot(x.b1-x.b0)
	x = x.shrink(d.a.ids, d.b.ids)
	a := d.a.reduce(x.a0, x.a1, d.freq.b, oftenA)
	b := d.b.reduce(x.b0, x.b1, d.freq.a, oftenB)
	newSearch(a, b).compare(box{0, len(a.ids), 0, len(b.ids)}, false)
}

func count(counts, ids []int32) {
	clear(counts)
	for _, id := range ids {
		counts[id]++
	}
}

// roughRoot is about the square root of n: the power of two above it.
func roughRoot(n int) int {
	root := 1
	for ; n > 0; n >>= 2 {
		root <<= 1
	}
	return root
}

// worth says how much a line tells about what belongs together.
type worth uint8

const (
	unmatched worth = iota // not in the other text at all
	telling
	common // so often in the other text that it may mislead
)

// kept is what of a side takes part in a search.
type kept struct {
	ids   []int32
	lines []int // where each comes from
	side  *side
}

func (k *kept) mark(from, to int) {
	for _, line := range k.lines[from:to] {
		k.side.changed[line] = true
	}
}

// reduce picks the lines that take part and marks the others as changed: those
// that have no match, and common ones amid such.
func (s *side) reduce(from, to int, others []int32, often int) *kept {
	often = min(often, mostOften)
	worths := make([]worth, to-from)
	for i, id := range s.ids[from:to] {
		switch n := int(others[id]); {
		case n == 0:
			worths[i] = unmatched
		case n >= often:
			worths[i] = common
		default:
			worths[i] = telling
		}
	}
	k := &kept{ids: make([]int32, 0, to-from), lines: make([]int, 0, to-from), side: s}
	for i, w := range worths {
		if w == telling || w == common && !misleads(worths, i) {
			k.ids = append(k.ids, s.ids[from+i])
			k.lines = append(k.lines, from+i)
		} else {
			s.changed[from+i] = true
		}
	}
	return k
}

// misleads reports whether the common line i lies in a run of lines most of
// which have no match. Such a run reaches to the next telling line on both sides.
func misleads(worths []worth, i int) bool {
	before, after := around(worths, i, -1), around(worths, i, 1)
	if before[unmatched] == 0 || after[unmatched] == 0 {
		return false
	}
	// The line itself counts once for each side.
	commons := before[common] + after[common] + 2
	return 4*commons < commons+before[unmatched]+after[unmatched]
}

func around(worths []worth, i, step int) (counts [3]int) {
	for n := 1; n <= noiseWindow; n++ {
		j := i + n*step
		if j < 0 || j >= len(worths) || worths[j] == telling {
			break
		}
		counts[worths[j]]++
	}
	return counts
}
