package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"
)

// decodedBudget bounds the memory for decoded objects of a repository, in bytes.
const decodedBudget = 24 << 20

// maxAlternates bounds how far object folders may refer to each other.
const maxAlternates = 5

// Repository is an existing repository on disk. It implements [Objects], is safe
// for concurrent use, and sees objects that others add while it is open.
type Repository struct {
	gitDir string // with HEAD; a linked worktree has its own
	common string // with objects and the other references

	store   *store
	decoded *lru[Hash, any] // *Commit, []Entry or []byte

	// turn waits until no other writer of the same mirror is at work; nil where
	// writers need not wait for each other.
	turn func(context.Context) (release func(), err error)

	// go-git's storage serves the references. It is not safe for concurrent
	// use.
	refs   *filesystem.Storage
	refsMu sync.Mutex
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
	gitDir, err := findGitDir(path)
	if err != nil {
		return nil, err
	}
	common, err := findCommon(gitDir)
	if err != nil {
		return nil, err
	}
	objects := filepath.Join(common, "objects")
	if _, err := os.Stat(objects); err != nil {
		return nil, fmt.Errorf("is no Git repository: %w", err)
	}
	folders, err := withAlternates(nil, objects, 0)
	if err != nil {
		return nil, err
	}
	files := dotgit.NewRepositoryFilesystem(osfs.New(gitDir), osfs.New(common))
	r := &Repository{
		gitDir:  gitDir,
		common:  common,
		store:   newStore(folders),
		decoded: newLRU[Hash, any](decodedBudget),
		refs:    filesystem.NewStorage(files, cache.NewObjectLRU(0)),
	}
	return r, r.checkFormat()
}

// findGitDir returns the folder that holds HEAD.
func findGitDir(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	dot := filepath.Join(path, ".git")
	info, err := os.Stat(dot)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Join(path, "HEAD")); err != nil {
			return "", fmt.Errorf("is no Git repository: %w", err)
		}
		return path, nil
	case err != nil:
		return "", err
	case info.IsDir():
		return dot, nil
	}
	text, err := os.ReadFile(dot)
	if err != nil {
		return "", err
	}
	target, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "gitdir: ")
	if !ok {
		return "", fmt.Errorf("%s does not say where the repository is (no line %q)", dot, "gitdir: ...")
	}
	return from(path, target), nil
}

// findCommon returns the folder that holds the objects: gitDir itself, unless it
// belongs to a linked worktree.
func findCommon(gitDir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(gitDir, "commondir"))
	if errors.Is(err, fs.ErrNotExist) {
		return gitDir, nil
	}
	return from(gitDir, strings.TrimSpace(string(text))), err
}

// from reads path as seen from the folder dir.
func from(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// withAlternates adds the object folder and those that it borrows from.
func withAlternates(folders []string, objects string, depth int) ([]string, error) {
	if slices.Contains(folders, objects) {
		return folders, nil
	}
	if depth > maxAlternates {
		return nil, fmt.Errorf("alternates of alternates are nested more than %d deep at %s", maxAlternates, objects)
	}
	folders = append(folders, objects)
	text, err := os.ReadFile(filepath.Join(objects, "info", "alternates"))
	if errors.Is(err, fs.ErrNotExist) {
		return folders, nil
	}
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		folders, err = withAlternates(folders, from(objects, line), depth+1)
		if err != nil {
			return nil, err
		}
	}
	return folders, nil
}

func (r *Repository) checkFormat() error {
	config, err := r.refs.Config()
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
