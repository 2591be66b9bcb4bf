package tests

import "strings"

// affixes are what overlays put around a document's name.
type affixes struct{ prefix, suffix string }

// affixesOf tells how an origin's name became the final one.
func affixesOf(o Origin, final string) affixes {
	before, after, _ := strings.Cut(final, o.Name)
	return affixes{before, after}
}

// nameOrigins finds, for documents of one kind that come from one file, which of the file's names each had there. Names that overlays
// change keep their old name inside the new one, but so may a neighbour's: smoke and smoke-long with the suffix -long are smoke-long and
// smoke-long-long. What is around the names tells them apart, for an overlay puts the same around all of them; the longest name decides the
// rest. A name that nothing explains was changed by a patch, and stays as it is.
func nameOrigins(written, final []string) map[string]string {
	votes := map[affixes]int{}
	for _, f := range final {
		for _, w := range written {
			if strings.Contains(f, w) {
				votes[affixesOf(Origin{Name: w}, f)]++
			}
		}
	}
	origins := map[string]string{}
	for _, f := range final {
		origins[f] = f
		most := 0
		for _, w := range written {
			if !strings.Contains(f, w) {
				continue
			}
			if n := votes[affixesOf(Origin{Name: w}, f)]; n > most || n == most && len(w) > len(origins[f]) {
				origins[f], most = w, n
			}
		}
	}
	if len(written) == 1 { // then all come from it, whatever a patch called them
		for _, f := range final {
			origins[f] = written[0]
		}
	}
	return origins
}
