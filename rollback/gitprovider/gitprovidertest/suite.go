// Package gitprovidertest is what every provider has in common, as tests. In goes a way to a provider with a real repository behind it; out comes
// whether it keeps what gitprovider.Provider promises.
package gitprovidertest

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// Repository is a repository at a provider's server, with at least one commit on main.
type Repository struct {
	Provider gitprovider.Provider
	// Mirror reaches the same repository, to push branches.
	Mirror *git.Mirror
}

// Run runs the suite. Each test asks for a repository of its own.
func Run(t *testing.T, make func(t *testing.T) Repository) {
	for name, test := range map[string]func(*testing.T, *world){
		"FindNothing":        findNothing,
		"Open":               open,
		"OpenTwice":          openTwice,
		"OpenSideBySide":     openSideBySide,
		"OpenWithoutABranch": openWithoutABranch,
		"Text":               text,
		"Merge":              merge,
		"MergeElsewhere":     mergeElsewhere,
		"Close":              closing,
		"Unknown":            unknown,
	} {
		t.Run(name, func(t *testing.T) {
			r := make(t)
			head, _, err := r.Mirror.Refresh(t.Context(), "main")
			require.NoError(t, err)
			test(t, &world{Repository: r, main: head})
		})
	}
}

type world struct {
	Repository
	main git.Hash
}

// A server takes a moment to see what was pushed.
const (
	patience = 20 * time.Second
	tick     = 50 * time.Millisecond
)

const branch = "assay/revert-0123456789ab"

func request(branch string) gitprovider.NewPullRequest {
	return gitprovider.NewPullRequest{
		Branch: branch, Base: "main", Title: `Revert "Test mode"`, Body: "**Why**\n\n- `a`\n\n<!-- assay:claim {} -->\n\nÜber 100 %.",
	}
}

// push puts one more commit on a branch, on top of parent.
func (w *world) push(t *testing.T, branch string, parent, at git.Hash) git.Hash {
	t.Helper()
	base, err := w.Mirror.Repository().Commit(t.Context(), parent)
	require.NoError(t, err)
	scratch := w.Mirror.Repository().Scratch()
	tree, err := scratch.EditTree(t.Context(), base.Tree, map[string]git.Entry{branch + ".txt": {Mode: 0o100644, Hash: scratch.WriteBlob([]byte(parent.String()))}})
	require.NoError(t, err)
	commit, err := scratch.WriteCommit(git.NewCommit{Tree: tree, Parents: []git.Hash{parent}, Author: base.Author, Committer: base.Committer, Message: "Change\n"})
	require.NoError(t, err)
	require.NoError(t, scratch.Flush(t.Context()))
	require.NoError(t, w.Mirror.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/" + branch, Old: at, New: commit}))
	return commit
}

func (w *world) open(t *testing.T) (*gitprovider.PullRequest, git.Hash) {
	t.Helper()
	head := w.push(t, branch, w.main, git.Hash{})
	pr, err := w.Provider.Open(t.Context(), request(branch))
	require.NoError(t, err)
	return pr, head
}

func findNothing(t *testing.T, w *world) {
	pr, err := w.Provider.Find(t.Context(), branch, "main")
	require.NoError(t, err)
	require.Nil(t, pr)
}

func open(t *testing.T, w *world) {
	pr, head := w.open(t)
	require.Equal(t, gitprovider.Open, pr.State)
	require.Equal(t, head, pr.Head)
	require.Equal(t, "main", pr.Base)
	require.Equal(t, request(branch).Title, pr.Title)
	require.Equal(t, request(branch).Body, pr.Body)
	require.NotZero(t, pr.Number)

	got, err := w.Provider.Get(t.Context(), pr.Number)
	require.NoError(t, err)
	require.Equal(t, pr, got)
	found, err := w.Provider.Find(t.Context(), branch, "main")
	require.NoError(t, err)
	require.Equal(t, pr, found)
}

func openTwice(t *testing.T, w *world) {
	first, head := w.open(t)
	again, err := w.Provider.Open(t.Context(), request(branch))
	require.NoError(t, err)
	require.Equal(t, first.Number, again.Number)

	moved := w.push(t, branch, head, head)
	later, err := w.Provider.Open(t.Context(), request(branch))
	require.NoError(t, err)
	require.Equal(t, first.Number, later.Number)
	require.Eventually(t, func() bool { // a server may take a moment to see a push
		pr, err := w.Provider.Get(t.Context(), first.Number)
		return err == nil && pr.Head == moved
	}, patience, tick)
}

func openSideBySide(t *testing.T, w *world) {
	w.push(t, branch, w.main, git.Hash{})
	var group sync.WaitGroup
	numbers := make([]int64, 4)
	for i := range numbers {
		group.Go(func() {
			pr, err := w.Provider.Open(t.Context(), request(branch))
			if err == nil {
				numbers[i] = pr.Number
			}
		})
	}
	group.Wait()
	again, err := w.Provider.Open(t.Context(), request(branch))
	require.NoError(t, err)
	for _, n := range numbers {
		require.Contains(t, []int64{0, again.Number}, n, "there is one pull request, whoever opened it")
	}
}

func openWithoutABranch(t *testing.T, w *world) {
	_, err := w.Provider.Open(t.Context(), request(branch))
	require.ErrorIs(t, err, gitprovider.ErrNotFound)
}

func text(t *testing.T, w *world) {
	pr, _ := w.open(t)
	require.NoError(t, w.Provider.Comment(t.Context(), pr.Number, "It fails in prod, too."))
	require.NoError(t, w.Provider.UpdateBody(t.Context(), pr.Number, "New\n\ntext"))
	got, err := w.Provider.Get(t.Context(), pr.Number)
	require.NoError(t, err)
	require.Equal(t, "New\n\ntext", got.Body)
	require.Equal(t, pr.Title, got.Title)
	require.Equal(t, gitprovider.Open, got.State)
}

func merge(t *testing.T, w *world) {
	pr, head := w.open(t)
	require.NoError(t, w.Provider.Merge(t.Context(), pr.Number, head))
	got, err := w.Provider.Get(t.Context(), pr.Number)
	require.NoError(t, err)
	require.Equal(t, gitprovider.Merged, got.State)

	now, _, err := w.Mirror.Refresh(t.Context(), "main")
	require.NoError(t, err)
	require.Equal(t, now, got.MergeCommit)
	merged, err := git.IsAncestor(t.Context(), w.Mirror.Repository(), head, now)
	require.NoError(t, err)
	require.True(t, merged)
	require.NoError(t, w.Provider.Merge(t.Context(), pr.Number, head), "once merged, merging again is nothing")
	found, err := w.Provider.Find(t.Context(), branch, "main")
	require.NoError(t, err)
	require.Equal(t, gitprovider.Merged, found.State)
}

func mergeElsewhere(t *testing.T, w *world) {
	pr, head := w.open(t)
	moved := w.push(t, branch, head, head)
	require.Eventually(t, func() bool {
		pr, err := w.Provider.Get(t.Context(), pr.Number)
		return err == nil && pr.Head == moved
	}, patience, tick)
	require.ErrorIs(t, w.Provider.Merge(t.Context(), pr.Number, head), gitprovider.ErrHeadMoved)
	got, err := w.Provider.Get(t.Context(), pr.Number)
	require.NoError(t, err)
	require.Equal(t, gitprovider.Open, got.State)
	now, _, err := w.Mirror.Refresh(t.Context(), "main")
	require.NoError(t, err)
	require.Equal(t, w.main, now)
}

func closing(t *testing.T, w *world) {
	pr, head := w.open(t)
	require.NoError(t, w.Provider.Close(t.Context(), pr.Number))
	require.NoError(t, w.Provider.Close(t.Context(), pr.Number), "once closed, closing again is nothing")
	got, err := w.Provider.Get(t.Context(), pr.Number)
	require.NoError(t, err)
	require.Equal(t, gitprovider.Closed, got.State)
	found, err := w.Provider.Find(t.Context(), branch, "main")
	require.NoError(t, err)
	require.Equal(t, pr.Number, found.Number)
	require.Equal(t, gitprovider.Closed, found.State)
	require.ErrorIs(t, w.Provider.Merge(t.Context(), pr.Number, head), gitprovider.ErrBlocked)
}

func unknown(t *testing.T, w *world) {
	_, err := w.Provider.Get(t.Context(), 4711)
	require.ErrorIs(t, err, gitprovider.ErrNotFound)
	require.ErrorIs(t, w.Provider.Comment(t.Context(), 4711, "Hello?"), gitprovider.ErrNotFound)
}
