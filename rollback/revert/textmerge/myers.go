package textmerge

import (
	"math"
	"slices"
)

// Git's limits for regions in which every common line is frequent.
const (
	longRun       = 20   // equal lines in a row that make a diagonal promising
	promisingCost = 256  // edits after which a promising diagonal is taken
	leastMaxCost  = 256  // edits that are always spent before giving up on the shortest difference
	gainPerEdit   = 4    // how far a promising diagonal must have come per edit
	mostOften     = 1024 // a line that occurs more often than this is never a reason to match
	noiseWindow   = 100  // lines looked at around a frequent one
	noiseRatio    = 4    // a frequent line is noise if unmatched lines around it outnumber the frequent ones this far
)

// frequencies counts lines by class on both sides of a region.
type frequencies struct{ a, b []int32 }

// presence is how a line fares on the other side.
type presence uint8

const (
	absent presence = iota
	present
	abundant
)

// sequence is one side of a region reduced to the lines worth matching.
type sequence struct {
	ids   []int32
	lines []int // where each is in the file
	marks marks
}

// myers marks the changed lines between a[aFrom:aTo] and b[bFrom:bTo] by the linear-space method, which cares for
// order only and not for how rare a line is.
func (d *differ) myers(aFrom, aTo, bFrom, bTo int) {
	if d.freq == nil {
		d.freq = &frequencies{a: make([]int32, d.classes), b: make([]int32, d.classes)}
	}
	clear(d.freq.a)
	clear(d.freq.b)
	for _, id := range d.a[aFrom:aTo] {
		d.freq.a[id]++
	}
	for _, id := range d.b[bFrom:bTo] {
		d.freq.b[id]++
	}
	aLines, bLines := aTo-aFrom, bTo-bFrom
	for aFrom < aTo && bFrom < bTo && d.a[aFrom] == d.b[bFrom] {
		aFrom++
		bFrom++
	}
	for aFrom < aTo && bFrom < bTo && d.a[aTo-1] == d.b[bTo-1] {
		aTo--
		bTo--
	}
	a := reduce(d.a, aFrom, aTo, d.aChanged, d.freq.b, roughRoot(aLines))
	b := reduce(d.b, bFrom, bTo, d.bChanged, d.freq.a, roughRoot(bLines))
	newSearch(a, b).compare(0, len(a.ids), 0, len(b.ids), false)
}

// reduce marks as changed the lines of ids[from:to] that do not occur on the other side, and frequent ones among them,
// and returns the rest.
func reduce(ids []int32, from, to int, m marks, other []int32, often int) sequence {
	often = min(often, mostOften)
	fare := make([]presence, to-from)
	for i := range fare {
		switch n := int(other[ids[from+i]]); {
		case n == 0:
			fare[i] = absent
		case n >= often:
			fare[i] = abundant
		default:
			fare[i] = present
		}
	}
	s := sequence{marks: m}
	for i, p := range fare {
		if p == present || p == abundant && !noise(fare, i) {
			s.ids = append(s.ids, ids[from+i])
			s.lines = append(s.lines, from+i)
		} else {
			m[from+i] = true
		}
	}
	return s
}

// noise says whether the abundant line i stands between lines that are mostly absent on the other side.
func noise(fare []presence, i int) bool {
	from, to := max(0, i-noiseWindow), min(len(fare)-1, i+noiseWindow)
	count := func(at, step int) (absents, abundants int) {
		for ; at >= from && at <= to && fare[at] != present; at += step {
			if fare[at] == absent {
				absents++
			} else {
				abundants++
			}
		}
		return absents, abundants
	}
	absentsAbove, abundantsAbove := count(i-1, -1)
	absentsBelow, abundantsBelow := count(i+1, 1)
	if absentsAbove == 0 || absentsBelow == 0 {
		return false
	}
	const itself = 2 // counted once in each direction
	abundants := abundantsAbove + abundantsBelow + itself
	return abundants*noiseRatio < abundants+absentsAbove+absentsBelow
}

// roughRoot is a power of two not far from the square root of n.
func roughRoot(n int) int {
	root := 1
	for ; n > 0; n >>= 2 {
		root <<= 1
	}
	return root
}

// search holds the furthest points reached on every diagonal (position in a minus position in b), from the front and
// from the back.
type search struct {
	a, b        sequence
	front, back []int
	origin      int // index of diagonal 0
	maxCost     int
}

func newSearch(a, b sequence) *search {
	diagonals := len(a.ids) + len(b.ids) + 3
	return &search{
		a: a, b: b,
		front: make([]int, diagonals), back: make([]int, diagonals),
		origin:  len(b.ids) + 1,
		maxCost: max(leastMaxCost, roughRoot(diagonals)),
	}
}

// compare marks the changed lines between a[aFrom:aTo] and b[bFrom:bTo]. A minimal comparison spends whatever it takes.
func (s *search) compare(aFrom, aTo, bFrom, bTo int, minimal bool) {
	for aFrom < aTo && bFrom < bTo && s.a.ids[aFrom] == s.b.ids[bFrom] {
		aFrom++
		bFrom++
	}
	for aFrom < aTo && bFrom < bTo && s.a.ids[aTo-1] == s.b.ids[bTo-1] {
		aTo--
		bTo--
	}
	if aFrom == aTo || bFrom == bTo {
		for _, line := range s.a.lines[aFrom:aTo] {
			s.a.marks[line] = true
		}
		for _, line := range s.b.lines[bFrom:bTo] {
			s.b.marks[line] = true
		}
		return
	}
	at := s.split(box{aFrom: aFrom, aTo: aTo, bFrom: bFrom, bTo: bTo}, minimal)
	s.compare(aFrom, at.a, bFrom, at.b, at.minimalBefore)
	s.compare(at.a, aTo, at.b, bTo, at.minimalAfter)
}

type box struct{ aFrom, aTo, bFrom, bTo int }

// point is where a box is split in two, and which of the two is known to be cheap enough for a minimal comparison.
type point struct {
	a, b                        int
	minimalBefore, minimalAfter bool
}

// span is the range of diagonals under exploration; every second one in it is reached at a given cost.
type span struct{ low, high int }

// widen takes one diagonal more on both ends, as far as the box allows, and bars the one beyond it.
func (sp *span) widen(reached []int, origin, least, most, barred int) {
	if sp.low > least {
		sp.low--
		reached[origin+sp.low-1] = barred
	} else {
		sp.low++
	}
	if sp.high < most {
		sp.high++
		reached[origin+sp.high+1] = barred
	} else {
		sp.high--
	}
}

func (sp span) holds(diagonal int) bool { return sp.low <= diagonal && diagonal <= sp.high }

// split finds a point that a short way through the box passes.
func (s *search) split(x box, minimal bool) point {
	a, b, o := s.a.ids, s.b.ids, s.origin
	least, most := x.aFrom-x.bTo, x.aTo-x.bFrom
	frontStart, backStart := x.aFrom-x.bFrom, x.aTo-x.bTo
	odd := (frontStart-backStart)&1 != 0
	front, back := span{frontStart, frontStart}, span{backStart, backStart}
	s.front[o+frontStart], s.back[o+backStart] = x.aFrom, x.aTo

	for cost := 1; ; cost++ {
		promising := false
		front.widen(s.front, o, least, most, -1)
		for d := front.high; d >= front.low; d -= 2 {
			i := max(s.front[o+d-1]+1, s.front[o+d+1])
			start := i
			for i < x.aTo && i-d < x.bTo && a[i] == b[i-d] {
				i++
			}
			promising = promising || i-start > longRun
			s.front[o+d] = i
			if odd && back.holds(d) && s.back[o+d] <= i {
				return point{i, i - d, true, true}
			}
		}
		back.widen(s.back, o, least, most, math.MaxInt)
		for d := back.high; d >= back.low; d -= 2 {
			i := min(s.back[o+d-1], s.back[o+d+1]-1)
			start := i
			for i > x.aFrom && i-d > x.bFrom && a[i-1] == b[i-d-1] {
				i--
			}
			promising = promising || start-i > longRun
			s.back[o+d] = i
			if !odd && front.holds(d) && i <= s.front[o+d] {
				return point{i, i - d, true, true}
			}
		}
		if minimal {
			continue
		}
		if promising && cost > promisingCost {
			if at, ok := s.promisingFront(x, front, frontStart, cost); ok {
				return at
			}
			if at, ok := s.promisingBack(x, back, backStart, cost); ok {
				return at
			}
		}
		if cost >= s.maxCost {
			return s.furthest(x, front, back)
		}
	}
}

// promisingFront finds the diagonal that came furthest from the front, ends in a long run, and was worth its cost.
func (s *search) promisingFront(x box, reached span, start, cost int) (at point, ok bool) {
	best := 0
	for d := reached.high; d >= reached.low; d -= 2 {
		i := s.front[s.origin+d]
		j := i - d
		gain := (i - x.aFrom) + (j - x.bFrom) - distance(d, start)
		if gain <= gainPerEdit*cost || gain <= best || i < x.aFrom+longRun || i >= x.aTo || j < x.bFrom+longRun || j >= x.bTo {
			continue
		}
		if slices.Equal(s.a.ids[i-longRun:i], s.b.ids[j-longRun:j]) {
			best, at, ok = gain, point{a: i, b: j, minimalBefore: true}, true
		}
	}
	return at, ok
}

// promisingBack is promisingFront from the back.
func (s *search) promisingBack(x box, reached span, start, cost int) (at point, ok bool) {
	best := 0
	for d := reached.high; d >= reached.low; d -= 2 {
		i := s.back[s.origin+d]
		j := i - d
		gain := (x.aTo - i) + (x.bTo - j) - distance(d, start)
		if gain <= gainPerEdit*cost || gain <= best || i <= x.aFrom || i > x.aTo-longRun || j <= x.bFrom || j > x.bTo-longRun {
			continue
		}
		if slices.Equal(s.a.ids[i:i+longRun], s.b.ids[j:j+longRun]) {
			best, at, ok = gain, point{a: i, b: j, minimalAfter: true}, true
		}
	}
	return at, ok
}

// furthest gives up on the shortest way and splits where either search came furthest.
func (s *search) furthest(x box, front, back span) point {
	ahead, aheadA := -1, -1
	for d := front.high; d >= front.low; d -= 2 {
		i := min(s.front[s.origin+d], x.aTo)
		j := i - d
		if j > x.bTo {
			i, j = x.bTo+d, x.bTo
		}
		if i+j > ahead {
			ahead, aheadA = i+j, i
		}
	}
	behind, behindA := math.MaxInt, math.MaxInt
	for d := back.high; d >= back.low; d -= 2 {
		i := max(x.aFrom, s.back[s.origin+d])
		j := i - d
		if j < x.bFrom {
			i, j = x.bFrom+d, x.bFrom
		}
		if i+j < behind {
			behind, behindA = i+j, i
		}
	}
	if x.aTo+x.bTo-behind < ahead-(x.aFrom+x.bFrom) {
		return point{a: aheadA, b: ahead - aheadA, minimalBefore: true}
	}
	return point{a: behindA, b: behind - behindA, minimalAfter: true}
}

func distance(a, b int) int { return max(a-b, b-a) }
