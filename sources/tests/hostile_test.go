package tests_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
)

// bomb is a document whose aliases stand for 10^9 scalars.
func bomb() string {
	var b strings.Builder
	b.WriteString("apiVersion: assay.dev/v1alpha1\nkind: Suite\nmetadata: {name: smoke}\nspec:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 9; i++ {
		fmt.Fprintf(&b, "  a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	return b.String()
}

func TestHostileYAML(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"an alias bomb":               {"base/suite.yaml": bomb()},
		"an alias of itself":          {"base/suite.yaml": "apiVersion: assay.dev/v1alpha1\nkind: Suite\nmetadata: {name: smoke}\nspec: &a\n  env: *a\n"},
		"deep nesting":                {"base/suite.yaml": suite("smoke", "env: "+strings.Repeat("[", 100_000))},
		"deep nesting that is closed": {"base/suite.yaml": suite("smoke", "env: "+strings.Repeat("[", 9_000)+strings.Repeat("]", 9_000))},
		"deep mappings":               {"base/suite.yaml": suite("smoke", "env: "+strings.Repeat("{a: ", 5_000)+strings.Repeat("}", 5_000))},
		"a huge list":                 {"base/suite.yaml": suite("smoke", "wrong: ["+strings.Repeat("a,", 200_000)+"]")},
		"a bomb as kustomization":     {"o/kustomization.yaml": bomb()},
		"a bomb as patch":             {"o/kustomization.yaml": kustomization("[../base]", "patches: [{path: p.yaml}]"), "o/p.yaml": bomb()},
		"a bomb as patch inside":      {"o/kustomization.yaml": kustomization("[../base]", "patches:", "  - patch: |", "      "+strings.ReplaceAll(bomb(), "\n", "\n      "))},
		"a bomb before broken YAML":   {"base/suite.yaml": bomb() + "---\n[\n"},
		"a base in a circle":          {"base/kustomization.yaml": kustomization("[suite.yaml, ../o]")},
		"not text":                    {"base/suite.yaml": "\x00\x01\xff"},
		"a link out of the tree":      {"base/suite.yaml@": "../../etc/passwd"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, sound.with(files), "o")
			var problems tests.Problems
			require.ErrorAs(t, err, &problems)
			require.Less(t, len(err.Error()), 100_000)
		})
	}
}

func FuzzLoad(f *testing.F) {
	for _, tt := range wrong {
		for _, content := range tt.files {
			f.Add(content)
		}
	}
	f.Add(suite("smoke"))
	f.Add(gate("shop", "[{name: smoke}]"))
	builder := render.NewBuilder(nil)
	f.Fuzz(func(t *testing.T, content string) {
		tree := treeOf(map[string]string{"kustomization.yaml": kustomization("[d.yaml]"), "d.yaml": content + "\n"})
		set, err := tests.Load(t.Context(), builder, tree, ".", tests.Options{})
		if err == nil {
			require.NotNil(t, set)
			return
		}
		var problems tests.Problems
		require.True(t, errors.As(err, &problems), "%v", err)
		for _, p := range problems {
			require.NotEmpty(t, p.Message)
			require.NotEmpty(t, p.Remedy)
			require.NotEmpty(t, p.File)
		}
	})
}
