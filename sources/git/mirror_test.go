package git_test

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
)

// transports serves one repository in every way that a mirror can reach it.
func transports(t *testing.T, r remoteRepo) map[string]func() (url string, auth git.Auth) {
	return map[string]func() (string, git.Auth){
		"path":         func() (string, git.Auth) { return r.dir, git.Auth{} },
		"file":         func() (string, git.Auth) { return "file://" + r.dir, git.Auth{} },
		"http-backend": func() (string, git.Auth) { return r.serve(), git.Auth{} },
		"https":        func() (string, git.Auth) { return r.serveHTTPS() },
		"ssh":          func() (string, git.Auth) { return r.serveSSH() },
	}
}

func TestMirrorFollowsABranch(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 120)
	for name, serve := range transports(t, r) {
		t.Run(name, func(t *testing.T) {
			url, auth := serve()
			m := open(t, url, auth)
			branch := "follow-" + name
			r.git("branch", branch, "main")

			head, moved, err := m.Refresh(t.Context(), branch)
			require.NoError(t, err)
			require.True(t, moved)
			require.Equal(t, r.at(branch), head)
			commit, err := m.Repository().Commit(t.Context(), head)
			require.NoError(t, err)
			files, err := m.Repository().Entries(t.Context(), commit.Tree)
			require.NoError(t, err)
			require.Len(t, files, 2)

			again, moved, err := m.Refresh(t.Context(), branch)
			require.NoError(t, err)
			require.False(t, moved)
			require.Equal(t, head, again)

			r.fill(branch, 120, 123)
			next, moved, err := m.Refresh(t.Context(), branch)
			require.NoError(t, err)
			require.True(t, moved)
			require.Equal(t, r.at(branch), next)
			between, err := git.FirstParents(t.Context(), m.Repository(), head, next)
			require.NoError(t, err)
			require.Len(t, between, 3)

			refs, err := m.Refs(t.Context(), "refs/heads/"+branch)
			require.NoError(t, err)
			require.Equal(t, map[string]git.Hash{"refs/heads/" + branch: next}, refs)
			usual, err := m.DefaultBranch(t.Context())
			require.NoError(t, err)
			require.Equal(t, "main", usual)

			r.git("branch", "-D", branch)
			_, _, err = m.Refresh(t.Context(), branch)
			require.ErrorIs(t, err, git.ErrNoBranch)
			require.NotErrorIs(t, err, git.ErrEmpty)
		})
	}
}

// A deleted branch is not in the way of one that has a part of its name.
func TestBranchInPlaceOfAFolder(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 10)
	m := open(t, r.dir, git.Auth{})
	for _, branch := range []string{"release/1/a", "release", "release/2"} {
		r.fill(branch, 0, 3+len(branch))
		head, _, err := m.Refresh(t.Context(), branch)
		require.NoError(t, err)
		r.git("branch", "-D", branch)
		_, _, err = m.Refresh(t.Context(), branch)
		require.ErrorIs(t, err, git.ErrNoBranch)
		_, err = m.Repository().Commit(t.Context(), head)
		require.NoError(t, err)
	}
}

func TestEmptyRepository(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 0)
	for name, serve := range transports(t, r) {
		t.Run(name, func(t *testing.T) {
			url, auth := serve()
			m := open(t, url, auth)
			_, _, err := m.Refresh(t.Context(), "main")
			require.ErrorIs(t, err, git.ErrEmpty)
			require.ErrorIs(t, err, git.ErrNoBranch)
			refs, err := m.Refs(t.Context(), "")
			require.NoError(t, err)
			require.Empty(t, refs)
			_, err = m.DefaultBranch(t.Context())
			require.ErrorIs(t, err, git.ErrEmpty)
		})
	}
}

func TestAbsentRepository(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 1)
	for name, serve := range transports(t, r) {
		t.Run(name, func(t *testing.T) {
			url, auth := serve()
			m := open(t, url+"-of-nobody", auth)
			_, _, err := m.Refresh(t.Context(), "main")
			require.ErrorIs(t, err, git.ErrNoRepository)
			require.ErrorContains(t, err, "remote.git-of-nobody")
		})
	}
}

// An unchanged remote is asked one question, and nothing is downloaded.
func TestUnchangedRemoteCostsOneRequest(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 10)
	var requests atomic.Int32
	m := open(t, r.serve(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			requests.Add(1)
			next.ServeHTTP(w, request)
		})
	}), git.Auth{})
	refreshed(t, m)
	requests.Store(0)
	refreshed(t, m)
	require.EqualValues(t, 1, requests.Load())
}
