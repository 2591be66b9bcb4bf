package linediff

import "math"

// search is Myers' search for a short edit script in linear space: from both
// ends at once, diagonal by diagonal, until the two meet in the middle, and then
// again on both halves. The diagonal of (i, j), i lines into a and j into b, is
// i-j.
type search struct {
	a, b *kept
	// front and back hold, for each diagonal, how far into a the search from that
	// end came; diagonal d is at origin+d.
	front, back []int
	origin      int
	maxCost     int
}

func newSearch(a, b *kept) *search {
	diagonals := len(a.ids) + len(b.ids) + 3
	return &search{
		a: a, b: b,
		front: make([]int, diagonals), back: make([]int, diagonals),
		origin:  len(b.ids) + 1,
		maxCost: max(leastMaxCost, roughRoot(diagonals)),
	}
}

// compare marks what differs in a box. Exact asks for a shortest script,
// whatever it costs.
func (s *search) compare(x box, exact bool) {
	x = x.shrink(s.a.ids, s.b.ids)
	if x.empty() {
		s.a.mark(x.a0, x.a1)
		s.b.mark(x.b0, x.b1)
		return
	}
	m := s.middle(x, exact)
	s.compare(box{x.a0, m.a, x.b0, m.b}, m.exactBefore)
	s.compare(box{m.a, x.a1, m.b, x.b1}, m.exactAfter)
}

// middle is where a box is split in two.
type middle struct {
	a, b                    int
	exactBefore, exactAfter bool
}

// reached is the range of diagonals that one of the searches has come to, every
// second one of them at each cost.
type reached struct{ low, high int }

// widen takes the range one diagonal further to both sides, as far as the box
// goes, and puts a value beyond its ends that no step comes from.
func (r *reached) widen(points []int, origin int, x box, never int) {
	if r.low > x.a0-x.b1 {
		r.low--
		points[origin+r.low-1] = never
	} else {
		r.low++
	}
	if r.high < x.a1-x.b0 {
		r.high++
		points[origin+r.high+1] = never
	} else {
		r.high--
	}
}

func (r reached) holds(d int) bool { return r.low <= d && d <= r.high }

// middle finds a point that a short way through the box passes.
func (s *search) middle(x box, exact bool) middle {
	a, b, o := s.a.ids, s.b.ids, s.origin
	first, last := x.a0-x.b0, x.a1-x.b1
	ahead, behind := reached{first, first}, reached{last, last}
	// The searches can only meet in a step from the front if their diagonals
	// differ by an odd number, else only in one from the back.
	odd := (first-last)&1 != 0
	s.front[o+first], s.back[o+last] = x.a0, x.a1

	for cost := 1; ; cost++ {
		promising := false
		ahead.widen(s.front, o, x, -1)
		for d := ahead.high; d >= ahead.low; d -= 2 {
			i := max(s.front[o+d-1]+1, s.front[o+d+1])
			start := i
			for i < x.a1 && i-d < x.b1 && a[i] == b[i-d] {
				i++
			}
			promising = promising || i-start > longRun
			s.front[o+d] = i
			if odd && behind.holds(d) && s.back[o+d] <= i {
				return middle{i, i - d, true, true}
			}
		}
		behind.widen(s.back, o, x, math.MaxInt)
		for d := behind.high; d >= behind.low; d -= 2 {
			i := min(s.back[o+d-1], s.back[o+d+1]-1)
			start := i
			for i > x.a0 && i-d > x.b0 && a[i-1] == b[i-d-1] {
				i--
			}
			promising = promising || start-i > longRun
			s.back[o+d] = i
			if !odd && ahead.holds(d) && i <= s.front[o+d] {
				return middle{i, i - d, true, true}
			}
		}
		if exact {
			continue
		}
		if promising && cost > promisingCost {
			if m, ok := s.afterLongRun(x, ahead, cost); ok {
				return m
			}
			if m, ok := s.beforeLongRun(x, behind, cost); ok {
				return m
			}
		}
		if cost >= s.maxCost {
			return s.furthest(x, ahead, behind)
		}
	}
}
