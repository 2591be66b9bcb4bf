package cluster

import (
	"cmp"
	"slices"
)

// Namespaces are where runs take place. They must exist, and hold nothing else.
type Namespaces struct {
	// Default is that of each Environment that has none of its own.
	Default string
	// Own are those of single Environments; an empty one counts as none.
	Own map[string]string
}

// Of is where the runs of an Environment take place.
func (n Namespaces) Of(environment string) string { return cmp.Or(n.Own[environment], n.Default) }

// All are where runs may be, in alphabetical order.
func (n Namespaces) All() []string {
	all := []string{n.Default}
	for environment := range n.Own {
		all = append(all, n.Of(environment))
	}
	slices.Sort(all)
	return slices.Compact(all)
}
