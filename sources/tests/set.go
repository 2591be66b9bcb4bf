package tests

import (
	"maps"
	"slices"
	"strings"
)

// Set is what one overlay of one commit renders: documents that were checked, with their defaults. It is shared and must not be changed.
type Set struct {
	// Suites, Gates and Sites are sorted by name.
	Suites []*Suite
	Gates  []*Gate
	Sites  []*Site
	// Files is every path that the build looked at, relative to the root of the repository and sorted. The files of the Suites are not
	// among them.
	Files []string

	digests map[string]string // of the Gates, by name
}

// named is a document of any kind.
type named interface{ Name() string }

func names[T named](docs []T) []string {
	all := make([]string, len(docs))
	for i, d := range docs {
		all[i] = d.Name()
	}
	return all
}

func find[T named](docs []T, name string) (found T) {
	i, ok := slices.BinarySearchFunc(docs, name, func(d T, name string) int { return strings.Compare(d.Name(), name) })
	if ok {
		found = docs[i]
	}
	return found
}

// Suite returns the Suite of a name, or nil.
func (s *Set) Suite(name string) *Suite { return find(s.Suites, name) }

// Gate returns the Gate of a name, or nil.
func (s *Set) Gate(name string) *Gate { return find(s.Gates, name) }

// Site returns the Site of a name, or nil.
func (s *Set) Site(name string) *Site { return find(s.Sites, name) }

// SuitesOf returns the Suites that a Gate selects, each once: in the order of the selectors, and by name within one selector.
func (s *Set) SuitesOf(g *Gate) []*Suite { return s.selected(g.Spec.Suites) }

// ControlsOf returns the control Suites of a Gate, in the same order.
func (s *Set) ControlsOf(g *Gate) []*Suite { return s.selected(g.Spec.Control) }

func (s *Set) selected(selectors []SuiteSelector) []*Suite {
	var suites []*Suite
	for _, selector := range selectors {
		for _, suite := range s.Suites {
			if selector.Matches(suite) && !slices.Contains(suites, suite) {
				suites = append(suites, suite)
			}
		}
	}
	return suites
}

// Digest identifies the tests of a Gate: the Gate and its Suites as rendered, and the content and mode of every file that the Suites
// name. The control Suites are no part of it, since they decide no Verdict. It is "sha256:" and 64 hex digits, or empty
// when the Set has no such Gate.
func (s *Set) Digest(g *Gate) string { return s.digests[g.Name()] }

// Matches tells whether the selector selects a Suite.
func (s SuiteSelector) Matches(suite *Suite) bool {
	if s.Name != "" {
		return s.Name == suite.Name()
	}
	return len(s.MatchLabels) > 0 && includes(suite.Metadata.Labels, s.MatchLabels)
}

// includes tells whether every label that is wanted is there.
func includes(labels, wanted map[string]string) bool {
	for key := range maps.Keys(wanted) {
		if value, ok := labels[key]; !ok || value != wanted[key] {
			return false
		}
	}
	return true
}
