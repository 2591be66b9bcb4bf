//go:build linux || darwin

package process

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
)

// An overlay names a Suite anew and does not move it: it runs where it was written, with what lies below.
func TestSuitesOfAnOverlayRunWhereTheyWereWritten(t *testing.T) {
	const head = "apiVersion: assay.dev/v1alpha1\nkind: Suite\nmetadata: {name: "
	dir := t.TempDir()
	for name, content := range map[string]string{
		"base/kustomization.yaml":             "resources: [outer]\n",
		"base/outer/kustomization.yaml":       "resources: [suite.yaml, inner]\n",
		"base/outer/suite.yaml":               head + "outer}\nspec: {script: cat mine inner/mine}\n",
		"base/outer/mine":                     "of outer\n",
		"base/outer/inner/kustomization.yaml": "resources: [suite.yaml]\n",
		"base/outer/inner/suite.yaml":         head + "inner}\nspec: {script: 'cat ../mine; ls ../..', workingDirectory: deep}\n",
		"base/outer/inner/mine":               "of inner\n",
		"base/outer/inner/deep/empty":         "",
		"overlays/staging/kustomization.yaml": "namePrefix: staging-\nresources: [../../base]\n",
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	tree, err := render.OpenDirectory(dir)
	require.NoError(t, err)
	defer tree.Close()
	set, err := tests.Load(t.Context(), render.NewBuilder(nil), tree, "overlays/staging", tests.Options{})
	require.NoError(t, err)

	r := newRunner(t, Options{Dir: openDir(t)})
	printed := map[string]string{}
	for _, suite := range set.Suites {
		result, err := r.Run(t.Context(), runner.Job{ID: suite.Name(), Environment: "staging", Suite: suite, Files: tree, Shards: 1})
		require.NoError(t, err)
		require.Equal(t, runner.Exited, result.End, result.Reason)
		printed[suite.Name()] = string(result.Output)
	}
	require.Equal(t, map[string]string{"staging-outer": "of outer\nof inner\n", "staging-inner": "of inner\ninner\n"}, printed)
}
