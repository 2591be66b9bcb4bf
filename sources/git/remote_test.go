package git_test

import (
	"fmt"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/git/gittest"
)

// remoteRepo is a bare repository made with the git program, to be mirrored.
type remoteRepo struct {
	t   testing.TB
	dir string
}

// newRemoteRepo makes a bare repository with commits on main, each a minute
// after the one before.
func newRemoteRepo(t testing.TB, commits int) remoteRepo {
	t.Helper()
	r := remoteRepo{t, filepath.Join(t.TempDir(), "remote.git")}
	require.NoError(t, os.MkdirAll(r.dir, 0o755))
	r.git("init", "--quiet", "--bare", "--initial-branch=main")
	r.fill("main", 0, commits)
	return r
}

func (r remoteRepo) git(args ...string) string {
	r.t.Helper()
	return r.pipe("", args...)
}

// pipe runs git with an input and returns its output.
func (r remoteRepo) pipe(in string, args ...string) string {
	r.t.Helper()
	cmd := gittest.Command(r.dir, args...)
	cmd.Stdin = strings.NewReader(in)
	return strings.TrimSpace(gittest.Output(r.t, cmd))
}

// fill adds commits number from to to-1 to a branch, each of which writes its
// number to count and to a folder of its own.
func (r remoteRepo) fill(branch string, from, to int) {
	r.t.Helper()
	r.pipe(stream(branch, from, to), "fast-import", "--quiet", "--force")
}

// stream is fill's input for `git fast-import`.
func stream(branch string, from, to int) string {
	var s strings.Builder
	for i := from; i < to; i++ {
		message, content := fmt.Sprintf("change %d", i), fmt.Sprintf("%d\n", i)
		fmt.Fprintf(&s, "commit refs/heads/%s\ncommitter a <a@example.org> %d +0000\ndata %d\n%s\n", branch, 1_700_000_000+60*i, len(message), message)
		if i == from && from > 0 {
			fmt.Fprintf(&s, "from refs/heads/%s^0\n", branch)
		}
		fmt.Fprintf(&s, "M 100644 inline count\ndata %d\n%s\nM 100644 inline apps/%d/values.yaml\ndata %d\n%s\n", len(content), content, i%20, len(content), content)
	}
	return s.String()
}

// at resolves a revision.
func (r remoteRepo) at(revision string) git.Hash {
	r.t.Helper()
	return plumbing.NewHash(r.git("rev-parse", revision))
}

// serve offers the repository through `git http-backend`, the way most servers
// do, and returns its URL. Each middleware wraps what comes before it.
func (r remoteRepo) serve(middleware ...func(http.Handler) http.Handler) string {
	r.t.Helper()
	binary, err := exec.LookPath("git")
	require.NoError(r.t, err)
	r.git("config", "http.receivepack", "true")
	var handler http.Handler = &cgi.Handler{
		Path:   binary,
		Args:   []string{"http-backend"},
		Env:    []string{"GIT_PROJECT_ROOT=" + filepath.Dir(r.dir), "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1"},
		Stderr: r.t.Output(),
	}
	for _, wrap := range middleware {
		handler = wrap(handler)
	}
	server := httptest.NewServer(handler)
	r.t.Cleanup(server.Close)
	return server.URL + "/" + filepath.Base(r.dir)
}

// open opens a mirror of url in a folder of its own.
func open(t testing.TB, url string, auth git.Auth, options ...git.MirrorOption) *git.Mirror {
	t.Helper()
	m, err := git.OpenMirror(filepath.Join(t.TempDir(), "mirror"), url, auth, options...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Repository().Close()) })
	return m
}

// refreshed refreshes main and returns its head.
func refreshed(t testing.TB, m *git.Mirror) git.Hash {
	t.Helper()
	head, _, err := m.Refresh(t.Context(), "main")
	require.NoError(t, err)
	return head
}
