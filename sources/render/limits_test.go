package render

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// bomb is a document whose aliases stand for 10^9 values.
func bomb() string {
	var b strings.Builder
	b.WriteString("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 9; i++ {
		fmt.Fprintf(&b, "  a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	return b.String()
}

// indented is text as the content of a block scalar.
func indented(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") }

func TestLimits(t *testing.T) {
	nested := func(depth int) string {
		return configMap("a") + "data: " + strings.Repeat("{a: ", depth) + strings.Repeat("}", depth)
	}
	// Each level is within the limits; together they are not.
	var ladder strings.Builder
	ladder.WriteString(configMap("a") + "data:\n  a0: &a0 x\n")
	for i := 1; i < 9; i++ {
		fmt.Fprintf(&ladder, "  a%d: &a%d %s*a%d%s\n", i, i, strings.Repeat("[", 100), i-1, strings.Repeat("]", 100))
	}
	var keys strings.Builder
	for i := range maxKeys + 1 {
		fmt.Fprintf(&keys, "  k%d: v\n", i)
	}
	for name, test := range map[string]struct {
		files map[string]string
		want  string // of the error
	}{
		"an alias bomb":              {map[string]string{"app/cm.yaml": bomb()}, "app/cm.yaml:9: holds more than 100000 values"},
		"in a second document":       {map[string]string{"app/cm.yaml": configMap("b") + "---\n" + bomb()}, "app/cm.yaml:14: holds more than 100000 values"},
		"in a list":                  {map[string]string{"app/cm.yaml": "kind: List\nitems:\n- &a [" + strings.Repeat("a,", 5_000) + "]\n" + strings.Repeat("- *a\n", 100)}, "app/cm.yaml:22: holds more than 100000 values"},
		"after what only YAML reads": {map[string]string{"app/cm.yaml": configMap("b") + "...\n[\n---\n" + bomb()}, "holds more than 100000 values"},
		"in what YAML reads as text": {map[string]string{"app/cm.yaml": "|\nx\n---#\n" + bomb()}, "holds more than 100000 values"},
		"in UTF-16":                  {map[string]string{"app/cm.yaml": "\xFE\xFF\x00" + strings.Join(strings.Split(bomb(), ""), "\x00")}, "app/cm.yaml:9: holds more than 100000 values"},
		"a kustomization":            {map[string]string{"app/kustomization.yaml": bomb()}, "app/kustomization.yaml:9: holds more than 100000 values"},
		"a base":                     {map[string]string{"app/kustomization.yaml": "resources: [../b]", "b/kustomization.yaml": bomb()}, "b/kustomization.yaml:9: "},
		"a patch": {map[string]string{"app/kustomization.yaml": "resources: [cm.yaml]\npatches: [{path: p.yaml}]", "app/p.yaml": bomb()},
			"app/p.yaml:9: holds more than 100000 values"},
		"a patch in place": {map[string]string{"app/kustomization.yaml": "resources: [cm.yaml]\npatches:\n- patch: |\n" + indented(bomb())},
			"app/kustomization.yaml:3: holds more than 100000 values"},
		"a patch in a plugin's file": {map[string]string{"app/kustomization.yaml": "resources: [cm.yaml]\ntransformers: [t.yaml]",
			"app/t.yaml": "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\npatch: |\n" + indented(bomb())},
			"app/t.yaml:4: holds more than 100000 values"},
		"a plugin's file that is data, too": {map[string]string{"app/kustomization.yaml": "configMapGenerator: [{name: a, files: [t.yaml]}]\ntransformers: [t.yaml]",
			"app/t.yaml": bomb()}, "app/t.yaml:9: holds more than 100000 values"},
		"data that is a resource, too": {map[string]string{"app/kustomization.yaml": "resources: [cm.yaml]\nconfigMapGenerator: [{name: b, files: [cm.yaml]}]",
			"app/cm.yaml": bomb()}, "app/cm.yaml:9: holds more than 100000 values"},
		"an alias of itself": {map[string]string{"app/cm.yaml": configMap("a") + "data: &a\n  b: *a\n"}, "app/cm.yaml:6: holds an alias of itself"},
		"deep mappings":      {map[string]string{"app/cm.yaml": nested(5_000)}, "app/cm.yaml:5: is nested more than 200 levels deep"},
		"deep by aliases":    {map[string]string{"app/cm.yaml": ladder.String()}, "is nested more than 200 levels deep"},
		"deep by margins":    {map[string]string{"app/cm.yaml": strings.Repeat("- ", 300) + "a"}, "app/cm.yaml:1: is nested more than 200 levels deep"},
		"many keys":          {map[string]string{"app/cm.yaml": configMap("a") + "data:\n" + keys.String()}, "app/cm.yaml:6: holds more than 20000 keys"},
		"many values":        {map[string]string{"app/cm.yaml": configMap("a") + "data: [" + strings.Repeat("a,", maxValues) + "]"}, "app/cm.yaml:5: holds more than 100000 values"},
	} {
		t.Run(name, func(t *testing.T) {
			tree := files(map[string]string{"app/kustomization.yaml": "resources: [cm.yaml]", "app/cm.yaml": configMap("a")}).with(test.files)
			_, err := NewBuilder(nil).Build(t.Context(), tree, "app", Settings{})
			require.Equal(t, ReasonLimit, refusal(t, err).Reason, "%v", err)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestDataIsNotMeasured(t *testing.T) {
	numbers := strings.Repeat("1,", 2*maxValues)
	got, err := NewBuilder(nil).Build(t.Context(), files(map[string]string{
		"app/kustomization.yaml": "configMapGenerator: [{name: a, files: [a.json, kustomization.yaml]}]",
		"app/a.json":             "[" + numbers + "1]",
	}), "app", Settings{})
	require.NoError(t, err)
	require.Contains(t, string(got.YAML()), numbers)
}

func TestWhatOneBuildReads(t *testing.T) {
	for name, test := range map[string]struct {
		before spent
		want   string
	}{
		"kustomizations": {spent{kustomizations: maxKustomizations}, "app/kustomization.yaml: with it, the build reads more than 5000 kustomizations"},
		"files":          {spent{files: maxFiles - 1}, "app/cm.yaml: with it, the build reads more than 50000 files"},
		"bytes":          {spent{bytes: maxBytes}, "more than 134217728 bytes"},
		"values":         {spent{values: maxBuildValues}, "more than 4000000 values"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFilesystem(t.Context(), files(map[string]string{"app/kustomization.yaml": "resources: [cm.yaml]", "app/cm.yaml": configMap("a")}), &Settings{})
			require.NoError(t, f.enter("app"))
			f.spent = test.before
			_, err := f.kustomize()
			require.Equal(t, ReasonLimit, refusal(t, err).Reason)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// What is small at a glance is within the limits when it is measured.
func FuzzGlance(f *testing.F) {
	for _, seed := range []string{bomb(), "- ? - : a", "? a\n: - b\n", "[a: b, {c, d}]", "a: !!set {b}\n", "a\rb: - c", "- - - -\n - -", "%YAML 1.1\n---\na: &b c", "\"\\x26a\"", ">\n -\n -\n", "a: b\u0085c: d"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		marks, small := glance(data)
		if !small {
			return
		}
		m := ruler{}
		m.documents(data)
		require.Nil(t, m.refusal)
		require.Empty(t, m.anchored)
		require.LessOrEqual(t, m.values, 3*marks+2*strings.Count(string(data), "\n---")+4)
	})
}
