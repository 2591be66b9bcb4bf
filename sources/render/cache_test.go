package render

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnchangedClosuresAreNotBuiltAgain(t *testing.T) {
	base := files(map[string]string{
		"app/kustomization.yaml":       "resources: [../base, ../linked]\ncomponents: [../extra]",
		"base/kustomization.yaml":      "resources: [a.yaml]",
		"base/a.yaml":                  configMap("a"),
		"extra/Kustomization":          "kind: Component\nconfigMapGenerator: [{name: c, files: [text]}]",
		"extra/text":                   "text",
		"linked":                       "-> real/one",
		"real/one/kustomization.yaml":  "resources: [../object.yaml]",
		"real/object.yaml":             configMap("one"),
		"other/two/kustomization.yaml": "resources: [../object.yaml]",
		"other/object.yaml":            configMap("two"),
		"unrelated.yaml":               "x",
	})
	for name, test := range map[string]struct {
		change map[string]string
		again  bool
	}{
		"nothing":                          {nil, false},
		"another file":                     {map[string]string{"unrelated.yaml": "y", "base/new.yaml": "z"}, false},
		"a resource":                       {map[string]string{"base/a.yaml": configMap("b")}, true},
		"a generator's file":               {map[string]string{"extra/text": "new"}, true},
		"a second kustomization file":      {map[string]string{"base/kustomization.yml": "resources: []"}, true},
		"a file gone":                      {map[string]string{"base/a.yaml": ""}, true},
		"a file that became a folder":      {map[string]string{"base/a.yaml": "", "base/a.yaml/kustomization.yaml": "resources: []"}, true},
		"a link to a folder that is alike": {map[string]string{"linked": "-> other/two"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			builder := NewBuilder(nil)
			before, err := builder.Build(t.Context(), base, "app", Settings{})
			require.NoError(t, err)
			require.Len(t, before.Objects, 3)

			changed := base.with(test.change)
			after, _ := builder.Build(t.Context(), changed, "app", Settings{})
			if !test.again {
				require.Same(t, before, after)
				require.Zero(t, changed.reads, "nothing is read to find out")
				return
			}
			require.NotSame(t, before, after)
			again, err := builder.Build(t.Context(), base, "app", Settings{})
			require.NoError(t, err)
			require.Same(t, before, again, "the state before is still remembered")
		})
	}
}

func TestGeneratedKustomizationsSeeNewFiles(t *testing.T) {
	builder, tree := NewBuilder(nil), files(map[string]string{"app/a.yaml": configMap("a")})
	flux := Settings{Engine: Flux}
	before, err := builder.Build(t.Context(), tree, "app", flux)
	require.NoError(t, err)
	again, err := builder.Build(t.Context(), tree.with(map[string]string{"b.yaml": "x"}), "app", flux)
	require.NoError(t, err)
	require.Same(t, before, again)
	after, err := builder.Build(t.Context(), tree.with(map[string]string{"app/b.yaml": configMap("b")}), "app", flux)
	require.NoError(t, err)
	require.Len(t, after.Objects, 2)
}

func TestSettingsAreBuiltApart(t *testing.T) {
	builder, tree := NewBuilder(nil), open(t, "testdata/shop")
	plain, err := builder.Build(t.Context(), tree, "base", Settings{})
	require.NoError(t, err)
	named, err := builder.Build(t.Context(), tree, "base", Settings{NamePrefix: "x-"})
	require.NoError(t, err)
	require.NotEqual(t, plain.Digest, named.Digest)
}

func TestCacheIsBounded(t *testing.T) {
	tree := files(nil)
	c := newCache(10_000)
	outcomes := make([]*outcome, 100)
	for i := range outcomes {
		outcomes[i] = &outcome{rendering: &Rendering{Objects: make([]Object, 10)}, seen: newClosure()}
		c.add(cacheKey{dir: string(rune('a' + i))}, outcomes[i])
		_, err := c.find(cacheKey{dir: "a"}, tree) // keeps the first in use
		require.NoError(t, err)
	}
	require.LessOrEqual(t, c.size, c.limit)
	require.Equal(t, c.used.Len(), len(c.byKey))
	for i, want := range map[int]*outcome{0: outcomes[0], 1: nil, 99: outcomes[99]} {
		got, err := c.find(cacheKey{dir: string(rune('a' + i))}, tree)
		require.NoError(t, err)
		require.Same(t, want, got)
	}
}

// A configuration tells Kustomize that a kind it does not know refers to another by name.
func TestConfigurations(t *testing.T) {
	tree := files(map[string]string{
		"app/kustomization.yaml":  "namePrefix: dev-\nresources: [../base]",
		"base/kustomization.yaml": "resources: [all.yaml]",
		"base/all.yaml": "apiVersion: assay.dev/v1alpha1\nkind: Suite\nmetadata: {name: smoke}\n---\n" +
			"apiVersion: assay.dev/v1alpha1\nkind: Gate\nmetadata: {name: g}\nspec: {suites: [{name: smoke}]}\n",
	})
	got, err := NewBuilder(nil).Build(t.Context(), tree, "app", Settings{Configurations: []string{
		"nameReference:\n- kind: Suite\n  group: assay.dev\n  fieldSpecs:\n  - {kind: Gate, group: assay.dev, path: spec/suites/name}\n",
	}, Origins: true})
	require.NoError(t, err)
	var gate struct {
		Spec struct{ Suites []struct{ Name string } }
	}
	require.NoError(t, got.Objects[0].Decode(&gate))
	require.Equal(t, "dev-smoke", gate.Spec.Suites[0].Name)
	require.Equal(t, "base/all.yaml", got.Objects[0].Origin)
	require.NotContains(t, string(got.YAML()), "annotations")
}

func TestErrorsKeepTheirLinesUnderConfigurations(t *testing.T) {
	tree := files(map[string]string{"app/kustomization.yaml": "resources:\n- a.yaml\n- [\n"})
	_, plain := NewBuilder(nil).Build(t.Context(), tree, "app", Settings{})
	_, extended := NewBuilder(nil).Build(t.Context(), tree, "app", Settings{Origins: true, Configurations: []string{"{}"}})
	require.ErrorContains(t, plain, "line 3")
	require.EqualError(t, extended, plain.Error())
}
