package git_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
)

// remoteRepo is a bare repository made with the git program, to be mirrored.
type remoteRepo struct {
	t   testing.TB
	dir string
}

// newRemoteRepo makes an empty bare repository.
func newRemoteRepo(t testing.TB) remoteRepo {
	t.Helper()
	r := remoteRepo{t, filepath.Join(t.TempDir(), "remote.git")}
	require.NoError(t, os.MkdirAll(r.dir, 0o755))
	r.git("init", "--quiet", "--bare", "--initial-branch=main")
	return r
}

func (r remoteRepo) git(args ...string) string {
	r.t.Helper()
	return r.pipe("", args...)
}

func (r remoteRepo) pipe(in string, args ...string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "git", args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org")
	cmd.Stdin = strings.NewReader(in)
	out, err := cmd.CombinedOutput()
	require.NoError(r.t, err, "git %v: %s", args, out)
	return strings.TrimSpace(string(out))
}

func TestRefreshLocal(t *testing.T) {
	r := newRemoteRepo(t)
	r.fill("main", 0, 120)
	m, err := git.OpenMirror(t.TempDir(), r.dir, git.Auth{})
	require.NoError(t, err)
	head, moved, err := m.Refresh(t.Context(), "main")
	require.NoError(t, err)
	require.True(t, moved)
	require.Equal(t, r.git("rev-parse", "main"), head.String())
}
