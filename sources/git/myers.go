package git

import "math"

// The search gives up being exact at these costs (numbers of changed lines) and
// sizes; they are Git's.
const (
	// minMaxCost is the least cost at which a search takes the best found so far.
	minMaxCost = 256
	// goodRunCost is the cost from which on a long run of equal lines far out is
	// taken as the way.
	goodRunCost = 256
	// goodRun is how many equal lines make a long run.
	goodRun = 20
	// goodReach is how many lines must be covered per change then.
	goodReach = 4
)

// lineSearch is Myers' search for a short edit script in linear space: from both
// ends at once, diagonal by diagonal, until the two searches meet in the middle,
// and then again on both halves. The diagonal of (x, y), x lines into a and y
// into b, is x-y.
type lineSearch struct {
	a, b    *kept
	maxCost int
	// forward and backward hold, for each diagonal, how far into a that search
	// came; diagonal d is at zero+d.
	forward, backward []int
	zero              int
}

// box is a part of both texts: lines x0 to x1 of a and y0 to y1 of b.
type box struct{ x0, x1, y0, y1 int }

func (s *lineSearch) run() {
	s.compare(box{0, len(s.a.ids), 0, len(s.b.ids)}, false)
}

// compare marks what differs in a box. Exact asks for a shortest script,
// whatever it costs.
func (s *lineSearch) compare(b box, exact bool) {
	for b.x0 < b.x1 && b.y0 < b.y1 && s.a.ids[b.x0] == s.b.ids[b.y0] {
		b.x0++
		b.y0++
	}
	for b.x0 < b.x1 && b.y0 < b.y1 && s.a.ids[b.x1-1] == s.b.ids[b.y1-1] {
		b.x1--
		b.y1--
	}
	if b.x0 == b.x1 || b.y0 == b.y1 {
		s.a.mark(b.x0, b.x1)
		s.b.mark(b.y0, b.y1)
		return
	}
	m := s.middle(b, exact)
	s.compare(box{b.x0, m.x, b.y0, m.y}, m.exactBefore)
	s.compare(box{m.x, b.x1, m.y, b.y1}, m.exactAfter)
}

// middle is where a box is split in two.
type middle struct {
	x, y                    int
	exactBefore, exactAfter bool
}

// front is the range of diagonals that one of the searches has reached, every
// second one of them at each cost.
type front struct{ low, high int }

// widen takes the front one step further to both sides, as far as the box goes,
// and puts a value beyond its ends that no step comes from.
func (f *front) widen(reach []int, zero int, b box, never int) {
	if f.low > b.x0-b.y1 {
		f.low--
		reach[zero+f.low-1] = never
	} else {
		f.low++
	}
	if f.high < b.x1-b.y0 {
		f.high++
		reach[zero+f.high+1] = never
	} else {
		f.high--
	}
}

func (f *front) has(d int) bool { return f.low <= d && d <= f.high }

func (s *lineSearch) middle(b box, exact bool) middle {
	first, last := b.x0-b.y0, b.x1-b.y1
	ahead, behind := front{first, first}, front{last, last}
	// The searches can only meet in a forward step if their diagonals differ by
	// an odd number, else only in a backward one.
	odd := (first-last)&1 != 0
	s.forward[s.zero+first], s.backward[s.zero+last] = b.x0, b.x1
	for cost := 1; ; cost++ {
		longRun := false
		ahead.widen(s.forward, s.zero, b, -1)
		for d := ahead.high; d >= ahead.low; d -= 2 {
			x, ran := s.stepForward(b, d)
			longRun = longRun || ran > goodRun
			if odd && behind.has(d) && s.backward[s.zero+d] <= x {
				return middle{x, x - d, true, true}
			}
		}
		behind.widen(s.backward, s.zero, b, math.MaxInt)
		for d := behind.high; d >= behind.low; d -= 2 {
			x, ran := s.stepBackward(b, d)
			longRun = longRun || ran > goodRun
			if !odd && ahead.has(d) && x <= s.forward[s.zero+d] {
				return middle{x, x - d, true, true}
			}
		}
		if exact {
			continue
		}
		if longRun && cost > goodRunCost {
			if m, ok := s.afterLongRun(b, ahead, cost); ok {
				return m
			}
			if m, ok := s.beforeLongRun(b, behind, cost); ok {
				return m
			}
		}
		if cost >= s.maxCost {
			return s.furthest(b, ahead, behind)
		}
	}
}

// stepForward goes one change and then all equal lines further on diagonal d. It
// returns how far that is, and how many equal lines there were.
func (s *lineSearch) stepForward(b box, d int) (x, ran int) {
	at := s.zero + d
	x = s.forward[at+1]
	if s.forward[at-1] >= x {
		x = s.forward[at-1] + 1
	}
	start := x
	for x < b.x1 && x-d < b.y1 && s.a.ids[x] == s.b.ids[x-d] {
		x++
	}
	s.forward[at] = x
	return x, x - start
}

func (s *lineSearch) stepBackward(b box, d int) (x, ran int) {
	at := s.zero + d
	x = s.backward[at-1]
	if x >= s.backward[at+1] {
		x = s.backward[at+1] - 1
	}
	start := x
	for x > b.x0 && x-d > b.y0 && s.a.ids[x-1] == s.b.ids[x-d-1] {
		x--
	}
	s.backward[at] = x
	return x, start - x
}

// afterLongRun looks for the diagonal on which the forward search came furthest
// for its cost, if it ends in a long run of equal lines.
func (s *lineSearch) afterLongRun(b box, f front, cost int) (m middle, found bool) {
	best := 0
	for d := f.high; d >= f.low; d -= 2 {
		x := s.forward[s.zero+d]
		y := x - d
		reach := x - b.x0 + y - b.y0 - distance(d, b.x0-b.y0)
		if reach <= goodReach*cost || reach <= best ||
			x < b.x0+goodRun || x >= b.x1 || y < b.y0+goodRun || y >= b.y1 {
			continue
		}
		if s.equal(x-goodRun, y-goodRun) {
			best, m = reach, middle{x: x, y: y, exactBefore: true}
		}
	}
	return m, best > 0
}

func (s *lineSearch) beforeLongRun(b box, f front, cost int) (m middle, found bool) {
	best := 0
	for d := f.high; d >= f.low; d -= 2 {
		x := s.backward[s.zero+d]
		y := x - d
		reach := b.x1 - x + b.y1 - y - distance(d, b.x1-b.y1)
		if reach <= goodReach*cost || reach <= best ||
			x <= b.x0 || x > b.x1-goodRun || y <= b.y0 || y > b.y1-goodRun {
			continue
		}
		if s.equal(x, y) {
			best, m = reach, middle{x: x, y: y, exactAfter: true}
		}
	}
	return m, best > 0
}

// equal reports whether a long run of equal lines starts at (x, y).
func (s *lineSearch) equal(x, y int) bool {
	for i := range goodRun {
		if s.a.ids[x+i] != s.b.ids[y+i] {
			return false
		}
	}
	return true
}

func distance(d, e int) int { return max(d-e, e-d) }

// furthest splits where either search came furthest.
func (s *lineSearch) furthest(b box, ahead, behind front) middle {
	forward, fx := -1, -1
	for d := ahead.high; d >= ahead.low; d -= 2 {
		x := min(s.forward[s.zero+d], b.x1, b.y1+d)
		if sum := x + x - d; sum > forward {
			forward, fx = sum, x
		}
	}
	backward, bx := math.MaxInt, math.MaxInt
	for d := behind.high; d >= behind.low; d -= 2 {
		x := max(s.backward[s.zero+d], b.x0, b.y0+d)
		if sum := x + x - d; sum < backward {
			backward, bx = sum, x
		}
	}
	if b.x1+b.y1-backward < forward-b.x0-b.y0 {
		return middle{x: fx, y: forward - fx, exactBefore: true}
	}
	return middle{x: bx, y: backward - bx, exactAfter: true}
}
