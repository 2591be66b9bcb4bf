package git

// group is a run of changed lines, from start to end (exclusive). It is empty
// between two unchanged lines that follow each other, so that both texts of a
// comparison have as many groups, which pair up.
type group struct{ start, end int }

func (g group) empty() bool { return g.start == g.end }

func (t *text) firstGroup() group { return t.groupFrom(0) }

func (t *text) groupFrom(start int) group {
	g := group{start, start}
	for g.end < len(t.changed) && t.changed[g.end] {
		g.end++
	}
	return g
}

func (t *text) next(g *group) bool {
	if g.end == len(t.changed) {
		return false
	}
	*g = t.groupFrom(g.end + 1)
	return true
}

func (t *text) previous(g *group) {
	g.end = g.start - 1
	g.start = g.end
	for g.start > 0 && t.changed[g.start-1] {
		g.start--
	}
}

// slideDown moves a group by one line, which is possible if the line that comes
// in equals the one that goes out. It swallows a group that it runs into.
func (t *text) slideDown(g *group) bool {
	if g.end == len(t.ids) || t.ids[g.start] != t.ids[g.end] {
		return false
	}
	t.changed[g.start], t.changed[g.end] = false, true
	g.start++
	g.end = t.groupFrom(g.end).end
	return true
}

func (t *text) slideUp(g *group) bool {
	if g.start == 0 || t.ids[g.start-1] != t.ids[g.end-1] {
		return false
	}
	g.start--
	g.end--
	t.changed[g.start], t.changed[g.end] = true, false
	for g.start > 0 && t.changed[g.start-1] {
		g.start--
	}
	return true
}

// slide moves each group of t to where people would draw it: as far down as it
// goes, unless it can be beside a group of the other text, or a higher place
// reads better by its indentation.
func (t *text) slide(other *text) {
	g, o := t.firstGroup(), other.firstGroup()
	for {
		if !g.empty() {
			t.place(other, &g, &o)
		}
		if !t.next(&g) {
			return
		}
		other.next(&o)
	}
}

func (t *text) place(other *text, g, o *group) {
	up := func() {
		t.slideUp(g)
		other.previous(o)
	}
	highest, beside := t.span(other, g, o)
	switch {
	case g.end == highest:
	case beside:
		for o.empty() {
			up()
		}
	default:
		for best := t.bestEnd(*g, highest); g.end > best; {
			up()
		}
	}
}

// span moves g as far down as it goes, and returns the highest end that it could
// have, and whether on the way it is beside a group of the other text. Where it
// runs into neighbours it becomes one with them, and is moved again.
func (t *text) span(other *text, g, o *group) (highest int, beside bool) {
	for {
		size := g.end - g.start
		for t.slideUp(g) {
			other.previous(o)
		}
		highest, beside = g.end, !o.empty()
		for t.slideDown(g) {
			other.next(o)
			beside = beside || !o.empty()
		}
		if g.end-g.start == size {
			return highest, beside
		}
	}
}

// maxSlide is how many places are rated for one group.
const maxSlide = 100

// bestEnd rates the places that a group can be at, by the lines around its start
// and end, and returns the end of the best; of equal ones the lowest.
func (t *text) bestEnd(g group, highest int) int {
	size := g.end - g.start
	end := max(highest, g.end-size-1, g.end-maxSlide)
	best, least := end, t.rate(end).plus(t.rate(end-size))
	for end++; end <= g.end; end++ {
		if r := t.rate(end).plus(t.rate(end - size)); !least.betterThan(r) {
			best, least = end, r
		}
	}
	return best
}

// rating says how bad it is to split a text at a place.
type rating struct{ indent, penalty int }

func (r rating) plus(s rating) rating {
	return rating{r.indent + s.indent, r.penalty + s.penalty}
}

func (r rating) betterThan(s rating) bool {
	// One level of difference in indentation outweighs most penalties.
	const indentWeight = 60
	order := 0
	if r.indent > s.indent {
		order = indentWeight
	} else if r.indent < s.indent {
		order = -indentWeight
	}
	return order+r.penalty-s.penalty < 0
}

// blank is the indentation of a line of white space, and of what is beyond the
// ends of a text.
const blank = -1

// rate rates a split before line i. The weights are Git's; they were fitted to
// what people marked as the best place.
func (t *text) rate(i int) rating {
	indent := t.indent(i)
	above, blanksAbove := t.nearest(i, -1)
	below, blanksBelow := t.nearest(i, 1)

	var r rating
	if above == blank && blanksAbove == 0 {
		r.penalty++ // start of the text
	}
	if i >= len(t.lines) {
		r.penalty += 21
	}
	after := 0
	if indent == blank {
		after = 1 + blanksBelow
		indent = below
	}
	blanks := blanksAbove + after
	r.penalty += -30*blanks + 6*after
	r.indent = indent

	pick := func(tight, spaced int) int {
		if blanks == 0 {
			return tight
		}
		return spaced
	}
	switch {
	case indent == blank || above == blank || indent == above:
	case indent > above:
		r.penalty += pick(-4, 10)
	case below != blank && below > indent: // ends a block and starts another, as else does
		r.penalty += pick(24, 17)
	default:
		r.penalty += pick(23, 17)
	}
	return r
}

// nearest returns the indentation of the nearest line in a direction that is not
// blank, and how many blank ones are before it.
func (t *text) nearest(i, step int) (indent, blanks int) {
	const maxBlanks = 20
	for j := i + step; j >= 0 && j < len(t.lines); j += step {
		if indent := t.indent(j); indent != blank {
			return indent, blanks
		}
		if blanks++; blanks == maxBlanks {
			return 0, blanks
		}
	}
	return blank, blanks
}

// indent returns how many columns line i is indented by, tabs taken as eight.
func (t *text) indent(i int) int {
	const maxIndent = 200
	if i >= len(t.lines) {
		return blank
	}
	columns := 0
	for _, c := range t.lines[i] {
		switch c {
		case ' ':
			columns++
		case '\t':
			columns += 8 - columns%8
		case '\n', '\r':
		default:
			return columns
		}
		if columns >= maxIndent {
			return maxIndent
		}
	}
	return blank
}
