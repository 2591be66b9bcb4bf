package render

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// released is a folder with a HelmRelease, what it names, and what it does not.
func released(replicas, other string) map[string]string {
	return map[string]string{
		"kustomization.yaml": `resources: [release.yaml, other.yaml]
namespace: shop
configMapGenerator: [{name: values, literals: ["values.yaml=replicas: ` + replicas + `"]}]
configurations: [names.yaml]
`,
		"names.yaml": `nameReference: [{kind: ConfigMap, version: v1, fieldSpecs: [{kind: HelmRelease, path: spec/valuesFrom/name}]}]
`,
		"release.yaml": `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web}
spec:
  chart: {spec: {chart: web, version: 1.2.3, sourceRef: {kind: HelmRepository, name: charts}}}
  valuesFrom: [{kind: ConfigMap, name: values}]
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts}
spec: {url: https://charts.example.com}
`,
		"other.yaml": `apiVersion: v1
kind: ConfigMap
metadata: {name: other}
data: {a: "` + other + `"}
`,
	}
}

func TestOnlySomeObjectsAndWhatTheyName(t *testing.T) {
	b := NewBuilder([]byte("key"))
	only := Settings{Engine: Flux, Only: []ObjectRef{{Group: "helm.toolkit.fluxcd.io", Kind: "HelmRelease", Namespace: "shop", Name: "web"}}}
	build := func(replicas, other string, s Settings) *Rendering {
		r, err := b.Build(t.Context(), files(released(replicas, other)), ".", s)
		require.NoError(t, err)
		return r
	}
	first := build("1", "x", only)
	var kinds []string
	for i := range first.Objects {
		kinds = append(kinds, first.Objects[i].Kind)
	}
	require.ElementsMatch(t, []string{"HelmRelease", "HelmRepository", "ConfigMap"}, kinds)
	require.Equal(t, first.Digest, build("1", "y", only).Digest, "what it does not name may change")
	require.NotEqual(t, first.Digest, build("2", "x", only).Digest, "its generated values may not, under whatever name")
	require.Contains(t, first.Files, "other.yaml", "the closure is that of the whole build")

	gone := only
	gone.Only = []ObjectRef{{Kind: "HelmRelease", Namespace: "shop", Name: "gone"}}
	require.Empty(t, build("1", "x", gone).Objects)
	elsewhere := only
	elsewhere.Only = []ObjectRef{{Kind: "HelmRelease", Namespace: "other", Name: "web"}}
	require.Empty(t, build("1", "x", elsewhere).Objects)
}

func TestWhatNoFileSaysIsPartOfTheDigest(t *testing.T) {
	tree := files(map[string]string{"a.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}"})
	digest := func(key, besides string) string {
		r, err := NewBuilder([]byte(key)).Build(t.Context(), tree, ".", Settings{Engine: Flux, Besides: besides})
		require.NoError(t, err)
		return r.Digest
	}
	require.Equal(t, digest("key", "chart 1.2.3"), digest("key", "chart 1.2.3"))
	require.NotEqual(t, digest("key", "chart 1.2.3"), digest("key", "chart 1.2.4"))
	require.NotEqual(t, digest("key", ""), digest("key", "chart 1.2.4"))
	require.NotEqual(t, digest("key", "password"), digest("other key", "password"), "it may be a secret")
}

func TestWhatIsNotKnownRefusesAndTellsTheClosure(t *testing.T) {
	tree := files(map[string]string{"app/a.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}", "b.yaml": "{}"})
	_, err := NewBuilder(nil).Build(t.Context(), tree, "app", Settings{Engine: Flux, Unknown: "spec.include brings files of another repository"})
	var refusal *Error
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, ReasonUnknown, refusal.Reason)
	require.EqualError(t, err, "build app: spec.include brings files of another repository")
	require.Contains(t, refusal.Files, "app/a.yaml")
	require.NotContains(t, refusal.Files, "b.yaml")
}

func TestDefaultsOfVariablesAreFilledInAlways(t *testing.T) {
	tree := files(map[string]string{"a.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {b: \"${c:=d}\"}}"})
	for always, value := range map[bool]string{false: "b: ${c:=d}", true: "b: d"} {
		r, err := NewBuilder(nil).Build(t.Context(), tree, ".", Settings{Engine: Flux, PostBuild: &PostBuild{Always: always}})
		require.NoError(t, err)
		require.Contains(t, string(r.YAML()), value)
	}
}
