package render

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/git/gittest"
)

// memory is a Tree of files in memory that counts what is asked of it.
type memory struct {
	fstest.MapFS
	reads int
}

// files makes a Tree; a value that begins with "-> " is a link.
func files(content map[string]string) *memory {
	m := &memory{MapFS: fstest.MapFS{}}
	for name, text := range content {
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			m.MapFS[name] = &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink | 0o777}
			continue
		}
		m.MapFS[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return m
}

// with returns a copy of the tree in which some files are different, or gone where the text is empty.
func (m *memory) with(changes map[string]string) *memory {
	changed := &memory{MapFS: maps.Clone(m.MapFS)}
	maps.Copy(changed.MapFS, files(changes).MapFS)
	for name, text := range changes {
		if text == "" {
			delete(changed.MapFS, name)
		}
	}
	return changed
}

func (m *memory) ReadFile(name string) ([]byte, error) {
	m.reads++
	return m.MapFS.ReadFile(name)
}

func (m *memory) Hash(name string) (plumbing.Hash, filemode.FileMode, error) {
	info, err := fs.Stat(m.MapFS, name)
	if err != nil {
		return plumbing.ZeroHash, 0, err
	}
	if info.IsDir() {
		return plumbing.ZeroHash, filemode.Dir, nil
	}
	data, err := m.MapFS.ReadFile(name)
	return plumbing.ComputeHash(plumbing.BlobObject, data), filemode.Regular, err
}

func open(t testing.TB, path string) *Directory {
	t.Helper()
	dir, err := OpenDirectory(path)
	require.NoError(t, err)
	t.Cleanup(func() { dir.Close() })
	return dir
}

func refusal(t testing.TB, err error) *Error {
	t.Helper()
	var refused *Error
	require.ErrorAs(t, err, &refused)
	return refused
}

// moduleRoot is the directory of this checkout's go.mod.
func moduleRoot(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMOD").Output()
	require.NoError(t, err)
	return filepath.Dir(strings.TrimSpace(string(out)))
}

// clone makes a working copy of a bundle among the shared data, which lies beside the checkout.
func clone(t testing.TB, bundle string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "clone")
	gittest.Run(t, "", "clone", "--quiet", gittest.Data(t, bundle), dir)
	return dir
}

// head is the tree of HEAD in a working copy, read from its objects.
func head(t testing.TB, dir string) *git.TreeFS {
	t.Helper()
	return revision(t, dir, "HEAD")
}

func revision(t testing.TB, dir, rev string) *git.TreeFS {
	t.Helper()
	repository, err := git.Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { repository.Close() })
	hash, err := repository.Resolve(t.Context(), rev)
	require.NoError(t, err)
	commit, err := repository.Commit(t.Context(), hash)
	require.NoError(t, err)
	return git.FS(t.Context(), repository, commit.Tree)
}

// overlays lists the folders of a tree that have a kustomization file.
func overlays(t testing.TB, tree fs.FS) []string {
	t.Helper()
	var dirs []string
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && isKustomization(name) {
			dirs = append(dirs, filepath.ToSlash(filepath.Dir(name)))
		}
		return err
	})
	require.NoError(t, err)
	return dirs
}

// command is the real kustomize, built from the pinned version where `make tools` has not.
func command(t testing.TB) string {
	t.Helper()
	root := moduleRoot(t)
	for _, path := range []string{"bin/kustomize", ".cache/tools/kustomize"} {
		if _, err := os.Stat(filepath.Join(root, path)); err == nil {
			return filepath.Join(root, path)
		}
	}
	build := exec.Command("go", "build", "-o", filepath.Join(root, ".cache", "tools")+"/", "sigs.k8s.io/kustomize/kustomize/v5")
	build.Dir = filepath.Join(root, "testdata", "tools")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return filepath.Join(root, ".cache", "tools", "kustomize")
}

// kustomizeBuild runs the real kustomize in a working copy, without git on its PATH.
func kustomizeBuild(t testing.TB, command, dir, folder string) ([]byte, error) {
	t.Helper()
	build := exec.CommandContext(t.Context(), command, "build", "--load-restrictor=LoadRestrictionsNone", folder)
	build.Dir, build.Env = dir, []string{"PATH=", "HOME=" + t.TempDir()}
	return build.Output()
}
