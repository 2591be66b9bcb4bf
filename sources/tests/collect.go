package tests

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/assay-dev/assay/sources/render"
)

// collector makes a Set of a rendering, and collects every Problem on the way.
type collector struct {
	tree     render.Tree
	options  Options
	trace    trace
	problems Problems

	set    Set
	docs   map[any]*document // what each Suite, Gate and Site of the set was read from
	broken map[any]bool      // those with something wrong
}

// collect reads the documents of a rendering. The Set is complete but for the digests.
func collect(tree render.Tree, overlay string, r *render.Rendering, o Options) *collector {
	c := &collector{
		tree:    tree,
		options: o,
		trace:   trace{sources: newSources(tree), files: overlayFirst(overlay, r.Files)},
		set:     Set{Files: r.Files},
		docs:    map[any]*document{},
		broken:  map[any]bool{},
	}
	for _, d := range c.read(r) {
		switch d.kind {
		case KindSuite:
			s := &Suite{Origin: d.origin}
			c.keep(s, d, c.decode(d, s))
			c.checkFormats(s)
			c.checkResource(s)
			c.set.Suites = append(c.set.Suites, s)
		case KindGate:
			g := &Gate{Origin: d.origin}
			c.keep(g, d, c.decode(d, g))
			c.set.Gates = append(c.set.Gates, g)
		case KindSite:
			s := &Site{Origin: d.origin}
			c.keep(s, d, c.decode(d, s))
			c.set.Sites = append(c.set.Sites, s)
		}
	}
	slices.SortFunc(c.set.Suites, func(a, b *Suite) int { return cmp.Compare(a.Name(), b.Name()) })
	slices.SortFunc(c.set.Gates, func(a, b *Gate) int { return cmp.Compare(a.Name(), b.Name()) })
	slices.SortFunc(c.set.Sites, func(a, b *Site) int { return cmp.Compare(a.Name(), b.Name()) })
	for _, g := range c.set.Gates {
		c.linkSites(g)
		c.linkSuites(g)
	}
	return c
}

func (c *collector) keep(doc any, d *document, sound bool) {
	c.docs[doc] = d
	c.broken[doc] = !sound
}

// checkFormats reports formats that no room reads.
func (c *collector) checkFormats(s *Suite) {
	for i, r := range s.Spec.Reports {
		if r.Format != "" && len(c.options.Formats) > 0 && !slices.Contains(c.options.Formats, r.Format) {
			c.problem(c.docs[s], field{"spec", "reports", i, "format"}, fmt.Sprintf("%q is not known", r.Format), suggest(r.Format, c.options.Formats))
		}
	}
}

// overlayFirst sorts files so that those of the overlay's own folder are looked into first.
func overlayFirst(overlay string, files []string) []string {
	own := func(file string) int {
		if path.Dir(file) == path.Clean(overlay) {
			return 0
		}
		return 1
	}
	sorted := slices.Clone(files)
	slices.SortStableFunc(sorted, func(a, b string) int { return own(a) - own(b) })
	return sorted
}

// linkSites makes a Gate's selectors name Sites as the overlay calls them, where they name them as the Site's own file does.
func (c *collector) linkSites(g *Gate) {
	around := affixesOf(g.Origin, g.Name())
	for key, selectors := range map[string][]TargetSelector{"after": g.Spec.After, "exercises": g.Spec.Exercises} {
		for i := range selectors {
			s := &selectors[i]
			if s.Kind != KindSite || s.Name == "" || strings.ContainsAny(s.Name, `*?[\`) {
				continue
			}
			var written, near []*Site
			for _, site := range c.set.Sites {
				if site.Origin.Name == s.Name {
					written = append(written, site)
					if affixesOf(site.Origin, site.Name()) == around {
						near = append(near, site)
					}
				}
			}
			switch {
			case len(near) == 1:
				s.Name = near[0].Name()
			case c.set.Site(s.Name) != nil:
			case len(written) == 1:
				s.Name = written[0].Name()
			default:
				c.problem(c.docs[g], field{"spec", key, i, "name"}, fmt.Sprintf("names no Site of this overlay: %q", s.Name),
					suggest(s.Name, names(c.set.Sites)))
			}
		}
	}
}

// linkSuites checks that a Gate's selectors match Suites and that its conditions are sound.
func (c *collector) linkSuites(g *Gate) {
	matched := c.linked(g, field{"spec", "suites"}, g.Spec.Suites) && !c.broken[g]
	c.linked(g, field{"spec", "control"}, g.Spec.Control)
	suites := c.set.SuitesOf(g)
	for i, s := range g.Spec.Control {
		if slices.ContainsFunc(suites, s.Matches) {
			c.problem(c.docs[g], field{"spec", "control", i}, "selects a Suite that must hold too, which tells nothing when it fails", "keep it in one of the two")
		}
	}
	if c.options.CheckExpr == nil || !matched || slices.ContainsFunc(suites, func(s *Suite) bool { return c.broken[s] }) {
		return
	}
	for i, condition := range g.Spec.Pass {
		if err := c.options.CheckExpr(g, suites, condition.Expr); err != nil {
			c.problem(c.docs[g], field{"spec", "pass", i, "expr"}, err.Error(), "correct the expression")
		}
	}
}

// linked reports selectors that match no Suite, and tells whether there are none.
func (c *collector) linked(g *Gate, list field, selectors []SuiteSelector) bool {
	matched := true
	for i, s := range selectors {
		if slices.ContainsFunc(c.set.Suites, s.Matches) || (s.Name == "") == (s.MatchLabels == nil) { // the latter is told of its shape
			continue
		}
		matched = false
		at := list.at(i)
		if s.Name != "" {
			c.problem(c.docs[g], at.at("name"), fmt.Sprintf("names no Suite of this overlay: %q", s.Name), suggest(s.Name, names(c.set.Suites)))
		} else {
			c.problem(c.docs[g], at.at("matchLabels"), "match no Suite of this overlay", "label a Suite so, or list the Suites by name")
		}
	}
	return matched
}

func (c *collector) problem(d *document, at field, message, remedy string) {
	file, line := c.trace.locate(d, at)
	c.problems = append(c.problems, Problem{
		File: file, Line: line, Document: d.id(), Field: at.String(), Message: message, Remedy: remedy,
	})
}
