package git

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// Hash is the SHA-1 name of an object. The zero Hash stands for "none": the
// empty tree where a tree is asked for, an absent entry in a [Change].
type Hash = plumbing.Hash

// EmptyTree is the name of the tree without entries. Every repository has it,
// stored or not.
var EmptyTree = plumbing.NewHash("4b825dc642cb6eb9a060e54bf8d69288fbee4904")

var (
	// ErrNotFound is wrapped when an object or revision is not in the
	// repository.
	ErrNotFound = errors.New("not found")
	// ErrShallow is wrapped when history goes on beyond the edge of a shallow
	// clone. It also matches [ErrNotFound].
	ErrShallow = fmt.Errorf("beyond the edge of a shallow clone: %w", ErrNotFound)
	// ErrCorrupt is wrapped when stored bytes are not what their format demands.
	ErrCorrupt = errors.New("corrupt")
	// ErrUnsafe is wrapped when a tree holds a name or a symbolic link that
	// could lead out of it.
	ErrUnsafe = errors.New("unsafe")
	// ErrSubmodule is wrapped when a path leads into a submodule, whose files
	// are in another repository.
	ErrSubmodule = errors.New("is a submodule")
	// ErrNotAncestor is wrapped when a walk does not lead to where it should.
	ErrNotAncestor = errors.New("not an ancestor")
)

// Objects reads the objects of a repository. Implementations are safe for
// concurrent use. What they return is shared: callers must not change it.
//
// The error for an object that is not there wraps [ErrNotFound], for one that is
// damaged or of another kind [ErrCorrupt]; it names the object.
type Objects interface {
	// Commit returns the commit h, which is no tag ([Repository.Resolve] follows
	// those).
	Commit(ctx context.Context, h Hash) (*Commit, error)
	// Entries lists a tree, sorted as Git sorts. The zero Hash is the empty tree. A
	// tree with a name that leads out of it is an error that wraps [ErrUnsafe].
	Entries(ctx context.Context, tree Hash) ([]Entry, error)
	// Blob returns the content of a file or the target of a symbolic link.
	Blob(ctx context.Context, h Hash) ([]byte, error)
}

// Entry is one name in a tree. The zero Entry stands for an absent one.
type Entry struct {
	Name string
	Mode filemode.FileMode
	Hash Hash
}

// IsZero reports whether e stands for an absent entry.
func (e Entry) IsZero() bool { return e == Entry{} }

// Commit is a commit as it is stored.
type Commit struct {
	Hash, Tree        Hash
	Parents           []Hash
	Author, Committer Signature
	// Message is the whole message, in Encoding.
	Message string
	// Encoding is the character set of Message and the names; empty for UTF-8.
	Encoding string
	// Armor is the armoured OpenPGP or SSH signature (the gpgsig header);
	// empty if the commit is not signed.
	Armor string
	// Signed holds the bytes that Armor signs: the stored commit without its
	// signature headers. It is nil if the commit is not signed.
	Signed []byte
}

// Parent returns the first parent, or the zero Hash for a root commit.
func (c *Commit) Parent() Hash {
	if len(c.Parents) == 0 {
		return Hash{}
	}
	return c.Parents[0]
}

// Signature says who wrote or committed something, and when (whole seconds, in
// the zone of the writer).
type Signature struct {
	Name, Email string
	When        time.Time
}
