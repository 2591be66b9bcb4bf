package treemerge

import (
	"cmp"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/assay-dev/assay/sources/git"
)

// alternatives is how many sources are remembered for each target.
const alternatives = 4

// mostTwins is how many sources of equal content are looked at for one target.
const mostTwins = 100

var emptyBlob = plumbing.ComputeHash(plumbing.BlobObject, nil)

// detection finds the renames of one side.
type detection struct {
	*moves
	gauge   *gauge
	sources []*source // not used up yet
	targets []*target
	guesses map[string]string // where a lost folder most likely went, by the exact renames in it
}

// detect gives targets the sources that they were moved from. Where no source is relevant nothing is looked at.
func (m *moves) detect(g *gauge) error {
	if len(m.relevant) == 0 {
		return nil
	}
	d := &detection{moves: m, gauge: g}
	for _, s := range m.sources {
		if s.entry.Hash != emptyBlob {
			d.sources = append(d.sources, s)
		}
	}
	for _, t := range m.targets {
		if t.entry.Hash != emptyBlob {
			d.targets = append(d.targets, t)
		}
	}
	if len(d.sources) == 0 || len(d.targets) == 0 {
		return nil
	}
	d.exact()
	d.keep(func(*source) bool { return true })
	d.guess()
	if err := d.sameName(); err != nil {
		return err
	}
	d.keep(func(*source) bool { return true })
	d.dropDecided()
	d.keep(func(s *source) bool { return m.relevant[s.path] != 0 })
	if err := d.mostSimilar(); err != nil {
		return err
	}
	m.counts.clean(m.lost)
	return nil
}

// keep drops the sources that are used up and those that are not wanted.
func (d *detection) keep(wanted func(*source) bool) {
	d.sources = slices.DeleteFunc(d.sources, func(s *source) bool { return s.used || !wanted(s) })
}

func (d *detection) pair(s *source, t *target) {
	s.used, t.from = true, s
}

// exact pairs files of equal content, with the same base name if there is one.
func (d *detection) exact() {
	twins := map[git.Hash][]*source{}
	for _, s := range d.sources {
		twins[s.entry.Hash] = append(twins[s.entry.Hash], s)
	}
	for _, t := range d.targets {
		var best *source
		looked := 0
		for _, s := range twins[t.entry.Hash] {
			if (!regular(s.entry) || !regular(t.entry)) && s.entry.Mode != t.entry.Mode || s.used {
				continue
			}
			sameName := basename(s.path) == basename(t.path)
			if best == nil || sameName {
				best = s
			}
			if looked++; sameName || looked > mostTwins {
				break
			}
		}
		if best != nil {
			d.pair(best, t)
		}
	}
}

// guess counts the exact renames out of each lost folder and takes the most frequent new place for a hint.
func (d *detection) guess() {
	for _, t := range d.targets {
		if t.from != nil {
			d.counts.add(t.from.path, t.path, d.lost)
		}
	}
	d.guesses = make(map[string]string, len(d.counts))
	for old, places := range d.counts {
		d.guesses[old] = places.first()
	}
}

// sameName pairs files whose base name is unique on both sides, or that are where their folder most likely went.
func (d *detection) sameName() error {
	sources := map[string]int{}
	for _, s := range d.sources {
		sources[basename(s.path)]++
	}
	named, placed := map[string][]*target{}, map[string]*target{}
	for _, t := range d.targets {
		if t.from == nil {
			named[basename(t.path)] = append(named[basename(t.path)], t)
			placed[t.path] = t
		}
	}
	for _, s := range d.sources {
		name := basename(s.path)
		if d.relevant[s.path] == 0 || len(named[name]) == 0 {
			continue
		}
		var t *target
		if sources[name] == 1 && len(named[name]) == 1 {
			t = named[name][0]
		} else if place, ok := d.guesses[dirname(s.path)]; ok {
			t = placed[place+"/"+name]
		}
		if t == nil || t.from != nil {
			continue
		}
		score, err := d.gauge.similarity(s.entry, t.entry, similarSameName)
		if err != nil {
			return err
		}
		if score >= similarSameName {
			d.pair(s, t)
			d.counts.add(s.path, t.path, d.lost)
		}
	}
	return nil
}

// candidate is a possible rename.
type candidate struct {
	source   *source
	target   *target
	score    int
	sameName bool
}

// better orders candidates, best first; the zero one comes last.
func better(a, b candidate) int {
	switch {
	case a.target == nil && b.target == nil:
		return 0
	case a.target == nil:
		return 1
	case b.target == nil:
		return -1
	case a.score != b.score:
		return cmp.Compare(b.score, a.score)
	case a.sameName != b.sameName:
		if a.sameName {
			return -1
		}
		return 1
	}
	return 0
}

// mostSimilar compares what is left with each other and pairs the most similar first.
func (d *detection) mostSimilar() error {
	left := slices.DeleteFunc(slices.Clone(d.targets), func(t *target) bool { return t.from != nil })
	if len(left) == 0 || len(left)*len(d.sources) > mostComparisons {
		return nil
	}
	var candidates []candidate
	for _, t := range left {
		best, err := d.bestFor(t)
		if err != nil {
			return err
		}
		candidates = append(candidates, best[:]...)
	}
	slices.SortStableFunc(candidates, better)
	for _, c := range candidates {
		if c.target == nil || c.score < similar {
			break
		}
		if c.target.from == nil && !c.source.used {
			d.pair(c.source, c.target)
			d.counts.add(c.source.path, c.target.path, d.lost)
		}
	}
	return nil
}

// bestFor returns the best few sources of a target, each in the place of the worst one before it.
func (d *detection) bestFor(t *target) (best [alternatives]candidate, err error) {
	for _, s := range d.sources {
		score, err := d.gauge.similarity(s.entry, t.entry, similar)
		if err != nil {
			return best, err
		}
		worst := 0
		for i := range best {
			if better(best[i], best[worst]) > 0 {
				worst = i
			}
		}
		c := candidate{s, t, score, basename(s.path) == basename(t.path)}
		if better(best[worst], c) > 0 {
			best[worst] = c
		}
	}
	return best, nil
}
