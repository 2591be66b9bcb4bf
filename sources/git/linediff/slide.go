package linediff

// group is a run of changed lines, from start to end (exclusive). It is empty
// between two unchanged lines that follow each other, so that both sides have as
// many groups, which pair up.
type group struct{ start, end int }

func (g group) empty() bool { return g.start == g.end }

func (s *side) groupFrom(start int) group {
	g := group{start, start}
	for s.differs(g.end) {
		g.end++
	}
	return g
}

func (s *side) next(g *group) bool {
	if g.end == s.Len() {
		return false
	}
	*g = s.groupFrom(g.end + 1)
	return true
}

func (s *side) previous(g *group) {
	g.end = g.start - 1
	g.start = g.end
	for s.differs(g.start - 1) {
		g.start--
	}
}

// down moves a group by one line, which is possible if the line that comes in
// equals the one that goes out. It swallows a group that it runs into.
func (s *side) down(g *group) bool {
	if g.end == s.Len() || s.ids[g.start] != s.ids[g.end] {
		return false
	}
	s.changed[g.start], s.changed[g.end] = false, true
	g.start++
	g.end = s.groupFrom(g.end).end
	return true
}

func (s *side) up(g *group) bool {
	if g.start == 0 || s.ids[g.start-1] != s.ids[g.end-1] {
		return false
	}
	g.start--
	g.end--
	s.changed[g.start], s.changed[g.end] = true, false
	for s.differs(g.start - 1) {
		g.start--
	}
	return true
}

// choose picks the end that a group gets, which is as far down as it goes and
// could be as high as highest.
type choose func(s *side, g group, highest int) (end int)

func (s *side) lowestEnd(g group, _ int) int { return g.end }

// slide moves each group of s to the one of its equivalent places that Git gives
// it: beside a group of the other side, as far down as there is one, or else where
// choose says.
func (s *side) slide(other *side, choose choose) {
	g, o := s.groupFrom(0), other.groupFrom(0)
	for {
		if !g.empty() {
			s.place(other, &g, &o, choose)
		}
		if !s.next(&g) {
			return
		}
		other.next(&o)
	}
}

func (s *side) place(other *side, g, o *group, choose choose) {
	up := func() {
		s.up(g)
		other.previous(o)
	}
	highest, beside := s.span(other, g, o)
	switch {
	case g.end == highest:
	case beside:
		for o.empty() {
			up()
		}
	default:
		for end := choose(s, *g, highest); g.end > end; {
			up()
		}
	}
}

// span moves g as far down as it goes, and returns the highest end that it could
// have, and whether on the way it is beside a group of the other side. Where it
// runs into neighbours it becomes one with them, and is moved again.
func (s *side) span(other *side, g, o *group) (highest int, beside bool) {
	for {
		size := g.end - g.start
		for s.up(g) {
			other.previous(o)
		}
		highest, beside = g.end, !o.empty()
		for s.down(g) {
			other.next(o)
			beside = beside || !o.empty()
		}
		if g.end-g.start == size {
			return highest, beside
		}
	}
}
