package plain_test

import (
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest"
	"github.com/assay-dev/assay/rollback/gitprovider/plain"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/git/gittest"
)

// bare makes a repository with two commits on main.
func bare(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "config.git")
	gittest.Run(t, "", "init", "-q", "--bare", "-b", "main", dir)
	clone := filepath.Join(t.TempDir(), "clone")
	gittest.Run(t, "", "clone", "-q", dir, clone)
	gittest.Run(t, clone, "checkout", "-q", "-b", "main")
	for _, message := range []string{"Begin", "Test mode"} {
		require.NoError(t, os.WriteFile(filepath.Join(clone, "file"), []byte(message), 0o644))
		gittest.Run(t, clone, "add", "-A")
		gittest.Run(t, clone, "commit", "-q", "-m", message)
	}
	gittest.Run(t, clone, "push", "-q", "origin", "main")
	return dir
}

func mirror(t *testing.T, url string) *git.Mirror {
	t.Helper()
	m, err := git.OpenMirror(filepath.Join(t.TempDir(), "mirror"), url, git.Auth{})
	require.NoError(t, err)
	return m
}

func repository(m *git.Mirror) gitprovidertest.Repository {
	return gitprovidertest.Repository{Provider: plain.New(m), Mirror: m, Lacks: []gitprovidertest.Capability{
		gitprovidertest.API, gitprovidertest.Scopes, gitprovidertest.Labels, gitprovidertest.Reviewers, gitprovidertest.Statuses,
		gitprovidertest.RequiredChecks, gitprovidertest.Protection,
	}}
}

func TestLocalRepository(t *testing.T) {
	gitprovidertest.Run(t, func(t *testing.T) gitprovidertest.Repository {
		return repository(mirror(t, "file://"+bare(t)))
	})
}

func TestSmartHTTP(t *testing.T) {
	gitprovidertest.Run(t, func(t *testing.T) gitprovidertest.Repository {
		return repository(mirror(t, serve(t, bare(t))))
	})
}

// serve offers a repository as most servers do.
func serve(t *testing.T, dir string) string {
	t.Helper()
	binary, err := exec.LookPath("git")
	require.NoError(t, err)
	gittest.Run(t, dir, "config", "http.receivepack", "true")
	server := httptest.NewServer(&cgi.Handler{
		Path: binary, Args: []string{"http-backend"}, Stderr: t.Output(),
		Env: []string{"GIT_PROJECT_ROOT=" + filepath.Dir(dir), "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1"},
	})
	t.Cleanup(server.Close)
	return server.URL + "/" + filepath.Base(dir)
}

// TestPeopleUseGit merges and deletes with the git program, and reads what was said.
func TestPeopleUseGit(t *testing.T) {
	dir := bare(t)
	m := mirror(t, "file://"+dir)
	p := plain.New(m)
	head, _, err := m.Refresh(t.Context(), "main")
	require.NoError(t, err)
	open := func(branch string) *gitprovider.PullRequest {
		require.NoError(t, m.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/" + branch, New: proposed(t, m, branch, head)}))
		pr, err := p.Open(t.Context(), gitprovider.NewPullRequest{Branch: branch, Base: "main", Title: "Revert", Body: "Because."})
		require.NoError(t, err)
		return pr
	}
	one, two := open("assay/revert-one"), open("assay/revert-two")
	require.NotEqual(t, one.Number, two.Number)
	require.NoError(t, p.Comment(t.Context(), one.Number, "In prod, too."))

	clone := filepath.Join(t.TempDir(), "clone")
	gittest.Run(t, "", "clone", "-q", dir, clone)
	gittest.Run(t, clone, "merge", "-q", "--no-ff", "-m", "Merge", "origin/assay/revert-one")
	gittest.Run(t, clone, "push", "-q", "origin", "main", ":assay/revert-one", ":assay/revert-two")

	merged, err := p.Get(t.Context(), one.Number)
	require.NoError(t, err)
	require.Equal(t, gitprovider.Merged, merged.State)
	require.Equal(t, one.Head, merged.Head, "the reference outlives the branch")
	require.Equal(t, "Because.", merged.Body)
	now, _, err := m.Refresh(t.Context(), "main")
	require.NoError(t, err)
	require.Equal(t, now, merged.MergeCommit)

	closed, err := p.Find(t.Context(), "assay/revert-two", "main")
	require.NoError(t, err)
	require.Equal(t, gitprovider.Closed, closed.State)

	gittest.Run(t, clone, "fetch", "-q", "origin", "refs/assay/*:refs/assay/*")
	log := gittest.Run(t, clone, "log", "--first-parent", "--format=%s%n%b", "refs/assay/proposals/revert-one")
	require.Regexp(t, `(?s)^Re: Revert\nIn prod, too\..*\nRevert\nBecause\..*\nPropose assay/revert-one\n.*\nTest mode\n.*Begin`, log)
}

// proposed is a commit on top of another.
func proposed(t *testing.T, m *git.Mirror, name string, parent git.Hash) git.Hash {
	t.Helper()
	base, err := m.Repository().Commit(t.Context(), parent)
	require.NoError(t, err)
	s := m.Repository().Scratch()
	tree, err := s.EditTree(t.Context(), base.Tree, map[string]git.Entry{name: {Mode: 0o100644, Hash: s.WriteBlob([]byte(name))}})
	require.NoError(t, err)
	h, err := s.WriteCommit(git.NewCommit{Tree: tree, Parents: []git.Hash{parent}, Author: base.Author, Committer: base.Committer, Message: "Propose " + name + "\n"})
	require.NoError(t, err)
	require.NoError(t, s.Flush(t.Context()))
	return h
}

func TestForeignBranchesAndRecords(t *testing.T) {
	dir := bare(t)
	p := plain.New(mirror(t, "file://"+dir))
	_, err := p.Find(t.Context(), "feature", "main")
	require.ErrorContains(t, err, "must begin with assay/")
	gittest.Run(t, dir, "update-ref", "refs/assay/proposals/revert-one", "main")
	_, err = p.Find(t.Context(), "assay/revert-one", "main")
	require.ErrorContains(t, err, "is no record of a proposal")
}

func TestServerThatAsksForCredentials(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", "Basic")
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	_, err := plain.New(mirror(t, server.URL+"/config.git")).Find(t.Context(), "assay/revert-one", "main")
	require.ErrorIs(t, err, gitprovider.ErrUnauthorized)
}
