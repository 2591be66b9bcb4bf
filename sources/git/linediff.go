package git

import "bytes"

// text is one of two texts that are compared, as lines. Lines are equal if their
// ids are.
type text struct {
	lines [][]byte // with their newline
	ids   []int
	// changed marks the lines that the other text does not have.
	changed []bool
}

// compareLines finds the lines that differ, just as Git does with its defaults:
// which of several shortest (or, in large texts, short) differences it picks
// decides what a patch id is made of.
func compareLines(before, after []byte) (a, b *text) {
	ids := map[string]int{}
	a, b = newText(before, ids), newText(after, ids)
	newLineSearch(a, b, len(ids)).run()
	a.slide(b)
	b.slide(a)
	return a, b
}

func newText(data []byte, ids map[string]int) *text {
	t := &text{}
	for line := range bytes.Lines(data) {
		id, ok := ids[string(line)]
		if !ok {
			id = len(ids)
			ids[string(line)] = id
		}
		t.lines = append(t.lines, line)
		t.ids = append(t.ids, id)
	}
	t.changed = make([]bool, len(t.lines))
	return t
}

const (
	// maxCommon is the most often that a line may occur in the other text and
	// still count as telling, in texts of any size.
	maxCommon = 1024
	// discardWindow is how far around a line of little worth is looked.
	discardWindow = 100
)

// worth says how much a line tells about what belongs together.
type worth uint8

const (
	unmatched worth = iota // not in the other text at all
	telling
	common // so often in the other text that it may mislead
)

// newLineSearch sets up the search: without the common start and end, without
// lines that have no match, and without common lines amid such.
func newLineSearch(a, b *text, ids int) *lineSearch {
	countA, countB := count(a.ids, ids), count(b.ids, ids)
	start := 0
	for start < min(len(a.ids), len(b.ids)) && a.ids[start] == b.ids[start] {
		start++
	}
	endA, endB := len(a.ids), len(b.ids)
	for endA > start && endB > start && a.ids[endA-1] == b.ids[endB-1] {
		endA--
		endB--
	}
	s := &lineSearch{a: a.keep(start, endA, countB), b: b.keep(start, endB, countA)}
	diagonals := len(s.a.ids) + len(s.b.ids) + 3
	s.maxCost = max(roughRoot(diagonals), minMaxCost)
	s.zero = len(s.b.ids) + 1
	s.forward = make([]int, diagonals)
	s.backward = make([]int, diagonals)
	return s
}

func count(ids []int, n int) []int {
	counts := make([]int, n)
	for _, id := range ids {
		counts[id]++
	}
	return counts
}

// roughRoot is about the square root of n: the power of two above it.
func roughRoot(n int) int {
	root := 1
	for ; n > 0; n >>= 2 {
		root <<= 1
	}
	return root
}

// kept is what of a text takes part in the search.
type kept struct {
	ids   []int
	lines []int // where each comes from
	text  *text
}

func (k *kept) mark(from, to int) {
	for _, line := range k.lines[from:to] {
		k.text.changed[line] = true
	}
}

// keep picks the lines from start to end that take part and marks the others as
// changed.
func (t *text) keep(start, end int, others []int) *kept {
	limit := min(roughRoot(len(t.ids)), maxCommon)
	worths := make([]worth, end-start)
	for i, id := range t.ids[start:end] {
		switch n := others[id]; {
		case n == 0:
			worths[i] = unmatched
		case n >= limit:
			worths[i] = common
		default:
			worths[i] = telling
		}
	}
	k := &kept{text: t}
	for i, w := range worths {
		if w == telling || w == common && !misleads(worths, i) {
			k.ids = append(k.ids, t.ids[start+i])
			k.lines = append(k.lines, start+i)
		} else {
			t.changed[start+i] = true
		}
	}
	return k
}

// misleads reports whether the common line i lies in a run of lines most of
// which have no match. Such a run reaches to the next telling line on both sides.
func misleads(worths []worth, i int) bool {
	before := run(worths, i, -1)
	after := run(worths, i, 1)
	if before[unmatched] == 0 || after[unmatched] == 0 {
		return false
	}
	// The line itself counts once for each side.
	commons := before[common] + after[common] + 2
	return 4*commons < commons+before[unmatched]+after[unmatched]
}

func run(worths []worth, i, step int) (counts [3]int) {
	for n := 1; n <= discardWindow; n++ {
		j := i + n*step
		if j < 0 || j >= len(worths) || worths[j] == telling {
			break
		}
		counts[worths[j]]++
	}
	return counts
}
