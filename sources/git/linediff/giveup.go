package linediff

import (
	"math"
	"slices"
)

// The search gives up being exact at these costs (numbers of changed lines) and
// sizes; they are Git's.
const (
	leastMaxCost  = 256 // that is always spent before the best found so far is taken
	promisingCost = 256 // from which on a long run far out is taken as the way
	longRun       = 20  // equal lines in a row that make a diagonal promising
	gainPerCost   = 4   // how many lines must be covered per change then
)

// afterLongRun looks for the diagonal on which the search from the front came
// furthest for its cost, if it ends in a long run of equal lines.
func (s *search) afterLongRun(x box, r reached, cost int) (m middle, found bool) {
	best := gainPerCost * cost
	for d := r.high; d >= r.low; d -= 2 {
		i := s.front[s.origin+d]
		j := i - d
		gain := i - x.a0 + j - x.b0 - distance(d, x.a0-x.b0)
		if gain <= best || i < x.a0+longRun || i >= x.a1 || j < x.b0+longRun || j >= x.b1 {
			continue
		}
		if slices.Equal(s.a.ids[i-longRun:i], s.b.ids[j-longRun:j]) {
			best, m, found = gain, middle{a: i, b: j, exactBefore: true}, true
		}
	}
	return m, found
}

// beforeLongRun is afterLongRun from the back.
func (s *search) beforeLongRun(x box, r reached, cost int) (m middle, found bool) {
	best := gainPerCost * cost
	for d := r.high; d >= r.low; d -= 2 {
		i := s.back[s.origin+d]
		j := i - d
		gain := x.a1 - i + x.b1 - j - distance(d, x.a1-x.b1)
		if gain <= best || i <= x.a0 || i > x.a1-longRun || j <= x.b0 || j > x.b1-longRun {
			continue
		}
		if slices.Equal(s.a.ids[i:i+longRun], s.b.ids[j:j+longRun]) {
			best, m, found = gain, middle{a: i, b: j, exactAfter: true}, true
		}
	}
	return m, found
}

func distance(d, e int) int { return max(d-e, e-d) }

// furthest splits where either search came furthest.
func (s *search) furthest(x box, ahead, behind reached) middle {
	front, frontA := -1, -1
	for d := ahead.high; d >= ahead.low; d -= 2 {
		i := min(s.front[s.origin+d], x.a1, x.b1+d)
		if sum := i + i - d; sum > front {
			front, frontA = sum, i
		}
	}
	back, backA := math.MaxInt, math.MaxInt
	for d := behind.high; d >= behind.low; d -= 2 {
		i := max(s.back[s.origin+d], x.a0, x.b0+d)
		if sum := i + i - d; sum < back {
			back, backA = sum, i
		}
	}
	if x.a1+x.b1-back < front-x.a0-x.b0 {
		return middle{a: frontA, b: front - frontA, exactBefore: true}
	}
	return middle{a: backA, b: back - backA, exactAfter: true}
}
