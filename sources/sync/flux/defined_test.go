package flux_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
)

// manifest is an object as a Rendering holds it, as people write it in Git: without a status.
func manifest(t *testing.T, w *world, edit func(o *unstructured.Unstructured)) *render.Object {
	t.Helper()
	dir := t.TempDir()
	text := shop(t, func(o *unstructured.Unstructured) {
		unstructured.RemoveNestedField(o.Object, "status")
		unstructured.RemoveNestedField(o.Object, "metadata", "namespace")
		edit(o)
	})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "shop.yaml"), []byte(text), 0o600))
	tree, err := render.OpenDirectory(dir)
	require.NoError(t, err)
	defer tree.Close()
	rendering, err := w.builder.Build(t.Context(), tree, ".", render.Settings{Engine: render.Flux})
	require.NoError(t, err)
	require.Len(t, rendering.Objects, 1)
	return &rendering.Objects[0]
}

func TestAManifestTellsHowItsTargetIsBuilt(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.run()
		now := w.One()
		same, err := w.source.Defined(t.Context(), now.Target, manifest(t, w, func(*unstructured.Unstructured) {}))
		require.NoError(t, err)
		at := now.Sync.Revisions[0]
		require.Equal(t, syncs.Build{Repository: at.Repository, Path: at.Path, Settings: now.Build}, same)

		w.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: colors, namespace: flux-system}, data: {color: blue}}")
		other, err := w.source.Defined(t.Context(), now.Target, manifest(t, w, func(o *unstructured.Unstructured) {
			set(t, o, "./apps/other", "spec", "path")
			set(t, o, []any{map[string]any{"name": "web", "newTag": "2"}}, "spec", "images")
			set(t, o, []any{map[string]any{"kind": "ConfigMap", "name": "colors"}}, "spec", "postBuild", "substituteFrom")
		}))
		require.NoError(t, err)
		require.Equal(t, "apps/other", other.Path)
		require.Equal(t, "2", other.Settings.Images[0].NewTag)
		require.Equal(t, map[string]string{"color": "blue"}, other.Settings.PostBuild.From)
	})
}

func TestWhatAManifestDoesNotTell(t *testing.T) {
	for name, tt := range map[string]struct {
		target syncs.Target
		edit   func(t *testing.T, o *unstructured.Unstructured)
		reason string
	}{
		"another cluster's": {syncs.Target{Cluster: "test", Kind: "Kustomization"}, nil, "is no Kustomization of this cluster"},
		"a release":         {syncs.Target{Cluster: "prod", Kind: "HelmRelease"}, nil, "is no Kustomization of this cluster"},
		"an artifact": {shopTarget, func(t *testing.T, o *unstructured.Unstructured) {
			set(t, o, "OCIRepository", "spec", "sourceRef", "kind")
		},
			"its source OCIRepository/flux-system/shop is no GitRepository"},
		"another source": {shopTarget, func(t *testing.T, o *unstructured.Unstructured) { set(t, o, "gone", "spec", "sourceRef", "name") },
			"its source GitRepository/flux-system/gone is not the one that it has in the cluster"},
		"what is no Kustomization": {shopTarget, func(t *testing.T, o *unstructured.Unstructured) { set(t, o, "images", "spec", "images") }, "it cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				w.run()
				w.One()
				_, err := w.source.Defined(t.Context(), tt.target, manifest(t, w, func(o *unstructured.Unstructured) {
					if tt.edit != nil {
						tt.edit(t, o)
					}
				}))
				require.ErrorContains(t, err, tt.reason)
			})
		})
	}
}

var shopTarget = syncs.Target{Cluster: "prod", Kind: "Kustomization", Namespace: "flux-system", Name: "shop"}
