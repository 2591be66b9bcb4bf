package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"
)

// decodedBudget bounds the memory for decoded objects of a repository, in bytes.
const decodedBudget = 24 << 20

// Repository is a repository on disk ([Open]) or in memory ([Memory]). It implements
// [Objects], is safe for concurrent use, and sees objects that others add while it
// is open.
type Repository struct {
	store   objectStore
	refs    references
	decoded *lru[Hash, any] // *Commit, []Entry or []byte

	// turn waits until no other writer of the same mirror is at work; nil where
	// writers need not wait for each other.
	turn func(context.Context) (release func(), err error)
}

// objectStore holds the objects of a repository: in packs and loose files, or in
// memory. It is safe for concurrent use.
type objectStore interface {
	// get reads an object. The error for one that is not there is ErrNotFound.
	get(h Hash) (object, error)
	// size returns the length of an object in bytes.
	size(h Hash) (int64, error)
	has(h Hash) (bool, error)
	// withPrefix lists the objects whose hexadecimal hash starts with prefix.
	withPrefix(prefix string) ([]Hash, error)
	// add stores objects, which from reads: all of them or none.
	add(ctx context.Context, hashes []Hash, from func(Hash) (object, error)) error
	// edge lists the commits whose parents are cut off.
	edge() ([]Hash, error)
	close() error
}

// Open opens the repository at path: a bare one, or a folder with a .git folder
// or, as a linked worktree has it, a .git file. Nothing but its configuration is
// read. Repositories that name objects by something other than SHA-1 or keep
// their references elsewhere than in files are refused. Where there is no
// repository at all the error wraps [fs.ErrNotExist].
func Open(path string) (*Repository, error) {
	r, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("open repository %s: %w", path, err)
	}
	return r, nil
}

func open(path string) (*Repository, error) {
	at, err := findLayout(path)
	if err != nil {
		return nil, err
	}
	return at.open()
}

// open opens the repository that is laid out like this.
func (l layout) open() (*Repository, error) {
	if _, err := os.Stat(l.objects()); err != nil {
		return nil, fmt.Errorf("is no Git repository: %w", err)
	}
	folders, err := withAlternates(nil, l.objects(), 0)
	if err != nil {
		return nil, err
	}
	files := filesystem.NewStorage(dotgit.NewRepositoryFilesystem(osfs.New(l.gitDir), osfs.New(l.common)), cache.NewObjectLRU(0))
	if err := checkFormat(files); err != nil {
		return nil, err
	}
	refs := &diskRefs{refFiles: refFiles{l.common}, gitDir: l.gitDir, names: files}
	return newRepository(newStore(folders), refs), nil
}

func newRepository(objects objectStore, refs references) *Repository {
	return &Repository{store: objects, refs: refs, decoded: newLRU[Hash, any](decodedBudget)}
}

func checkFormat(files *filesystem.Storage) error {
	config, err := files.Config()
	if err != nil {
		return fmt.Errorf("read its configuration: %w", err)
	}
	extensions := config.Raw.Section("extensions")
	if f := extensions.Option("objectformat"); f != "" && !strings.EqualFold(f, "sha1") {
		return fmt.Errorf("its objects are named by %s; only SHA-1 repositories are supported", f)
	}
	if f := extensions.Option("refstorage"); f != "" && !strings.EqualFold(f, "files") {
		return fmt.Errorf("its references are stored as %s; only files are supported (git refs migrate --ref-format=files)", f)
	}
	return nil
}

// Close closes the files of r. Objects that were read stay valid; reading more
// fails or opens files anew.
func (r *Repository) Close() error { return r.store.close() }

// Commit implements [Objects]. For a commit that is missing because r is a
// shallow clone the error wraps [ErrShallow].
func (r *Repository) Commit(ctx context.Context, h Hash) (*Commit, error) {
	c, err := decode(ctx, r, h, plumbing.CommitObject, parseCommit, commitCost)
	if errors.Is(err, ErrNotFound) && r.beyondEdge(ctx, h) {
		return nil, fmt.Errorf("commit %s: %w", h, ErrShallow)
	}
	return c, err
}

// Entries implements [Objects].
func (r *Repository) Entries(ctx context.Context, tree Hash) ([]Entry, error) {
	if tree.IsZero() || tree == EmptyTree {
		return nil, ctx.Err()
	}
	return decode(ctx, r, tree, plumbing.TreeObject, parseTree, entriesCost)
}

// Blob implements [Objects].
func (r *Repository) Blob(ctx context.Context, h Hash) ([]byte, error) {
	return decode(ctx, r, h, plumbing.BlobObject, parseBlob, blobCost)
}

// BlobSize returns the length of a blob in bytes, without reading it.
func (r *Repository) BlobSize(ctx context.Context, h Hash) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return r.store.size(h)
}

// present reports whether the object h can be read.
func (r *Repository) present(h Hash) bool {
	_, err := r.store.size(h)
	return err == nil
}

// missing returns those of hashes that are not present.
func (r *Repository) missing(hashes []Hash) (absent []Hash) {
	for _, h := range hashes {
		if !r.present(h) {
			absent = append(absent, h)
		}
	}
	return absent
}

// decode returns the object h in the form that parse gives it, from memory if it
// is there.
func decode[T any](ctx context.Context, r *Repository, h Hash, want plumbing.ObjectType, parse func(Hash, []byte) (T, error), cost func(T) int) (none T, err error) {
	if err := ctx.Err(); err != nil {
		return none, err
	}
	if known, ok := r.decoded.get(h); ok {
		if value, ok := known.(T); ok {
			return value, nil
		}
	}
	o, err := r.store.get(h)
	if err != nil {
		return none, err
	}
	if o.kind != want {
		return none, fmt.Errorf("object %s is a %s, not a %s: %w", h, o.kind, want, ErrCorrupt)
	}
	value, err := parse(h, o.data)
	if err != nil {
		return none, err
	}
	r.decoded.put(h, any(value), cost(value))
	return value, nil
}

func parseBlob(_ Hash, data []byte) ([]byte, error) { return data, nil }

// The costs estimate what a value holds on to, with the bookkeeping of the cache.
const (
	itemCost  = 200
	entryCost = 64
)

func commitCost(c *Commit) int {
	return itemCost + 300 + len(c.Message) + len(c.Armor) + len(c.Signed) + len(Hash{})*len(c.Parents)
}

func entriesCost(entries []Entry) int {
	cost := itemCost
	for _, e := range entries {
		cost += entryCost + len(e.Name)
	}
	return cost
}

func blobCost(data []byte) int { return itemCost + len(data) }
