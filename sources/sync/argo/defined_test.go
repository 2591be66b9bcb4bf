package argo_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
)

// manifest is the shop's Application as people write it in Git, with changes.
func manifest(t *testing.T, w *world, all fields) *render.Object {
	t.Helper()
	u := w.edited(w.load("shop"), all)
	delete(u.Object, "status")
	text, err := yaml.Marshal(u.Object)
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "shop.yaml"), text, 0o600))
	tree, err := render.OpenDirectory(dir)
	require.NoError(t, err)
	defer tree.Close()
	rendering, err := render.NewBuilder(nil).Build(t.Context(), tree, ".", render.Settings{Engine: render.Flux})
	require.NoError(t, err)
	require.Len(t, rendering.Objects, 1)
	return &rendering.Objects[0]
}

func TestAManifestTellsHowItsTargetIsBuilt(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.Write(w.load("shop"))
		w.run()
		now := w.One()
		same, err := w.source.Defined(t.Context(), now.Target, manifest(t, w, nil))
		require.NoError(t, err)
		at := now.Sync.Revisions[0]
		require.Equal(t, syncs.Build{Repository: at.Repository, Path: at.Path, Settings: now.Build}, same)

		other, err := w.source.Defined(t.Context(), now.Target, manifest(t, w, fields{"spec.source.path": "other", "spec.source.kustomize": "{namePrefix: new-}"}))
		require.NoError(t, err)
		require.Equal(t, "other", other.Path)
		require.Equal(t, "new-", other.Settings.Application.Source.Kustomize.NamePrefix)

		for reason, edit := range map[string]fields{
			"what the ApplicationSet makes is not known":  {"kind": "ApplicationSet"},
			"it has other sources than one folder in Git": {"spec.source.chart": "shop"},
			"is not the one that it has in the cluster":   {"spec.source.targetRevision": "other"},
			"it takes files of other sources":             {"spec.source.helm": "{valueFiles: [$values/shop.yaml]}"},
			"it cannot be read":                           {"spec.source.path": "[shop]"},
		} {
			_, err := w.source.Defined(t.Context(), now.Target, manifest(t, w, edit))
			require.ErrorContains(t, err, reason)
		}
		elsewhere := now.Target
		elsewhere.Cluster = "elsewhere"
		_, err = w.source.Defined(t.Context(), elsewhere, manifest(t, w, nil))
		require.ErrorContains(t, err, "is no Application of this Argo CD")
	})
}
