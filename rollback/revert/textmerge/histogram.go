package textmerge

// frequent is how often a line may occur in a region and still serve to match it; Git's figure.
const frequent = 64

const none = int32(-1)

// histogram counts the lines of one region of a file and chains the occurrences of each, first to last.
type histogram struct {
	count []int32 // by class
	first []int32 // by class; valid where count > 0
	next  []int32 // by line; none ends a chain
}

func (h *histogram) fill(ids []int32, from, to int) {
	for i := to - 1; i >= from; i-- {
		id := ids[i]
		if h.count[id] == 0 {
			h.next[i] = none
		} else {
			h.next[i] = h.first[id]
		}
		h.first[id] = int32(i)
		h.count[id]++
	}
}

func (h *histogram) clear(ids []int32, from, to int) {
	for _, id := range ids[from:to] {
		h.count[id] = 0
	}
}

// run is a stretch of common lines: a[aFrom:aTo] equals b[bFrom:bTo].
type run struct{ aFrom, aTo, bFrom, bTo int }

// histogram marks the changed lines between a[aFrom:aTo] and b[bFrom:bTo].
func (d *differ) histogram(aFrom, aTo, bFrom, bTo int) {
	for {
		if aFrom == aTo || bFrom == bTo {
			d.aChanged.set(aFrom, aTo)
			d.bChanged.set(bFrom, bTo)
			return
		}
		anchor, found, tooFrequent := d.anchor(aFrom, aTo, bFrom, bTo)
		switch {
		case tooFrequent:
			d.myers(aFrom, aTo, bFrom, bTo)
			return
		case !found:
			d.aChanged.set(aFrom, aTo)
			d.bChanged.set(bFrom, bTo)
			return
		}
		d.histogram(aFrom, anchor.aFrom, bFrom, anchor.bFrom)
		aFrom, bFrom = anchor.aTo, anchor.bTo
	}
}

// anchor finds the run of common lines that holds the line which is rarest in a, and of those the longest. tooFrequent
// says that there are common lines, but every one of them is frequent.
func (d *differ) anchor(aFrom, aTo, bFrom, bTo int) (best run, found, tooFrequent bool) {
	if d.hist == nil {
		d.hist = &histogram{count: make([]int32, d.classes), first: make([]int32, d.classes), next: make([]int32, len(d.a))}
	}
	h := d.hist
	h.fill(d.a, aFrom, aTo)
	defer h.clear(d.a, aFrom, aTo)

	rarest, longest, common := int32(frequent+1), 1, false
	for b := bFrom; b < bTo; {
		past := b + 1
		id := d.b[b]
		count := h.count[id]
		common = common || count > 0
		if count == 0 || count > rarest {
			b = past
			continue
		}
		for a := h.first[id]; a != none; {
			r, rarity := d.extend(int(a), b, aFrom, aTo, bFrom, bTo, count)
			past = max(past, r.bTo)
			if r.aTo-r.aFrom > longest || rarity < rarest {
				best, found = r, true
				longest, rarest = r.aTo-r.aFrom, rarity
			}
			for a = h.next[a]; a != none && int(a) < r.aTo; {
				a = h.next[a]
			}
		}
		b = past
	}
	return best, found, common && rarest > frequent
}

// extend grows the match of line a with line b in both directions, and tells how often its rarest line occurs in a.
func (d *differ) extend(a, b, aFrom, aTo, bFrom, bTo int, count int32) (run, int32) {
	r := run{aFrom: a, aTo: a + 1, bFrom: b, bTo: b + 1}
	for r.aFrom > aFrom && r.bFrom > bFrom && d.a[r.aFrom-1] == d.b[r.bFrom-1] {
		r.aFrom--
		r.bFrom--
		count = min(count, d.hist.count[d.a[r.aFrom]])
	}
	for r.aTo < aTo && r.bTo < bTo && d.a[r.aTo] == d.b[r.bTo] {
		count = min(count, d.hist.count[d.a[r.aTo]])
		r.aTo++
		r.bTo++
	}
	return r, count
}
