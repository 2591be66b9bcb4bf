package render

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRefusals(t *testing.T) {
	const remote = "http://127.0.0.1:1/never-asked.yaml"
	builtin := func(kind, rest string) string {
		return "apiVersion: builtin\nkind: " + kind + "\nmetadata:\n  name: p\n" + rest
	}
	for name, test := range map[string]struct {
		kustomization string
		files         map[string]string
		reason        Reason
		at, field     string
	}{
		"a resource over HTTP":        {"resources:\n- cm.yaml\n- " + remote, nil, ReasonRemote, "app/kustomization.yaml:3", "resources[1]"},
		"upper case":                  {"resources: ['HTTPS://example.com/x.yaml']", nil, ReasonRemote, "app/kustomization.yaml:1", "resources[0]"},
		"a repository":                {"resources: ['https://example.com/org/repo//path?ref=v1']", nil, ReasonRemote, "app/kustomization.yaml:1", "resources[0]"},
		"a repository on GitHub":      {"resources: [github.com/org/repo/path]", nil, ReasonRemote, "app/kustomization.yaml:1", "resources[0]"},
		"a repository by SSH":         {"resources: ['git@example.com:org/repo.git']", nil, ReasonRemote, "app/kustomization.yaml:1", "resources[0]"},
		"a repository with git::":     {"resources: ['git::https://example.com/org/repo']", nil, ReasonRemote, "app/kustomization.yaml:1", "resources[0]"},
		"a repository on this disk":   {"resources: ['file:///etc/repo.git']", nil, ReasonRemote, "app/kustomization.yaml:1", "resources[0]"},
		"a base":                      {"bases: ['ssh://git@example.com/org/repo']", nil, ReasonRemote, "app/kustomization.yaml:1", "bases[0]"},
		"a component":                 {"components: ['https://example.com/org/repo']", nil, ReasonRemote, "app/kustomization.yaml:1", "components[0]"},
		"a CRD":                       {"crds: ['" + remote + "']", nil, ReasonRemote, "app/kustomization.yaml:1", "crds[0]"},
		"a configuration":             {"configurations: ['" + remote + "']", nil, ReasonRemote, "app/kustomization.yaml:1", "configurations[0]"},
		"a schema":                    {"openapi: {path: '" + remote + "'}", nil, ReasonRemote, "app/kustomization.yaml:1", "openapi.path"},
		"a patch":                     {"patches:\n- path: '" + remote + "'", nil, ReasonRemote, "app/kustomization.yaml:2", "patches[0].path"},
		"a JSON patch":                {"patchesJson6902:\n- path: '" + remote + "'", nil, ReasonRemote, "app/kustomization.yaml:2", "patchesJson6902[0].path"},
		"a merge patch":               {"patchesStrategicMerge: ['" + remote + "']", nil, ReasonRemote, "app/kustomization.yaml:1", "patchesStrategicMerge[0]"},
		"replacements":                {"replacements:\n- path: '" + remote + "'", nil, ReasonRemote, "app/kustomization.yaml:2", "replacements[0].path"},
		"a generator's file":          {"configMapGenerator:\n- name: a\n  files: ['k=" + remote + "']", nil, ReasonRemote, "app/kustomization.yaml:3", "configMapGenerator[0].files[0]"},
		"a generator's variables":     {"secretGenerator:\n- name: a\n  envs: ['" + remote + "']", nil, ReasonRemote, "app/kustomization.yaml:3", "secretGenerator[0].envs[0]"},
		"a generator's old variables": {"secretGenerator:\n- name: a\n  env: '" + remote + "'", nil, ReasonRemote, "app/kustomization.yaml:3", "secretGenerator[0].env"},
		"keys in another case":        {"Resources: ['" + remote + "']", nil, ReasonRemote, "app/kustomization.yaml:1", "resources[0]"},
		"in a base's base": {"resources: [../one]", map[string]string{
			"one/kustomization.yaml": "resources: [../two]", "two/Kustomization": "resources:\n- " + remote,
		}, ReasonRemote, "two/Kustomization:2", "resources[0]"},
		"in a component's resources": {"components: [../c]", map[string]string{
			"c/kustomization.yaml": "kind: Component\nresources:\n- " + remote,
		}, ReasonRemote, "c/kustomization.yaml:3", "resources[0]"},

		"charts":           {"helmCharts:\n- name: x\n  repo: https://example.com", nil, ReasonChart, "app/kustomization.yaml:1", "helmCharts"},
		"charts, old form": {"helmChartInflationGenerator:\n- chartName: x", nil, ReasonChart, "app/kustomization.yaml:1", "helmChartInflationGenerator"},
		"a chart's generator": {"generators: [chart.yaml]", map[string]string{
			"app/chart.yaml": builtin("HelmChartInflationGenerator", "repo: https://example.com\n"),
		}, ReasonChart, "app/chart.yaml:2", ""},
		"a program": {"transformers: [exec.yaml]", map[string]string{
			"app/exec.yaml": "apiVersion: example.dev/v1\nkind: Run\nmetadata:\n  name: r\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: ./run.sh}\n",
		}, ReasonPlugin, "app/exec.yaml:2", ""},
		"a container in place": {"validators:\n- |\n  apiVersion: example.dev/v1\n  kind: Run\n  metadata: {name: r}", nil, ReasonPlugin, "app/kustomization.yaml:1", "validators[0]"},
		"a program in a list": {"generators: [list.yaml]", map[string]string{
			"app/list.yaml": "apiVersion: v1\nkind: List\nitems:\n- apiVersion: example.dev/v1\n  kind: Run\n  metadata: {name: r}\n",
		}, ReasonPlugin, "app/list.yaml:5", ""},
		"a program in a folder": {"transformers: [../plugins]", map[string]string{
			"plugins/kustomization.yaml": "resources: [exec.yaml]",
			"plugins/exec.yaml":          "apiVersion: example.dev/v1\nkind: Run\nmetadata: {name: r}\n",
		}, ReasonPlugin, "plugins/exec.yaml:2", ""},
		"a folder of plugins that is transformed": {"transformers: [../plugins]", map[string]string{
			"plugins/kustomization.yaml": "resources: [p.yaml]\npatches: [{path: patch.yaml}]",
		}, ReasonPlugin, "plugins/kustomization.yaml", ""},
		"a remote folder of plugins": {"generators: ['https://example.com/org/repo']", nil, ReasonRemote, "app/kustomization.yaml:1", "generators[0]"},
		"a plugin's remote patch": {"transformers: [p.yaml]", map[string]string{
			"app/p.yaml": builtin("PatchTransformer", "path: "+remote+"\n"),
		}, ReasonRemote, "app/p.yaml:5", ""},
		"a plugin's remote replacements": {"transformers: [p.yaml]", map[string]string{
			"app/p.yaml": builtin("ReplacementTransformer", "replacements:\n- PATH: "+remote+"\n"),
		}, ReasonRemote, "app/p.yaml:6", ""},
		"a plugin's remote file": {"generators: [p.yaml]", map[string]string{
			"app/p.yaml": "1: x\n" + builtin("SecretGenerator", "files: [a="+remote+"]\n"),
		}, ReasonRemote, "app/p.yaml:6", ""},

		"nothing there":          {"", nil, ReasonMissing, "", ""},
		"a path out of the tree": {"resources: [../../../../etc/passwd]", nil, ReasonInvalid, "app/kustomization.yaml", ""},
		"an absolute path":       {"configMapGenerator:\n- name: a\n  files: [/etc/hostname]", nil, ReasonInvalid, "app/kustomization.yaml", ""},
		"an unknown field":       {"ressources: [cm.yaml]", nil, ReasonInvalid, "app/kustomization.yaml", ""},
		"a cycle":                {"resources: [../app]", nil, ReasonInvalid, "app/kustomization.yaml", ""},
		"two kustomizations":     {"resources: [cm.yaml]", map[string]string{"app/Kustomization": "resources: [cm.yaml]"}, ReasonInvalid, "app/Kustomization", ""},
	} {
		t.Run(name, func(t *testing.T) {
			content := map[string]string{"app/cm.yaml": configMap("a")}
			if test.kustomization != "" {
				content["app/kustomization.yaml"] = test.kustomization
			}
			for name, text := range test.files {
				content[name] = text
			}
			builder := NewBuilder(nil)
			_, err := builder.Build(t.Context(), files(content), "app", Settings{})
			refused := refusal(t, err)
			require.Equal(t, test.reason, refused.Reason, "%v", err)
			require.Contains(t, err.Error(), "build app: "+test.at)
			require.Equal(t, test.field, refused.Field)
			require.NotContains(t, err.Error(), mount)
			require.NotEmpty(t, refused.Detail)
			require.Equal(t, "app", refused.Path)

			_, again := builder.Build(t.Context(), files(content), "app", Settings{})
			require.Same(t, refused, again, "a refusal is remembered too")
		})
	}
}

func TestBuiltinPluginsRun(t *testing.T) {
	got, err := NewBuilder(nil).Build(t.Context(), files(map[string]string{
		"app/kustomization.yaml":     "resources: [cm.yaml]\ntransformers:\n- ../plugins\n- |\n  apiVersion: builtin\n  kind: SuffixTransformer\n  metadata: {name: s}\n  suffix: -b\n  fieldSpecs: [{path: metadata/name}]",
		"app/cm.yaml":                configMap("a"),
		"plugins/kustomization.yaml": "resources: [prefix.yaml]",
		"plugins/prefix.yaml":        "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: x-\nfieldSpecs: [{path: metadata/name}]\n",
	}), "app", Settings{})
	require.NoError(t, err)
	require.Equal(t, "x-a-b", got.Objects[0].Name)
}

func TestPathsOutOfTheTree(t *testing.T) {
	for _, folder := range []string{"..", "../app", "app/../../x"} {
		_, err := NewBuilder(nil).Build(t.Context(), files(nil), folder, Settings{})
		require.Equal(t, ReasonMissing, refusal(t, err).Reason)
	}
}

// Each component names the one below twice, so level n is read 2^n times.
func TestTooManyKustomizations(t *testing.T) {
	content := map[string]string{
		"app/kustomization.yaml": "components: [../c19]",
		"c0/kustomization.yaml":  "kind: Component\nnamePrefix: a",
	}
	for level := 1; level < 20; level++ {
		below := fmt.Sprintf("../c%d", level-1)
		content[fmt.Sprintf("c%d/kustomization.yaml", level)] = "kind: Component\ncomponents: [" + below + ", " + below + "]"
	}
	_, err := NewBuilder(nil).Build(t.Context(), files(content), "app", Settings{})
	require.ErrorContains(t, err, "more than 5000 kustomizations")
}

func TestErrorsNameTheBaseTheyLieIn(t *testing.T) {
	_, err := NewBuilder(nil).Build(t.Context(), files(map[string]string{
		"app/kustomization.yaml": "resources: [../a]",
		"a/kustomization.yaml":   "components: [../b]",
		"b/kustomization.yaml":   "kind: Component\ncomponents: [../c]",
		"c/kustomization.yaml":   "kind: Component\nresources: [gone.yaml]",
	}), "app", Settings{})
	require.ErrorContains(t, err, "build app: c/kustomization.yaml: accumulating resources: accumulation err='accumulating resources from 'gone.yaml': ")
	require.NotContains(t, err.Error(), `\`)
}

func TestCancelledBuildsAreNotRemembered(t *testing.T) {
	builder, tree := NewBuilder(nil), open(t, "testdata/shop")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := builder.Build(ctx, tree, "base", Settings{})
	require.ErrorIs(t, err, context.Canceled)
	_, err = builder.Build(t.Context(), tree, "base", Settings{})
	require.NoError(t, err)
}
