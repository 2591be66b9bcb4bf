package textmerge

// group is a possibly empty run of changed lines, ids[from:to]. Between any two unchanged neighbours lies exactly one
// group, so the groups of both files correspond one to one.
type group struct{ from, to int }

func firstGroup(m marks) group {
	g := group{}
	for m.at(g.to) {
		g.to++
	}
	return g
}

// forth moves on to the next group; false at the last one.
func (g *group) forth(m marks) bool {
	if g.to >= len(m) {
		return false
	}
	g.from = g.to + 1
	for g.to = g.from; m.at(g.to); {
		g.to++
	}
	return true
}

// back moves to the group before.
func (g *group) back(m marks) {
	g.to = g.from - 1
	for g.from = g.to; m.at(g.from - 1); {
		g.from--
	}
}

// up moves the group one line towards the start, which is possible where the line above it equals its last one, and
// swallows a group it runs into.
func (g *group) up(ids []int32, m marks) bool {
	if g.from == 0 || ids[g.from-1] != ids[g.to-1] {
		return false
	}
	g.from--
	g.to--
	m[g.from], m[g.to] = true, false
	for m.at(g.from - 1) {
		g.from--
	}
	return true
}

// down is up towards the end.
func (g *group) down(ids []int32, m marks) bool {
	if g.to >= len(ids) || ids[g.from] != ids[g.to] {
		return false
	}
	m[g.from], m[g.to] = false, true
	g.from++
	g.to++
	for m.at(g.to) {
		g.to++
	}
	return true
}

// slide gives every run of changed lines in ids the one of its equivalent places that Git would give it: beside a change
// in the other file if there is such a place, the last one if there are several, and otherwise as far down as it goes.
func slide(ids []int32, m, other marks) {
	g, facing := firstGroup(m), firstGroup(other)
	for {
		if g.from < g.to {
			settle(&g, &facing, ids, m, other)
		}
		if !g.forth(m) {
			return
		}
		facing.forth(other)
	}
}

func settle(g, facing *group, ids []int32, m, other marks) {
	faced := false
	for {
		size := g.to - g.from
		faced = false
		for g.up(ids, m) {
			facing.back(other)
		}
		faced = facing.from < facing.to
		for g.down(ids, m) {
			facing.forth(other)
			faced = faced || facing.from < facing.to
		}
		if g.to-g.from == size { // grown groups may have room that they had not before
			break
		}
	}
	for faced && facing.from == facing.to {
		g.up(ids, m)
		facing.back(other)
	}
}
