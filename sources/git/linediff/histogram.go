package linediff

// frequent is how often a line may occur in a region and still serve to match it; Git's figure.
const frequent = 64

const none = int32(-1)

// histogram counts the lines of one region of a text and chains the occurrences
// of each, first to last.
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

// histogram marks what differs in a box.
func (d *differ) histogram(x box) {
	for !x.empty() {
		anchor, found, tooFrequent := d.anchor(x)
		switch {
		case tooFrequent:
			d.myers(x)
			return
		case !found:
			d.mark(x)
			return
		}
		d.histogram(box{x.a0, anchor.a0, x.b0, anchor.b0})
		x.a0, x.b0 = anchor.a1, anchor.b1
	}
	d.mark(x)
}

// anchor finds the run of common lines that holds the line which is rarest in a,
// and of those the longest. tooFrequent says that there are common lines, but
// every one of them is frequent.
func (d *differ) anchor(x box) (best box, found, tooFrequent bool) {
	if d.hist == nil {
		d.hist = &histogram{make([]int32, d.classes), make([]int32, d.classes), make([]int32, d.a.Len())}
	}
	h := d.hist
	h.fill(d.a.ids, x.a0, x.a1)
	defer h.clear(d.a.ids, x.a0, x.a1)

	rarest, longest, common := int32(frequent+1), 1, false
	for b := x.b0; b < x.b1; {
		past := b + 1
		id := d.b.ids[b]
		count := h.count[id]
		common = common || count > 0
		if count == 0 || count > rarest {
			b = past
			continue
		}
		for a := h.first[id]; a != none; {
			run, rarity := d.extend(int(a), b, x, count)
			past = max(past, run.b1)
			if run.a1-run.a0 > longest || rarity < rarest {
				best, found = run, true
				longest, rarest = run.a1-run.a0, rarity
			}
			for a = h.next[a]; a != none && int(a) < run.a1; {
				a = h.next[a]
			}
		}
		b = past
	}
	return best, found, common && rarest > frequent
}

// extend grows the match of line i of a with line j of b in both directions
// within x, and tells how often its rarest line occurs in a.
func (d *differ) extend(i, j int, x box, count int32) (run box, rarity int32) {
	a, b, counts := d.a.ids, d.b.ids, d.hist.count
	run = box{i, i + 1, j, j + 1}
	for run.a0 > x.a0 && run.b0 > x.b0 && a[run.a0-1] == b[run.b0-1] {
		run.a0--
		run.b0--
		count = min(count, counts[a[run.a0]])
	}
	for run.a1 < x.a1 && run.b1 < x.b1 && a[run.a1] == b[run.b1] {
		count = min(count, counts[a[run.a1]])
		run.a1++
		run.b1++
	}
	return run, count
}
