package git_test

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
)

// child writes a commit on top of parent that adds a file, and returns it.
func child(t testing.TB, m *git.Mirror, parent git.Hash, content string) git.Hash {
	t.Helper()
	ctx := t.Context()
	s := m.Repository().Scratch()
	base, err := s.Commit(ctx, parent)
	require.NoError(t, err)
	entries, err := s.Entries(ctx, base.Tree)
	require.NoError(t, err)
	tree, err := s.WriteTree(append(slices.Clone(entries), git.Entry{Name: content, Mode: filemode.Regular, Hash: s.WriteBlob([]byte(content))}))
	require.NoError(t, err)
	author := git.Signature{Name: "a", Email: "a@example.org", When: base.Committer.When.Add(time.Minute)}
	commit, err := s.WriteCommit(git.NewCommit{Tree: tree, Parents: []git.Hash{parent}, Author: author, Committer: author, Message: content + "\n"})
	require.NoError(t, err)
	require.NoError(t, s.Flush(ctx))
	return commit
}

func TestPush(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 120)
	for name, serve := range transports(t, r) {
		t.Run(name, func(t *testing.T) {
			url, auth := serve()
			m := open(t, url, auth, git.WithDepth(10))
			main := refreshed(t, m)
			branch, second := "refs/heads/push-"+name, "refs/heads/second-"+name
			first := child(t, m, main, "first")

			require.NoError(t, m.Push(t.Context(), git.RefUpdate{Ref: branch, New: first}))
			require.Equal(t, first, r.at(branch))
			r.git("fsck", "--full", "--connectivity-only")

			var stale *git.StaleError
			err := m.Push(t.Context(), git.RefUpdate{Ref: branch, New: first})
			require.ErrorIs(t, err, git.ErrStale)
			require.ErrorAs(t, err, &stale)
			require.Equal(t, &git.StaleError{Ref: branch, Actual: first}, stale)

			next := child(t, m, first, "second")
			require.NoError(t, m.Push(t.Context(),
				git.RefUpdate{Ref: branch, Old: first, New: next},
				git.RefUpdate{Ref: second, New: first}))
			require.Equal(t, next, r.at(branch))
			require.Equal(t, first, r.at(second))

			err = m.Push(t.Context(),
				git.RefUpdate{Ref: second, Old: first, New: next},
				git.RefUpdate{Ref: branch, Old: first, New: next})
			require.ErrorIs(t, err, git.ErrStale)
			require.Equal(t, first, r.at(second), "one stale reference stops all")

			require.NoError(t, m.Push(t.Context(), git.RefUpdate{Ref: branch, Old: next}))
			refs, err := m.Refs(t.Context(), branch)
			require.NoError(t, err)
			require.Empty(t, refs)
			require.ErrorIs(t, m.Push(t.Context(), git.RefUpdate{Ref: branch, Old: next}), git.ErrStale)
		})
	}
}

// Somebody pushes between the look at the references and the update of them.
func TestLostPushRace(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 20)
	var overtake sync.Once
	m := open(t, r.serve(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			if request.Method == http.MethodPost && request.Header.Get("Content-Type") == "application/x-git-receive-pack-request" {
				overtake.Do(func() { r.fill("main", 20, 21) })
			}
			next.ServeHTTP(w, request)
		})
	}), git.Auth{})
	head := refreshed(t, m)

	err := m.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/main", Old: head, New: child(t, m, head, "late")})
	require.ErrorIs(t, err, git.ErrStale)
	var stale *git.StaleError
	require.ErrorAs(t, err, &stale)
	require.Equal(t, head, stale.Expected)
	require.Equal(t, r.at("main"), stale.Actual)
}

// A push whose answer is lost has happened all the same.
func TestPushWithLostAnswer(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 5)
	m := open(t, r.serve(func(next http.Handler) http.Handler {
		cut := cutAfter(0, func(context.Context) {})(next)
		return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			if request.Header.Get("Content-Type") == "application/x-git-receive-pack-request" {
				cut.ServeHTTP(w, request)
				return
			}
			next.ServeHTTP(w, request)
		})
	}), git.Auth{})
	head := refreshed(t, m)
	commit := child(t, m, head, "sent")
	require.NoError(t, m.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/sent", New: commit}))
	require.Equal(t, commit, r.at("sent"))
}

func TestPushOfAbsentCommit(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 2)
	m := open(t, r.dir, git.Auth{})
	err := m.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/x", New: git.Hash{1}})
	require.ErrorIs(t, err, git.ErrNotFound)
}

// The branch that is checked out somewhere is not moved under its files.
func TestPushToACheckedOutBranch(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 3)
	work := remoteRepo{t, t.TempDir()}
	work.git("clone", "--quiet", r.dir, ".")
	m := open(t, work.dir, git.Auth{})
	head := refreshed(t, m)
	require.ErrorContains(t, m.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/main", Old: head}), "checked out")
	require.NoError(t, m.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/other", New: head}))
	require.Equal(t, head, work.at("other"))
}

// Nothing of this needs a git program, also for a path.
func TestWithoutGitProgram(t *testing.T) {
	r := newRemoteRepo(t, 80)
	from, main := r.at("main~70"), r.at("main")
	t.Setenv("PATH", t.TempDir())
	m := open(t, r.dir, git.Auth{}, git.WithDepth(5))
	head := refreshed(t, m)
	require.Equal(t, main, head)
	require.NoError(t, m.History(t.Context(), "main", from, head))
	next := child(t, m, head, "next")
	require.NoError(t, m.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/main", Old: head, New: next}))
	require.Equal(t, next, refreshed(t, m))
}
