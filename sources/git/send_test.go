package git_test

import (
	"testing"

	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
)

// TestTreeThatComesBackInABranch merges a branch that changed a file and changed
// it back: two commits have the same tree, and the one that is further from the
// merge has it in full.
func TestTreeThatComesBackInABranch(t *testing.T) {
	r := newRemoteRepo(t, 3)
	repository, err := git.Open(r.dir)
	require.NoError(t, err)
	s := repository.Scratch()
	main, err := repository.Commit(t.Context(), r.at("main"))
	require.NoError(t, err)
	commit := func(tree git.Hash, parents ...git.Hash) git.Hash {
		h, err := s.WriteCommit(git.NewCommit{Tree: tree, Parents: parents, Author: main.Author, Committer: main.Committer, Message: "change\n"})
		require.NoError(t, err)
		return h
	}
	edited := func(content string) git.Hash {
		tree, err := s.EditTree(t.Context(), main.Tree, map[string]git.Entry{"count": {Mode: filemode.Regular, Hash: s.WriteBlob([]byte(content))}})
		require.NoError(t, err)
		return tree
	}
	tried := commit(edited("tried\n"), main.Hash)
	back := commit(main.Tree, tried)
	done := commit(edited("done\n"), back)
	merge := commit(edited("done\n"), main.Hash, done)
	require.NoError(t, s.Flush(t.Context()))
	r.git("update-ref", "refs/heads/main", merge.String())

	m := open(t, "file://"+r.dir, git.Auth{})
	require.Equal(t, merge, refreshed(t, m))
	for _, h := range []git.Hash{main.Hash, tried, back, done, merge} {
		c, err := m.Repository().Commit(t.Context(), h)
		require.NoError(t, err)
		_, _, err = readAll(git.FS(t.Context(), m.Repository(), c.Tree))
		require.NoError(t, err, "everything in the tree of %s is there", h)
	}
}
