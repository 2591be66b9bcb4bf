package render

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The golden files are what the kustomize command, v5.8.2, prints.
func TestBuildEqualsTheCommand(t *testing.T) {
	tree := open(t, "testdata/shop")
	for name, folder := range map[string]string{"base": "base", "staging": "overlays/staging", "prod": "./overlays/prod/"} {
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile("testdata/golden/" + name + ".yaml")
			require.NoError(t, err)
			for _, origins := range []bool{false, true} {
				got, err := NewBuilder(nil).Build(t.Context(), tree, folder, Settings{Origins: origins})
				require.NoError(t, err)
				require.Equal(t, string(want), string(got.YAML()))
			}
		})
	}
}

func TestClosure(t *testing.T) {
	got, err := NewBuilder(nil).Build(t.Context(), open(t, "testdata/shop"), "overlays/prod", Settings{})
	require.NoError(t, err)
	require.Equal(t, []string{
		"base/Kustomization", "base/banner.txt", "base/deployment.yaml", "base/kustomization.yaml", "base/kustomization.yml",
		"base/service.yaml", "base/settings.env", "base/storage.yaml",
		"components/tracing/Kustomization", "components/tracing/kustomization.yaml", "components/tracing/kustomization.yml",
		"overlays/prod/Kustomization", "overlays/prod/kustomization.yaml", "overlays/prod/kustomization.yml",
		"overlays/prod/resources.yaml", "shared/namespace.yaml", "shared/replacements.yaml",
	}, got.Files)
}

func TestOrigins(t *testing.T) {
	got, err := NewBuilder(nil).Build(t.Context(), open(t, "testdata/shop"), "overlays/prod", Settings{Origins: true})
	require.NoError(t, err)
	origins := map[string]string{}
	for _, o := range got.Objects {
		origins[o.Kind] = o.Origin
	}
	require.Equal(t, map[string]string{
		"Namespace":             "shared/namespace.yaml",
		"ConfigMap":             "base/kustomization.yaml",
		"Secret":                "base/kustomization.yaml", // where it is first made; prod merges into it
		"Service":               "base/service.yaml",
		"PersistentVolumeClaim": "base/storage.yaml",
		"Deployment":            "base/deployment.yaml",
	}, origins)
}

func TestOriginAnnotationsStayWhereTheBuildAsksForThem(t *testing.T) {
	tree := files(map[string]string{
		"app/kustomization.yaml": "resources: [cm.yaml]\nbuildMetadata: [originAnnotations]\n",
		"app/cm.yaml":            configMap("a"),
	})
	for _, origins := range []bool{false, true} {
		got, err := NewBuilder(nil).Build(t.Context(), tree, "app", Settings{Origins: origins})
		require.NoError(t, err)
		require.Contains(t, string(got.YAML()), "config.kubernetes.io/origin")
	}
}

// The documents are those on which YAML's versions and Go's decoders disagree.
func TestManifestsEqualKustomize(t *testing.T) {
	for _, value := range []string{
		"1", "01", "0o17", "0x1F", "1_000", "1.0", "1e3", ".inf", "-0", "12345678901234567890", "0.1", "1e400",
		"yes", "on", "y", "True", "~", "", `"yes"`, "'01'", "2024-05-01", "2024-05-01T10:00:00Z", "12:30", "!!str 5",
		"!!binary aGk=", "!!int '7'", "|\n    a\n\n    b", ">-\n    a\n    b", "{<<: {x: 1}, y: 2}", "[1, [2, {a: null}]]",
		"&x {a: 1}", `"\u2028\U0001F600"`, "<script>&", "=", "<<", "0b11", "+1", "1.", "190:20:30",
		`"\u0085"`, `"\x7f"`, `"\0"`, `"\uFEFF"`, `"\uFFFE"`, `"\t\r\n "`, "{'<<': 1, '1': 2, 'on': 3, \"a\\nb\": 4}", "1e20", "1e21", "1e-7", "100000000000000000000",
		"18446744073709551615", "{a10: 1, a9: 2, a: 3, B: 4}", "|+\n    a\n\n", "{}", "[]", "'" + strings.Repeat("long ", 100) + "'",
		"{" + strings.Repeat("k", 200) + ": 1}", "{? " + strings.Repeat("k", 1100) + " : 1}", "{1: a}", "{null: a}",
	} {
		t.Run(value, func(t *testing.T) {
			tree := files(map[string]string{
				"kustomization.yaml": "resources: [a.yaml]\n",
				"a.yaml":             "apiVersion: example.dev/v1\nkind: Any\nmetadata:\n  name: a\nspec:\n  value: " + value + "\n",
			})
			f := newFilesystem(t.Context(), tree, &Settings{})
			require.NoError(t, f.enter("."))
			built, err := f.kustomize()
			if err != nil {
				require.ErrorContains(t, err, "a.yaml")
				return
			}
			want, wantErr := built.Resources()[0].MarshalJSON()
			printed, printErr := built.Resources()[0].AsYAML()
			got, text, err := manifest(built.Resources()[0])
			require.Equal(t, wantErr == nil && printErr == nil, err == nil)
			if err == nil {
				require.Equal(t, string(want), string(got))
				require.Equal(t, string(printed), string(text))
			}
		})
	}
}

func configMap(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n"
}

// The label names the release of the command, not the program that this test is.
func TestManagedByLabelEqualsTheCommand(t *testing.T) {
	dir := t.TempDir()
	tree := files(map[string]string{
		"app/kustomization.yaml":  "resources: [cm.yaml, ../base]\nbuildMetadata: [managedByLabel]\n",
		"app/cm.yaml":             configMap("a"),
		"base/kustomization.yaml": "resources: [cm.yaml]\nlabels: [{pairs: {team: shop}}]\n",
		"base/cm.yaml":            configMap("b"),
	})
	require.NoError(t, os.CopyFS(dir, tree.MapFS))
	want, err := kustomizeBuild(t, command(t), dir, "app")
	require.NoError(t, err)
	got, err := NewBuilder(nil).Build(t.Context(), tree, "app", Settings{})
	require.NoError(t, err)
	require.Equal(t, string(want), string(got.YAML()))
}
