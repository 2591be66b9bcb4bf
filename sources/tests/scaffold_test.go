package tests_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
)

func TestScaffoldLoads(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	written, err := tests.Scaffold(dir)
	require.NoError(t, err)
	require.Contains(t, written, ".assay/schema.json")
	require.Contains(t, written, "README.md")

	tree, err := render.OpenDirectory(dir)
	require.NoError(t, err)
	defer tree.Close()
	for _, environment := range []string{"dev", "staging", "prod"} {
		set := mustLoad(t, tree, "overlays/"+environment)
		require.Len(t, set.Suites, 1)
		require.Len(t, set.SuitesOf(set.Gate("shop")), 1)
		require.Equal(t, "overlays/"+environment, set.Site("shop").Spec.Path)
	}
	info, err := os.Stat(filepath.Join(dir, "base/smoke/smoke.sh"))
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&0o100, "the script can be run")
}

func TestScaffoldRefusesToOverwrite(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "README.md")
	require.NoError(t, os.WriteFile(mine, []byte("mine"), 0o600))

	written, err := tests.Scaffold(dir)
	require.ErrorIs(t, err, fs.ErrExist)
	require.ErrorContains(t, err, "README.md")
	require.Empty(t, written)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing is written")
}

func readFile(t *testing.T, dir, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, file))
	require.NoError(t, err)
	return string(data)
}
