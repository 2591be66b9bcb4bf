package blame

import (
	"slices"

	"github.com/assay-dev/assay/sources/sync"
)

// Change is what became of one Target between the last Passed state and the failed one.
type Change struct {
	Target sync.Target `json:"target"`
	// Before and After are the digests of what was rendered; equal when nothing changed.
	Before string `json:"before"`
	After  string `json:"after"`
	// Suspects in the Target's repositories, and in the one where the Target itself is written.
	Suspects []Suspect `json:"suspects,omitempty"`
	// Untraceable says why the change cannot be traced to commits: history was rewritten, the source is pinned, the target is new.
	Untraceable string `json:"untraceable,omitempty"`
	// OutsideGit says that the Target changed without a commit, and how.
	OutsideGit string `json:"outsideGit,omitempty"`
}

func (c Change) changed() bool { return c.Before != c.After || c.OutsideGit != "" }

func (c Case) changed() (out []Change) {
	for _, change := range c.Changes {
		if change.changed() {
			out = append(out, change)
		}
	}
	return out
}

// SuspectsOf are the Suspects of some Changes, each once, with all the Targets that it changed.
func SuspectsOf(changes []Change) (suspects []Suspect) {
	for _, change := range changes {
		for _, s := range change.Suspects {
			i := slices.IndexFunc(suspects, func(o Suspect) bool { return o.Repository == s.Repository && o.Commit == s.Commit })
			if i < 0 {
				suspects = append(suspects, s)
				continue
			}
			suspects[i].Targets = append(slices.Clone(suspects[i].Targets), s.Targets...)
			suspects[i].Definition = suspects[i].Definition || s.Definition
		}
	}
	return suspects
}
