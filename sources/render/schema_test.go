package render

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// A build with a schema of its own comes out as in a new process, whatever ran before it, and so does the build after it.
func TestOwnSchemaEqualsTheCommand(t *testing.T) {
	dir, kustomize, builder := t.TempDir(), command(t), NewBuilder(nil)
	require.NoError(t, os.CopyFS(dir, schemaTree.MapFS))
	for _, folder := range []string{"plain", "custom", "custom-base", "plain", "custom"} {
		want, err := kustomizeBuild(t, kustomize, dir, folder)
		require.NoError(t, err)
		got, err := builder.Build(t.Context(), schemaTree, folder, Settings{})
		require.NoError(t, err)
		require.Equal(t, string(want), string(got.YAML()), folder)
		builder = NewBuilder(nil)
	}
}

var schemaTree = files(map[string]string{
	"plain/kustomization.yaml":       "resources: [../base/objects.yaml]\npatches: [{path: ../base/patch.yaml}]",
	"custom/kustomization.yaml":      "resources: [../base/objects.yaml]\npatches: [{path: ../base/patch.yaml}]\nopenapi: {path: ../base/schema.json}",
	"custom-base/kustomization.yaml": "resources: [../custom]\nnamePrefix: x-",
	"broken/kustomization.yaml":      "resources: [gone.yaml]",
	"base/objects.yaml":              widget("{name: a, value: old}", "{name: b, value: old}"),
	"base/patch.yaml":                widget("{name: b, value: new}"),
	"base/schema.json":               widgetSchema,
})

// Builds that run side by side, some of them with a schema of their own, come out as they do one after the other.
func TestConcurrentBuilds(t *testing.T) {
	folders := []string{"plain", "custom", "broken"}
	want := map[string]string{}
	for _, folder := range folders {
		if got, err := NewBuilder([]byte("key")).Build(t.Context(), schemaTree, folder, Settings{}); err == nil {
			want[folder] = string(got.YAML())
		}
	}
	require.NotEqual(t, want["plain"], want["custom"], "the schema makes a difference")

	builder := NewBuilder([]byte("key"))
	var group errgroup.Group
	for i := range 60 {
		group.Go(func() error {
			b := builder
			if i%2 == 0 {
				b = NewBuilder([]byte("key")) // with nothing remembered
			}
			folder := folders[i%len(folders)]
			got, err := b.Build(t.Context(), schemaTree, folder, Settings{})
			if err != nil {
				if folder != "broken" {
					return err
				}
				return nil
			}
			if want[folder] != string(got.YAML()) {
				t.Errorf("%s comes out differently", folder)
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
}

// widget is an object whose items are a list, or with widgetSchema a map by name.
func widget(items ...string) string {
	text := "apiVersion: example.dev/v1\nkind: Widget\nmetadata: {name: w}\nspec:\n  items:\n"
	for _, item := range items {
		text += "  - " + item + "\n"
	}
	return text
}

const widgetSchema = `{"definitions": {"v1.Widget": {
  "type": "object",
  "x-kubernetes-group-version-kind": [{"group": "example.dev", "kind": "Widget", "version": "v1"}],
  "properties": {"spec": {"type": "object", "properties": {"items": {
    "type": "array", "items": {"type": "object"},
    "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge"}}}}}}}`
