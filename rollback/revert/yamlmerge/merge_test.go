package yamlmerge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/revert/yamlmerge"
)

func TestMerge(t *testing.T) {
	for name, c := range map[string]struct{ base, ours, theirs, want string }{
		"neighbouring keys": {
			base:   "a: 1 # one\nb: 2\n",
			ours:   "a: 1 # one\nb: 3\n",
			theirs: "a: 0\nb: 2\n",
			want:   "a: 0\nb: 3\n",
		},
		"a list item added on each side": {
			base:   "resources:\n  - a.yaml\n",
			ours:   "resources:\n  - a.yaml\n  - ours.yaml # keep\n",
			theirs: "resources:\n  - a.yaml\n  - theirs.yaml\n",
			want:   "resources:\n  - a.yaml\n  - theirs.yaml\n  - ours.yaml # keep\n",
		},
		"named items, differently indented": {
			base:   "images:\n- name: x\n  tag: 1\n- name: y\n  tag: 1\n",
			ours:   "images:\n  - name: x\n    tag: 2\n  - name: y\n    tag: 1\n",
			theirs: "images:\n- name: x\n  tag: 1\n- name: y\n  tag: 0\n",
			want:   "images:\n  - name: x\n    tag: 2\n  - name: y\n    tag: 0\n",
		},
		"documents by name": {
			base:   "kind: A\nmetadata:\n  name: a\nx: 1\n---\nkind: A\nmetadata:\n  name: b\nx: 1\n",
			ours:   "kind: A\nmetadata:\n  name: a\nx: 1\n---\nkind: A\nmetadata:\n  name: c\n---\nkind: A\nmetadata:\n  name: b\nx: 1\n",
			theirs: "kind: A\nmetadata:\n  name: a\nx: 1\n---\nkind: A\nmetadata:\n  name: b\nx: 0\n",
			want:   "kind: A\nmetadata:\n  name: a\nx: 1\n---\nkind: A\nmetadata:\n  name: c\n---\nkind: A\nmetadata:\n  name: b\nx: 0\n",
		},
		"the same value twice":        {base: "a: 1\n", ours: "a: 2\n", theirs: "a: 0\n"},
		"changed here, removed there": {base: "a: 1\nb: 1\n", ours: "a: 2\nb: 1\n", theirs: "b: 1\n"},
		"an unnamed item became two":  {base: "l:\n- x\n", ours: "l:\n- y\n", theirs: "l:\n- z\n"},
		"not YAML":                    {base: "a: 1\n", ours: "a: [\n", theirs: "a: 0\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := yamlmerge.Merge("file.yaml", []byte(c.base), []byte(c.ours), []byte(c.theirs))
			require.Equal(t, c.want != "", ok, "merged to %q", got)
			require.Equal(t, c.want, string(got))
		})
	}
}

func TestMergeIsForYAMLOnly(t *testing.T) {
	_, ok := yamlmerge.Merge("file.json", []byte("a: 1\n"), []byte("a: 1\nb: 2\n"), []byte("a: 0\n"))
	require.False(t, ok)
}

func FuzzMerge(f *testing.F) {
	f.Add("a: 1\nb: 2\n", "a: 1\nb: 3\n", "a: 0\nb: 2\n")
	f.Add("- a\n- b\n", "- a\n", "# c\n- a\n- b: |\n    # x\n")
	f.Add("a: 1\n---\nb: 2\n", "---\na: 1\n", "")
	f.Fuzz(func(t *testing.T, base, ours, theirs string) {
		if merged, ok := yamlmerge.Merge("f.yaml", []byte(base), []byte(ours), []byte(theirs)); ok {
			_, again := yamlmerge.Merge("f.yaml", merged, merged, merged)
			require.True(t, again || len(merged) == 0, "%q does not parse", merged)
		}
	})
}
