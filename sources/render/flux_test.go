package render

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	oracle "github.com/fluxcd/pkg/kustomize"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/yaml"
)

// fluxBuild builds with Flux's own package, in a copy of the directory because it writes into it.
func fluxBuild(t *testing.T, dir, folder string, s Settings) (string, error) {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, os.CopyFS(root, os.DirFS(dir)))
	spec := fluxSpec(t, s)
	if _, err := oracle.NewGenerator(root, spec).WriteFile(filepath.Join(root, folder)); err != nil {
		return "", err
	}
	built, err := oracle.SecureBuild(root, filepath.Join(root, folder), false)
	if err != nil {
		return "", err
	}
	if s.PostBuild != nil {
		for _, object := range built.Resources() {
			if _, err := oracle.SubstituteVariables(t.Context(), nil, spec, object,
				oracle.SubstituteWithDryRun(true), oracle.SubstituteWithStrict(s.PostBuild.Strict)); err != nil {
				return "", err
			}
		}
	}
	text, err := built.AsYaml()
	return string(text), err
}

// fluxSpec writes settings as the spec of a Flux Kustomization.
func fluxSpec(t *testing.T, s Settings) unstructured.Unstructured {
	t.Helper()
	spec := map[string]any{
		"targetNamespace": s.TargetNamespace, "namePrefix": s.NamePrefix, "nameSuffix": s.NameSuffix,
		"patches": s.Patches, "images": s.Images, "components": s.Components,
		"ignoreMissingComponents": s.IgnoreMissingComponents, "buildMetadata": s.BuildMetadata,
	}
	if s.PostBuild != nil && s.PostBuild.Substitute != nil {
		spec["postBuild"] = map[string]any{"substitute": s.PostBuild.Substitute}
	}
	data, err := json.Marshal(map[string]any{"spec": spec})
	require.NoError(t, err)
	var object map[string]any
	require.NoError(t, json.Unmarshal(data, &object))
	for field, value := range object["spec"].(map[string]any) {
		if value == nil || value == "" {
			delete(object["spec"].(map[string]any), field)
		}
	}
	return unstructured.Unstructured{Object: object}
}

func TestFluxEqualsFlux(t *testing.T) {
	scale := types.Patch{
		Patch:  "- {op: replace, path: /spec/replicas, value: 7}",
		Target: &types.Selector{ResId: resid.ResId{Gvk: resid.Gvk{Kind: "Deployment"}}},
	}
	for name, test := range map[string]struct {
		folder   string
		settings Settings
	}{
		"a kustomization":            {"overlays/staging", Settings{}},
		"components and patches":     {"overlays/prod", Settings{Patches: []types.Patch{scale}, Components: []string{"../../components/tracing"}}},
		"a missing component":        {"overlays/prod", Settings{Components: []string{"../gone"}}},
		"a missing one ignored":      {"overlays/prod", Settings{Components: []string{"../gone"}, IgnoreMissingComponents: true}},
		"a remote component":         {"overlays/prod", Settings{Components: []string{"https://example.com/org/repo"}}},
		"names and namespace":        {"overlays/staging", Settings{TargetNamespace: "other", NamePrefix: "x-", NameSuffix: "-y"}},
		"an image over an image":     {"overlays/staging", Settings{Images: []types.Image{{Name: "registry.example/cart", Digest: "sha256:0123"}}}},
		"a new image":                {"base", Settings{Images: []types.Image{{Name: "registry.example/cart", NewName: "mirror.example/cart"}}}},
		"origin annotations":         {"base", Settings{BuildMetadata: []string{"originAnnotations"}}},
		"no kustomization":           {"plain", Settings{}},
		"no kustomization, settings": {"plain", Settings{TargetNamespace: "other", NamePrefix: "x-"}},
		"nothing at all":             {"empty", Settings{}},
		"no resources":               {"overlays/generated", Settings{}},
		"unknown fields":             {"overlays/unknown", Settings{}},
		"not a manifest":             {"broken", Settings{}},
		"no folder":                  {"gone", Settings{}},
		"variables":                  {"plain", Settings{PostBuild: &PostBuild{Substitute: map[string]string{"env": "prod\n"}}}},
		"no variables":               {"plain", Settings{PostBuild: &PostBuild{Strict: true}}},
		"strict variables":           {"plain", Settings{PostBuild: &PostBuild{Substitute: map[string]string{"other": "x"}, Strict: true}}},
		"lenient variables":          {"overlays/prod", Settings{PostBuild: &PostBuild{Substitute: map[string]string{"other": "x"}}}},
		"a bad name":                 {"plain", Settings{PostBuild: &PostBuild{Substitute: map[string]string{"a-b": "x"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/shop")))
			for name, text := range map[string]string{
				"empty/readme.md":                       "nothing to apply",
				"overlays/generated/kustomization.yaml": "configMapGenerator: [{name: g, literals: [a=b]}]",
				"overlays/unknown/kustomization.yaml":   "resources: [../../base]\nsurprise: true",
				"broken/list.yaml":                      "- not an object",
			} {
				require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
			}
			want, wantErr := fluxBuild(t, dir, test.folder, test.settings)
			settings := test.settings
			settings.Engine = Flux
			got, err := NewBuilder(nil).Build(t.Context(), open(t, dir), test.folder, settings)
			if wantErr != nil {
				require.NotEmpty(t, refusal(t, err).Detail, "Flux says: %v", wantErr)
				return
			}
			require.NoError(t, err)
			require.Equal(t, want, string(got.YAML()))
		})
	}
}

// The Kustomizations of the example repository are built as Flux would build them, from their own specs.
func TestFluxExample(t *testing.T) {
	dir := clone(t, "flux-example.bundle")
	tree, compared := head(t, dir), 0
	for _, cluster := range []string{"staging", "production"} {
		root, err := NewBuilder(nil).Build(t.Context(), tree, "clusters/"+cluster, Settings{Engine: Flux})
		require.NoError(t, err)
		want, err := fluxBuild(t, dir, "clusters/"+cluster, Settings{})
		require.NoError(t, err)
		require.Equal(t, want, string(root.YAML()))
		for _, object := range root.Objects {
			if object.Kind != "Kustomization" {
				continue
			}
			var applied struct {
				Spec struct {
					Path      string `json:"path"`
					SourceRef struct{ Kind, Name string }
					Settings
				} `json:"spec"`
			}
			require.NoError(t, yaml.Unmarshal(object.YAML(), &applied))
			folder := applied.Spec.Path
			if applied.Spec.SourceRef.Kind == "ExternalArtifact" { // each artifact is one top folder of the repository
				folder = filepath.Join(applied.Spec.SourceRef.Name, folder)
			}
			want, err := fluxBuild(t, dir, folder, applied.Spec.Settings)
			require.NoError(t, err)
			settings := applied.Spec.Settings
			settings.Engine = Flux
			got, err := NewBuilder(nil).Build(t.Context(), tree, folder, settings)
			require.NoError(t, err)
			require.Equal(t, want, string(got.YAML()), object.String())
			compared++
		}
	}
	require.Equal(t, 6, compared)
}

func TestFluxIgnoresWhatTheSourceLeavesOut(t *testing.T) {
	tree := files(map[string]string{
		".sops.yaml":              "creation_rules: []",
		".sourceignore":           "/drafts/\n!kept.yaml",
		"a.yaml":                  configMap("a"),
		"drafts/b.yaml":           configMap("b"),
		"team/.sourceignore":      "*.yaml",
		"team/c.yaml":             configMap("c"),
		"team/kept.yaml":          configMap("kept"),
		"other/d.yaml":            configMap("d"),
		".github/workflow/ci.yml": "on: push",
	})
	names := func(tree *memory, ignore string) []string {
		got, err := NewBuilder(nil).Build(t.Context(), tree, ".", Settings{Engine: Flux, Ignore: ignore})
		require.NoError(t, err)
		var names []string
		for _, o := range got.Objects {
			names = append(names, o.Name)
		}
		return names
	}
	require.Equal(t, []string{"a", "d"}, names(tree, ""))
	require.Equal(t, []string{"a"}, names(tree, "other/"))
	require.Equal(t, []string{"a", "d", "kept"}, names(tree.with(map[string]string{"team/.sourceignore": "c.yaml"}), ""))
}

func TestSubstituteFromAndCommonMetadata(t *testing.T) {
	got, err := NewBuilder(nil).Build(t.Context(), open(t, "testdata/shop"), "plain", Settings{
		Engine:         Flux,
		PostBuild:      &PostBuild{From: map[string]string{"env": "cluster", "region": "us-1"}, Substitute: map[string]string{"env": "spec"}},
		CommonMetadata: &CommonMetadata{Labels: map[string]string{"team": "shop"}, Annotations: map[string]string{"note": "x"}},
	})
	require.NoError(t, err)
	require.Equal(t, "spec-settings", got.Objects[0].Name)
	require.Equal(t, `apiVersion: v1
data:
  host: spec.example
  region: us-1
kind: ConfigMap
metadata:
  annotations:
    note: x
  labels:
    team: shop
  name: spec-settings
`, string(got.Objects[0].YAML()))
	require.Contains(t, string(got.Objects[1].YAML()), "region: ${region}\n")
}
