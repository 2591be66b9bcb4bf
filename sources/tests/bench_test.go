package tests_test

import (
	"fmt"
	"strings"
	"testing"

	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
)

// large is a repository of Gates and of two Suites for each, each Suite with a script and ten files of data in its own folder.
func large(gates int) map[string]string {
	files := map[string]string{}
	var resources []string
	for i := range 2 * gates {
		folder := fmt.Sprintf("base/suite-%03d", i)
		files[folder+"/suite.yaml"] = suite(fmt.Sprintf("suite-%03d", i), "timeout: 5m", "env: [{name: URL, value: http://localhost}]", "reports: [{path: 'out/*.xml', format: junit}]")
		files[folder+"/run.sh"] = fmt.Sprintf("#!/bin/sh\nexec run %d\n", i)
		for j := range 10 {
			files[fmt.Sprintf("%s/data/%d.json", folder, j)] = fmt.Sprintf("[%d, %d]", i, j)
		}
		resources = append(resources, fmt.Sprintf("suite-%03d/suite.yaml", i))
	}
	for i := range gates {
		name := fmt.Sprintf("gate-%03d", i)
		files["base/"+name+".yaml"] = gate(name, fmt.Sprintf("[{name: suite-%03d}, {name: suite-%03d}]", 2*i, 2*i+1), "pass: [{expr: 'true'}]")
		resources = append(resources, name+".yaml")
	}
	files["base/kustomization.yaml"] = kustomization("[" + strings.Join(resources, ", ") + "]")
	files["overlays/staging/kustomization.yaml"] = kustomization("[../../base]", "namePrefix: staging-", "labels: [{pairs: {stage: staging}}]")
	return files
}

// repository makes a tree of files in memory, over an empty Git repository.
func repository(tb testing.TB, files map[string]string) (*git.Scratch, git.Hash) {
	tb.Helper()
	dir := tb.TempDir()
	_, err := gogit.PlainInit(dir, true)
	require.NoError(tb, err)
	repo, err := git.Open(dir)
	require.NoError(tb, err)
	scratch := repo.Scratch()
	return scratch, edited(tb, scratch, git.Hash{}, files)
}

func edited(tb testing.TB, scratch *git.Scratch, tree git.Hash, files map[string]string) git.Hash {
	tb.Helper()
	edits := map[string]git.Entry{}
	for name, content := range files {
		edits[name] = git.Entry{Mode: filemode.Regular, Hash: scratch.WriteBlob([]byte(content))}
	}
	tree, err := scratch.EditTree(tb.Context(), tree, edits)
	require.NoError(tb, err)
	return tree
}

func BenchmarkLoad(b *testing.B) {
	files := large(100)
	scratch, tree := repository(b, files)
	require.NoError(b, scratch.Flush(b.Context())) // what is in the repository is cached, as in life
	objects := scratch.Repository()
	const overlay = "overlays/staging"
	start := func(b *testing.B) *tests.Loader {
		loader := tests.NewLoader(render.NewBuilder(nil), tests.Options{})
		_, err := loader.Load(b.Context(), git.FS(b.Context(), objects, tree), overlay)
		require.NoError(b, err)
		b.ReportAllocs()
		b.ResetTimer()
		return loader
	}
	// alternate loads two trees in turn, each time as a new commit.
	alternate := func(b *testing.B, change map[string]string) {
		other := edited(b, scratch, tree, change)
		require.NoError(b, scratch.Flush(b.Context()))
		loader := start(b)
		for i := 0; b.Loop(); i++ {
			next := other
			if i%2 == 1 {
				next = tree
			}
			_, err := loader.Load(b.Context(), git.FS(b.Context(), objects, next), overlay)
			require.NoError(b, err)
		}
	}
	b.Run("cold", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := tests.Load(b.Context(), render.NewBuilder(nil), git.FS(b.Context(), objects, tree), overlay, tests.Options{})
			require.NoError(b, err)
		}
	})
	b.Run("same tree", func(b *testing.B) {
		loader := start(b)
		for b.Loop() {
			_, err := loader.Load(b.Context(), git.FS(b.Context(), objects, tree), overlay)
			require.NoError(b, err)
		}
	})
	b.Run("other file touched", func(b *testing.B) { alternate(b, map[string]string{"README.md": "hello"}) })
	b.Run("test data touched", func(b *testing.B) { alternate(b, map[string]string{"base/suite-007/data/1.json": "[]"}) })
	b.Run("Suite touched", func(b *testing.B) {
		// a new comment each time, for the builder remembers both of two
		loader := start(b)
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			file := "base/suite-007/suite.yaml"
			next := edited(b, scratch, tree, map[string]string{file: fmt.Sprintf("# %d\n%s", i, files[file])})
			require.NoError(b, scratch.Flush(b.Context()))
			b.StartTimer()
			_, err := loader.Load(b.Context(), git.FS(b.Context(), objects, next), overlay)
			require.NoError(b, err)
		}
	})
}

func TestLoadFromGit(t *testing.T) {
	scratch, tree := repository(t, large(20))
	loader := tests.NewLoader(render.NewBuilder(nil), tests.Options{})
	set, err := loader.Load(t.Context(), git.FS(t.Context(), scratch, tree), "overlays/staging")
	require.NoError(t, err)
	require.Len(t, set.Suites, 40)
	require.Len(t, set.Gates, 20)

	gate := set.Gate("staging-gate-003")
	require.Len(t, set.SuitesOf(gate), 2)
	next := edited(t, scratch, tree, map[string]string{"base/suite-007/data/1.json": "[]"})
	changed, err := loader.Load(t.Context(), git.FS(t.Context(), scratch, next), "overlays/staging")
	require.NoError(t, err)
	for _, g := range set.Gates {
		require.Equal(t, g != gate, set.Digest(g) == changed.Digest(g), g.Name())
	}
}
