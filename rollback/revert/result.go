package revert

import (
	"encoding/json"
	"slices"

	"github.com/assay-dev/assay/rollback/revert/treemerge"
	"github.com/assay-dev/assay/sources/git"
)

// Result is what reverting came to. It marshals to the JSON that the command line prints.
type Result struct {
	// Tree is the tree of the last commit, or of the one built on if nothing changes; zero on a conflict.
	Tree git.Hash
	// Commits are the commits made, oldest first; none on a conflict.
	Commits []Commit
	// Paths lists by path what differs from the commit built on, and what conflicts.
	Paths []Path
	// Conflicts come in the order in which they were met. After the first one, what a path would be is a guess.
	Conflicts []Conflict
}

// Clean says that nothing conflicts.
func (r *Result) Clean() bool { return len(r.Conflicts) == 0 }

// Tip is the last commit made; zero if there is none.
func (r *Result) Tip() git.Hash {
	if len(r.Commits) == 0 {
		return git.Hash{}
	}
	return r.Commits[len(r.Commits)-1].Hash
}

// Commit is one revert commit.
type Commit struct {
	Hash    git.Hash // the new commit
	Reverts git.Hash // the culprit
	Tree    git.Hash
}

// Path is one path and how it came to its result.
type Path struct {
	Path string `json:"path"`
	How  How    `json:"how"`
}

// How says how a path came to its result.
type How string

const (
	Blob        How = "blob"                    // a version that was there before is put back, or moved
	Text        How = How(treemerge.Text)       // merged line by line
	Structural  How = How(treemerge.Structural) // lines conflict, the structure of the YAML does not
	Conflicting How = "conflict"
)

// hardest returns the way that takes more explaining.
func hardest(a, b How) How {
	ways := []How{"", Blob, Text, Structural, Conflicting}
	return ways[max(slices.Index(ways, a), slices.Index(ways, b))]
}

// Conflict is a path that both the reverts and later commits changed.
type Conflict struct {
	treemerge.Conflict
	Reverts git.Hash // the culprit whose revert conflicts
}

// MarshalJSON writes hashes as hexadecimal digits and absent ones as null.
func (r *Result) MarshalJSON() ([]byte, error) {
	type commit struct {
		Reverts string `json:"reverts"`
		Tree    string `json:"tree"`
	}
	type conflict struct {
		Path      string  `json:"path"`
		Kind      string  `json:"kind"`
		Reverts   string  `json:"reverts"`
		Base      *string `json:"base"`
		Ours      *string `json:"ours"`
		Theirs    *string `json:"theirs"`
		Rendering string  `json:"rendering"`
	}
	out := struct {
		Tree      *string    `json:"tree"`
		Commits   []commit   `json:"commits"`
		Paths     []Path     `json:"paths"`
		Conflicts []conflict `json:"conflicts"`
	}{Tree: digits(r.Tree), Commits: []commit{}, Paths: append([]Path{}, r.Paths...), Conflicts: []conflict{}}
	for _, c := range r.Commits {
		out.Commits = append(out.Commits, commit{c.Reverts.String(), c.Tree.String()})
	}
	for _, c := range r.Conflicts {
		out.Conflicts = append(out.Conflicts, conflict{
			c.Path, string(c.Kind), c.Reverts.String(), digits(c.Base), digits(c.Ours), digits(c.Theirs), string(c.Rendering),
		})
	}
	return json.Marshal(out)
}

func digits(h git.Hash) *string {
	if h.IsZero() {
		return nil
	}
	s := h.String()
	return &s
}
