package linediff

// maxSlide is how many places are rated for one group.
const maxSlide = 100

// bestEnd rates the places that a group can be at, by the lines around its start
// and end, and returns the end of the best; of equal ones the lowest.
func (s *side) bestEnd(g group, highest int) int {
	size := g.end - g.start
	end := max(highest, g.end-size-1, g.end-maxSlide)
	best, least := end, s.rate(end).plus(s.rate(end-size))
	for end++; end <= g.end; end++ {
		if r := s.rate(end).plus(s.rate(end - size)); !least.betterThan(r) {
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
func (s *side) rate(i int) rating {
	indent := s.indent(i)
	above, blanksAbove := s.nearest(i, -1)
	below, blanksBelow := s.nearest(i, 1)

	var r rating
	if above == blank && blanksAbove == 0 {
		r.penalty++ // start of the text
	}
	if i >= s.Len() {
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
func (s *side) nearest(i, step int) (indent, blanks int) {
	const maxBlanks = 20
	for j := i + step; j >= 0 && j < s.Len(); j += step {
		if indent := s.indent(j); indent != blank {
			return indent, blanks
		}
		if blanks++; blanks == maxBlanks {
			return 0, blanks
		}
	}
	return blank, blanks
}

// indent returns how many columns line i is indented by, tabs taken as eight.
func (s *side) indent(i int) int {
	const maxIndent = 200
	if i >= s.Len() {
		return blank
	}
	columns := 0
	for _, c := range s.Line(i) {
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
