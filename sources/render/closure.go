package render

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// kind is what lies at a path.
type kind uint8

const (
	absent kind = iota
	file
	directory
)

// closure is everything that a build learnt from its tree: what lies at each path it asked for, absence included, because
// a kustomization.yml that appears beside kustomization.yaml changes the build as much as an edit does. Another tree that
// answers the same renders the same.
type closure struct {
	answers  map[string]answer
	listings map[string][sha256.Size]byte // directories whose entries were listed
	links    map[string]string            // where paths really lie
}

// answer is what lies at one path.
type answer struct {
	kind kind
	id   plumbing.Hash // of a file
}

func newClosure() *closure {
	return &closure{
		answers:  map[string]answer{},
		listings: map[string][sha256.Size]byte{},
		links:    map[string]string{},
	}
}

// holds tells whether the tree gives every answer that the build was given.
func (c *closure) holds(tree Tree) (bool, error) {
	for path, want := range c.answers {
		got, err := look(tree, path)
		if err != nil {
			return false, err
		}
		if got != want {
			return false, nil
		}
	}
	for path, want := range c.listings {
		entries, err := fs.ReadDir(tree, path)
		if err != nil {
			return false, err
		}
		if listing(entries) != want {
			return false, nil
		}
	}
	for path, want := range c.links {
		got, err := realPath(tree, path)
		if err != nil {
			return false, err
		}
		if got != want {
			return false, nil
		}
	}
	return true, nil
}

// files lists the closure for people and for blame: files read, paths found absent and directories listed. Directories
// that were only passed through are left out, since not everything beneath them matters.
func (c *closure) files() []string {
	var paths []string
	for path, found := range c.answers {
		if _, listed := c.listings[path]; found.kind != directory || listed {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// size estimates the memory that the closure holds, in bytes.
func (c *closure) size() int {
	const perEntry = 96
	n := 0
	for path := range c.answers {
		n += len(path) + perEntry
	}
	return n + len(c.listings)*perEntry + len(c.links)*perEntry
}

// look asks the tree what lies at path.
func look(tree Tree, path string) (answer, error) {
	id, mode, err := tree.Hash(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return answer{}, nil
	case err != nil:
		return answer{}, fmt.Errorf("look at %s: %w", path, err)
	case mode == filemode.Dir:
		return answer{kind: directory}, nil
	default:
		return answer{kind: file, id: id}, nil
	}
}

// listing condenses the names and types of a directory's entries.
func listing(entries []fs.DirEntry) [sha256.Size]byte {
	sum := sha256.New()
	for _, entry := range entries {
		fmt.Fprintf(sum, "%d %q\n", entry.Type(), entry.Name())
	}
	return [sha256.Size]byte(sum.Sum(nil))
}
