package simulate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/assay-dev/assay/sources/git"
)

// main is the branch that everything follows.
const (
	mainBranch = "main"
	mainRef    = "refs/heads/" + mainBranch
)

// repository is a config or test repository on its server, as people work with it.
type repository struct {
	*git.Memory
	url string
	now func() time.Time
}

func newRepository(url string, now func() time.Time) *repository {
	return &repository{Memory: git.NewMemory(), url: url, now: now}
}

func (r *repository) head() git.Hash { return r.Refs()[mainRef] }

// edit changes files of a tree: a path's new content, or nil to remove it.
type edit map[string]*string

// set adds a file's content.
func (e edit) set(path, content string) { e[path] = &content }

// read returns a file at a commit; it is empty where there is none.
func (r *repository) read(ctx context.Context, at git.Hash, path string) string {
	content, err := fs.ReadFile(r.tree(ctx, at), path)
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	must(err)
	return string(content)
}

func (r *repository) tree(ctx context.Context, at git.Hash) *git.TreeFS {
	return git.FS(ctx, r.Repository(), r.commitAt(ctx, at).Tree)
}

func (r *repository) commitAt(ctx context.Context, at git.Hash) *git.Commit {
	commit, err := r.Repository().Commit(ctx, at)
	must(err)
	return commit
}

// commit writes one on top of others, of which the first has the tree that is edited. No branch moves.
func (r *repository) commit(ctx context.Context, author, message string, e edit, parents ...git.Hash) git.Hash {
	scratch := r.Repository().Scratch()
	tree := git.EmptyTree
	if len(parents) > 0 {
		tree = r.commitAt(ctx, parents[0]).Tree
	}
	entries := map[string]git.Entry{}
	for _, path := range slices.Sorted(maps.Keys(e)) {
		entries[path] = git.Entry{}
		if content := e[path]; content != nil {
			entries[path] = git.Entry{Mode: filemode.Regular, Hash: scratch.WriteBlob([]byte(*content))}
		}
	}
	tree, err := scratch.EditTree(ctx, tree, entries)
	must(err)
	return r.write(ctx, scratch, author, message, tree, parents...)
}

// commitTree writes one that has a tree that is there already.
func (r *repository) commitTree(ctx context.Context, author, message string, tree git.Hash, parents ...git.Hash) git.Hash {
	return r.write(ctx, r.Repository().Scratch(), author, message, tree, parents...)
}

func (r *repository) write(ctx context.Context, scratch *git.Scratch, author, message string, tree git.Hash, parents ...git.Hash) git.Hash {
	by := git.Signature{Name: author, Email: strings.ToLower(author) + "@example.com", When: r.now()}
	hash, err := scratch.WriteCommit(git.NewCommit{Tree: tree, Parents: parents, Author: by, Committer: by, Message: message + "\n"})
	must(err)
	must(scratch.Flush(ctx))
	return hash
}

// push moves main forward, or anywhere.
func (r *repository) push(ctx context.Context, to git.Hash) { must(r.Force(ctx, mainRef, to)) }

// broken is why a world cannot go on: the simulation itself is wrong, not Assay.
type broken struct{ error }

func must(err error) {
	if err != nil {
		panic(broken{fmt.Errorf("the simulated world broke: %w", err)})
	}
}
