package treemerge

import (
	"context"

	"github.com/assay-dev/assay/sources/git"
)

// Store reads objects and takes the ones that the merge makes. *git.Scratch is one.
type Store interface {
	git.Objects
	BlobSize(ctx context.Context, h git.Hash) (int64, error)
	WriteBlob(data []byte) git.Hash
	WriteTree(entries []git.Entry) (git.Hash, error)
}

// Options say how to merge where Git's rules leave a choice.
type Options struct {
	// Ours and Theirs name the sides in the markers of a conflict.
	Ours, Theirs string
	// Structural is asked about the versions of a file whose lines conflict; ok says that it could settle them. Nil
	// settles nothing.
	Structural func(path string, base, ours, theirs []byte) (merged []byte, ok bool)
}

// How a path that both sides touched came to its result.
type How string

const (
	Text       How = "text"       // merged line by line
	Structural How = "structural" // lines conflict, structure does not
)

// Result is the outcome of a merge.
type Result struct {
	// Tree is the merged tree. A path that conflicts has the version of ours in it, if there is one.
	Tree git.Hash
	// Merged holds the paths whose content was merged.
	Merged map[string]How
	// Conflicts are sorted by path.
	Conflicts []Conflict
}

// Kind says why a path conflicts.
type Kind string

const (
	Content         Kind = "content"          // both sides changed the same lines
	AddAdd          Kind = "add/add"          // both sides added the file, differently
	Binary          Kind = "binary"           // both sides changed a file that has no lines
	Symlink         Kind = "symlink"          // both sides changed where a symbolic link leads
	Submodule       Kind = "submodule"        // both sides changed which commit a submodule is at
	Mode            Kind = "mode"             // the sides disagree on whether a file is executable
	Types           Kind = "types"            // the sides made different things of it: file, link or submodule
	ModifyDelete    Kind = "modify/delete"    // one side changed what the other removed
	RenameDelete    Kind = "rename/delete"    // one side moved what the other removed
	RenameRename    Kind = "rename/rename"    // the sides moved a file to different places
	RenameAdd       Kind = "rename/add"       // one side moved a file to where the other put something else
	FileDirectory   Kind = "file/directory"   // a file is where the other side has a folder
	DirectoryRename Kind = "directory rename" // the other side moved the folder that this file is in
)

// Conflict is a path that has no result. The zero Hash stands for a version that does not exist.
type Conflict struct {
	Path               string
	Kind               Kind
	Base, Ours, Theirs git.Hash
	// Rendering is the file with both sides between markers; nil where the versions have no lines to show.
	Rendering []byte
}

// Merge merges three trees; a zero Hash is the empty tree. An error means that something could not be read or written.
func Merge(ctx context.Context, store Store, base, ours, theirs git.Hash, options Options) (*Result, error) {
	m := &merge{ctx: ctx, store: store, options: options, paths: map[string]*item{}, result: &Result{Merged: map[string]How{}}}
	root := &folder{}
	w := newWalk(m)
	if err := w.run(root, versions[git.Hash]{base, ours, theirs}); err != nil {
		return nil, err
	}
	if err := m.followRenames(w); err != nil {
		return nil, err
	}
	if err := m.finish(root); err != nil {
		return nil, err
	}
	return m.result, nil
}

// merge is one call of Merge.
type merge struct {
	ctx     context.Context
	store   Store
	options Options
	paths   map[string]*item // what is not settled by the walk, by path
	result  *Result
}

// side numbers the three trees.
type side int

const (
	inBase side = iota
	inOurs
	inTheirs
)

// sides are the two that grew out of the base.
var sides = [...]side{inOurs, inTheirs}

func (s side) other() side { return inOurs + inTheirs - s }

// versions holds one value for each of the three trees.
type versions[T any] [3]T

// mask is a set of sides.
type mask uint8

const (
	baseBit   mask = 1 << inBase
	oursBit   mask = 1 << inOurs
	theirsBit mask = 1 << inTheirs
	all            = baseBit | oursBit | theirsBit
)

func (s side) bit() mask { return 1 << s }

// only returns the side that m consists of; ok is false for any other set.
func (m mask) only() (s side, ok bool) {
	switch m {
	case oursBit:
		return inOurs, true
	case theirsBit:
		return inTheirs, true
	}
	return inBase, false
}
