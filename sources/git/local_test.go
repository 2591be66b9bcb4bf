package git_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/git/gittest"
	"github.com/stretchr/testify/require"
)

// localRepo is a repository on disk, driven by the git program that the package is
// measured against.
type localRepo struct {
	t   testing.TB
	dir string
}

func newLocalRepo(t testing.TB, initArgs ...string) localRepo {
	r := localRepo{t, t.TempDir()}
	r.run(nil, append([]string{"init", "-q", "-b", "main"}, initArgs...)...)
	return r
}

// run feeds git with input and returns what it prints, without the last newline.
func (r localRepo) run(input []byte, args ...string) string {
	r.t.Helper()
	out, err := r.try(input, args...)
	require.NoError(r.t, err, "git %s: %s", strings.Join(args, " "), out)
	return out
}

func (r localRepo) try(input []byte, args ...string) (string, error) {
	cmd := gittest.Command(r.dir, args...)
	cmd.Env = append(cmd.Env, "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_AUTHOR_DATE=1700000000 +0100",
		"GIT_COMMITTER_NAME=Bob", "GIT_COMMITTER_EMAIL=bob@example.com", "GIT_COMMITTER_DATE=1700000001 -0330")
	cmd.Stdin = bytes.NewReader(input)
	out, err := cmd.Output()
	return strings.TrimSuffix(string(out), "\n"), err
}

func (r localRepo) hash(rev string) git.Hash {
	r.t.Helper()
	return toHash(r.t, r.run(nil, "rev-parse", "--verify", rev))
}

// commit writes files into the working tree and commits all of it.
func (r localRepo) commit(files map[string]string) git.Hash {
	r.t.Helper()
	for name, content := range files {
		path := filepath.Join(r.dir, name)
		require.NoError(r.t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(r.t, os.WriteFile(path, []byte(content), 0o644))
	}
	r.run(nil, "add", "-A")
	r.run(nil, "commit", "-q", "--allow-empty", "-m", "change")
	return r.hash("HEAD")
}

func (r localRepo) open() *git.Repository {
	r.t.Helper()
	repo, err := git.Open(r.dir)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { require.NoError(r.t, repo.Close()) })
	return repo
}

func toHash(t testing.TB, s string) git.Hash {
	t.Helper()
	raw, err := hex.DecodeString(s)
	require.NoError(t, err)
	require.Len(t, raw, len(git.Hash{}))
	return git.Hash(raw)
}

// sharedRepo clones a bundle of real history that lies beside the checkout.
func sharedRepo(t testing.TB, bundle string) localRepo {
	return localRepo{t, gittest.Clone(t, bundle)}
}

func treeOf(t testing.TB, o git.Objects, commit git.Hash) git.Hash {
	t.Helper()
	c, err := o.Commit(context.Background(), commit)
	require.NoError(t, err)
	return c.Tree
}

// readAll reads every file of a tree.
func readAll(fsys fs.FS) (files, bytes int, err error) {
	err = fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := fs.ReadFile(fsys, path)
		files++
		bytes += len(data)
		return err
	})
	return files, bytes, err
}

func generateSSHKey(t testing.TB, path, passphrase string) {
	t.Helper()
	out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", path).CombinedOutput()
	require.NoError(t, err, string(out))
}
