package tests_test

import (
	"crypto/sha1"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
)

// memory is a tree in memory whose ids change with the content, as Git's do.
type memory struct{ fstest.MapFS }

// treeOf makes a tree of files; a name that ends in @ is a symbolic link to its content, one that ends in ! is executable.
func treeOf(files map[string]string) memory {
	tree := memory{fstest.MapFS{}}
	for name, content := range files {
		file := &fstest.MapFile{Data: []byte(content), Mode: 0o644}
		switch {
		case strings.HasSuffix(name, "@"):
			file.Mode = fs.ModeSymlink | 0o777
		case strings.HasSuffix(name, "!"):
			file.Mode = 0o755
		}
		tree.MapFS[strings.TrimRight(name, "@!")] = file
	}
	return tree
}

// with returns the tree with files changed, added or, where the content is empty, removed.
func (m memory) with(files map[string]string) memory {
	changed := memory{maps.Clone(m.MapFS)}
	for name, file := range treeOf(files).MapFS {
		if changed.MapFS[name] = file; len(file.Data) == 0 {
			delete(changed.MapFS, name)
		}
	}
	return changed
}

func (m memory) Hash(name string) (plumbing.Hash, filemode.FileMode, error) {
	if target, err := fs.ReadLink(m, name); err == nil {
		return m.Hash(path.Join(path.Dir(name), target))
	}
	info, err := fs.Stat(m, name)
	if err != nil {
		return plumbing.ZeroHash, filemode.Empty, err
	}
	mode, err := filemode.NewFromOSFileMode(info.Mode())
	if err != nil {
		return plumbing.ZeroHash, filemode.Empty, err
	}
	if !info.IsDir() {
		data, err := fs.ReadFile(m, name)
		return plumbing.ComputeHash(plumbing.BlobObject, data), mode, err
	}
	sum := sha1.New()
	for _, file := range slices.Sorted(maps.Keys(m.MapFS)) {
		if name == "." || strings.HasPrefix(file, name+"/") {
			entry := m.MapFS[file]
			sum.Write([]byte(file + "\x00" + entry.Mode.String() + "\x00" + string(entry.Data) + "\x00"))
		}
	}
	return plumbing.Hash(sum.Sum(nil)), mode, nil
}

// suite, gate and kustomization write documents for tests.
func suite(name string, more ...string) string {
	return document("Suite", name, append([]string{"script: exit 0"}, more...))
}

func gate(name, suites string, more ...string) string {
	return document("Gate", name, append([]string{"after: [{kind: Kustomization}]", "suites: " + suites}, more...))
}

func document(kind, name string, spec []string) string {
	return "apiVersion: assay.dev/v1alpha1\nkind: " + kind + "\nmetadata:\n  name: " + name + "\nspec:\n  " + strings.Join(spec, "\n  ") + "\n"
}

func kustomization(resources string, more ...string) string {
	return strings.Join(append([]string{"resources: " + resources}, more...), "\n") + "\n"
}

func load(t *testing.T, tree render.Tree, overlay string) (*tests.Set, error) {
	t.Helper()
	return tests.Load(t.Context(), render.NewBuilder([]byte("key")), tree, overlay, tests.Options{})
}

func mustLoad(t *testing.T, tree render.Tree, overlay string) *tests.Set {
	t.Helper()
	set, err := load(t, tree, overlay)
	require.NoError(t, err)
	return set
}
