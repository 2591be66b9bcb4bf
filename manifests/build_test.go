package manifests

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/assay-dev/assay/sources/render"
)

// overlays are what people apply.
var overlays = []string{"overlays/dev", "overlays/staging", "overlays/prod"}

// everything is prod with all components.
const everything = "testdata/everything"

// build renders a folder in memory, as Assay renders those of others.
func build(t *testing.T, folder string) *render.Rendering {
	t.Helper()
	tree, err := render.OpenDirectory(".")
	require.NoError(t, err)
	defer tree.Close()
	rendering, err := render.NewBuilder(nil).Build(t.Context(), tree, folder, render.Settings{})
	require.NoError(t, err)
	require.NotEmpty(t, rendering.Objects)
	return rendering
}

// objects of a folder.
func objects(t *testing.T, folder string) (all []*unstructured.Unstructured) {
	t.Helper()
	for _, o := range build(t, folder).Objects {
		u := &unstructured.Unstructured{}
		require.NoError(t, o.Decode(&u.Object), o.String())
		all = append(all, u)
	}
	return all
}

// TestKustomizeBuildsTheSame has the command line build what people will apply with it.
func TestKustomizeBuildsTheSame(t *testing.T) {
	kustomize := tool(t, "kustomize")
	for _, folder := range append(overlays, everything, "examples/flux", "examples/argocd") {
		t.Run(folder, func(t *testing.T) {
			out, err := exec.Command(kustomize, "build", folder).CombinedOutput()
			require.NoError(t, err, "%s", out)
			require.NotContains(t, string(out), "# Warning")
			require.Equal(t, len(objects(t, folder)), len(documents(string(out))))
		})
	}
}

// TestNothingIsThereTwice also finds objects that an overlay leaves without a namespace that exists.
func TestNothingIsThereTwice(t *testing.T) {
	for _, folder := range append(overlays, everything) {
		seen, namespaces := map[string]bool{}, map[string]bool{"flux-system": true, "argocd": true}
		for _, u := range objects(t, folder) {
			require.False(t, seen[u.GetKind()+"/"+u.GetNamespace()+"/"+u.GetName()], "%s: %s %s", folder, u.GetKind(), u.GetName())
			seen[u.GetKind()+"/"+u.GetNamespace()+"/"+u.GetName()] = true
			if u.GetKind() == "Namespace" {
				namespaces[u.GetName()] = true
			}
			if at := u.GetNamespace(); at != "" {
				require.True(t, namespaces[at], "%s: namespace %s of %s %s is not made before it", folder, at, u.GetKind(), u.GetName())
			}
			require.Equal(t, "assay", u.GetLabels()["app.kubernetes.io/part-of"], "%s %s", u.GetKind(), u.GetName())
		}
	}
}
