package resource

import (
	"maps"
	"reflect"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

func secretEnv() []tests.EnvVar {
	return []tests.EnvVar{{Name: "TOKEN", ValueFrom: &tests.EnvVarSource{SecretKeyRef: tests.SecretKeyRef{Name: "api", Key: "token"}}}}
}

func TestVariables(t *testing.T) {
	for name, test := range map[string]struct {
		file string
		want string // YAML of spec; empty: refused
		why  string
	}{
		"a number where none is quoted": {file: "spec:\n  plain: ${COUNT}\n  quoted: \"${COUNT}\"\n  truth: ${YES}\n  part: a-${COUNT}\n", want: "{plain: 3, quoted: '3', truth: true, part: a-3}"},
		"a value with YAML in it":       {file: "spec:\n  a: ${EVIL}\n  b: \"${EVIL}\"\n", want: "{a: \"x\\ny: {z: 1}\", b: \"x\\ny: {z: 1}\"}"},
		"a default":                     {file: "spec: {a: '${ABSENT:=here}'}", want: "{a: here}"},
		"a script's own":                {file: "spec: {a: '$${NOT} $HOME $(params.x) {{inputs.y}}'}", want: "{a: '${NOT} $HOME $(params.x) {{inputs.y}}'}"},
		"the suite's, the matrix' and the run's": {
			file: "spec: {a: '${MINE} ${BROWSER} ${ASSAY_SHARD}/${ASSAY_SHARDS} ${ASSAY_ENVIRONMENT}'}", want: "{a: mine firefox 1/2 staging}",
		},
		"a text of several lines":    {file: "spec:\n  a: |\n    ${MINE}\n    two\n", want: "{a: \"mine\\ntwo\\n\"}"},
		"a date":                     {file: "spec: {a: 2026-01-02}", want: "{a: '2026-01-02'}"},
		"no value":                   {file: "spec: {a: '${ABSENT}'}", why: "line 3"},
		"a syntax that is none":      {file: "spec: {a: '${'}", why: "line 3"},
		"a namespace of its own":     {file: "metadata: {namespace: kube-system}", why: "not the Suite's to choose"},
		"an anchor and what it says": {file: "spec: {a: &x '${MINE}', b: *x}", want: "{a: mine, b: mine}"},
	} {
		t.Run(name, func(t *testing.T) {
			job := probe("run-1")
			job.Suite.Spec.Env = []tests.EnvVar{{Name: "COUNT", Value: "3"}, {Name: "YES", Value: "true"}, {Name: "EVIL", Value: "x\ny: {z: 1}"}, {Name: "MINE", Value: "mine"}}
			job.Matrix, job.Shard, job.Shards = map[string]string{"BROWSER": "firefox"}, 1, 2
			job.Env["ASSAY_ENVIRONMENT"] = "staging"
			job.Files = fstest.MapFS{"suites/probe/probe.yaml": {Data: []byte("apiVersion: example.com/v1\nkind: Probe\n" + test.file)}}
			object, err := newCluster(t).runner(t).objectOf(job)
			if test.want == "" {
				require.ErrorContains(t, err, test.why)
				return
			}
			require.NoError(t, err)
			got := parsed(t, asYAML(t, object.Object["spec"]))
			require.Equal(t, parsed(t, test.want), got)
		})
	}
}

func TestATemplatesTextsStayTexts(t *testing.T) {
	job := probe("run-1")
	job.Suite.Spec.Resource.File = ""
	job.Suite.Spec.Resource.Template = parsed(t, "{apiVersion: example.com/v1, kind: Probe, metadata: {name: theirs, labels: {a: b}}, spec: {count: 3, list: ['${ASSAY_REVISION}', null, 1.5]}}")
	object, err := newCluster(t).runner(t).objectOf(job)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"count": int64(3), "list": []any{"12345678", nil, 1.5}}, object.Object["spec"])
	require.NotEqual(t, "theirs", object.GetName())
	require.Equal(t, "b", object.GetLabels()["a"])
	require.Equal(t, []any{"${ASSAY_REVISION}", nil, 1.5}, job.Suite.Spec.Resource.Template["spec"].(map[string]any)["list"], "the Suite is shared")
}

// A value never changes more of the resource than the text that it stands in.
func TestAValueStaysInItsPlace(t *testing.T) {
	hostile := rapid.SampledFrom([]string{"", "3", "true", "x: y", "a\nb: c", "- a", "&a", "*a", "!!binary x", "${OTHER}", "\"", "'", "#", "null", "{a: b}", "\x00", "\xff", "? a"})
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(hostile, rapid.String(), rapid.Custom(func(t *rapid.T) string { return hostile.Draw(t, "one") + hostile.Draw(t, "two") })).Draw(t, "value")
		job := probe("run-1")
		job.Suite.Spec.Env = []tests.EnvVar{{Name: "VALUE", Value: value}}
		job.Files = fstest.MapFS{"suites/probe/probe.yaml": {Data: []byte(
			"apiVersion: example.com/v1\nkind: Probe\nspec:\n  plain: ${VALUE}\n  part: a-${VALUE}\n  quoted: \"${VALUE}\"\n  last: 1\n")}}
		content, err := written(job)
		if err != nil {
			require.ErrorAs(t, err, new(*runner.Refusal))
			return
		}
		spec, ok := content["spec"].(map[string]any)
		require.True(t, ok)
		require.Equal(t, []string{"last", "part", "plain", "quoted"}, slices.Sorted(maps.Keys(spec)))
		require.Equal(t, int64(1), spec["last"])
		require.IsType(t, "", spec["part"])
		require.IsType(t, "", spec["quoted"])
		require.NotContains(t, []reflect.Kind{reflect.Map, reflect.Slice}, reflect.ValueOf(spec["plain"]).Kind())
	})
}
