package render

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// At its head, the konflux repository has this many kustomizations, and the kustomize command builds so many of them
// without git and network.
const konfluxOverlays, konfluxBuilt = 1225, 868

func TestKonfluxEqualsTheCommand(t *testing.T) {
	dir := clone(t, "konflux-config.bundle")
	tree, kustomize := head(t, dir), command(t)
	folders := overlays(t, tree)
	require.Len(t, folders, konfluxOverlays)

	builder := NewBuilder(nil)
	var (
		mu      sync.Mutex
		built   int
		refused = map[Reason]int{}
	)
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(runtime.NumCPU())
	for _, folder := range folders {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			got, err := builder.Build(ctx, tree, folder, Settings{})
			want, wantErr := kustomizeBuild(t, kustomize, dir, folder)
			mu.Lock()
			defer mu.Unlock()
			var refusal *Error
			switch {
			case err == nil && wantErr == nil:
				built++
				if string(want) != string(got.YAML()) {
					t.Errorf("%s: the documents differ from the command's", folder)
				}
			case errors.As(err, &refusal) && wantErr != nil:
				refused[refusal.Reason]++
				if refusal.File == "" || refusal.Detail == "" || len(refusal.Files) == 0 {
					t.Errorf("%s: the refusal does not say why: %+v", folder, refusal)
				}
			default:
				t.Errorf("%s: here %v, with the command %v", folder, err, wantErr)
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	require.Equal(t, konfluxBuilt, built)
	require.Equal(t, map[Reason]int{ReasonRemote: 220, ReasonChart: 69, ReasonInvalid: 68}, refused)
}

// Builds that run side by side, some of them with a schema of their own, come out as they do one after the other.
func TestConcurrentBuilds(t *testing.T) {
	tree := files(map[string]string{
		"plain/kustomization.yaml":  "resources: [../base/objects.yaml]\npatches: [{path: ../base/patch.yaml}]",
		"custom/kustomization.yaml": "resources: [../base/objects.yaml]\npatches: [{path: ../base/patch.yaml}]\nopenapi: {path: ../base/schema.json}",
		"broken/kustomization.yaml": "resources: [gone.yaml]",
		"base/objects.yaml":         widget("{name: a, value: old}", "{name: b, value: old}"),
		"base/patch.yaml":           widget("{name: b, value: new}"),
		"base/schema.json":          widgetSchema,
	})
	folders := []string{"plain", "custom", "broken"}
	want := map[string]string{}
	for _, folder := range folders {
		if got, err := NewBuilder([]byte("key")).Build(t.Context(), tree, folder, Settings{}); err == nil {
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
			got, err := b.Build(t.Context(), tree, folder, Settings{})
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
