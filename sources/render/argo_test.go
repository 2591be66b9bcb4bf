package render

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"
)

// app is what an Application with a source says.
func app(source ApplicationSource) Settings {
	return Settings{Engine: ArgoCD, Application: &Application{Name: "shop", Namespace: "shop-prod", Source: source}}
}

func withKustomize(o ApplicationKustomize) Settings { return app(ApplicationSource{Kustomize: &o}) }

const web = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "web:1"}, {name: side, image: "registry.example:5000/side:1"}]}
`

var kustomized = map[string]string{
	"app/kustomization.yaml": `resources: [web.yaml]
commonLabels: {tier: front}
labels: [{pairs: {team: a}}]
commonAnnotations: {owner: a}
images: [{name: web, newName: mirror/web, newTag: "2"}]
replicas: [{name: web, count: 2}]
`,
	"app/web.yaml":                     web,
	"app/extra/kustomization.yaml":     "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: {extra: \"yes\"}\n",
	"app/sub/kustomization.yaml":       "resources: [web.yaml]\n",
	"app/sub/web.yaml":                 web,
	"app/sub/.argocd-source.yaml":      "kustomize:\n  images: [web:3]\n  nameSuffix: -all\n",
	"app/sub/.argocd-source-shop.yaml": "kustomize:\n  images: [web:4]\n",
}

// The steps are the commands that Argo CD runs before `kustomize build` for the same options (util/kustomize/kustomize.go, v3.2).
func TestArgoBuildsAsTheCommandDoes(t *testing.T) {
	kustomize := command(t)
	for name, test := range map[string]struct {
		options ApplicationKustomize
		steps   [][]string
	}{
		"nothing":      {},
		"names":        {ApplicationKustomize{NamePrefix: "a-", NameSuffix: "-z"}, [][]string{{"set", "nameprefix", "--", "a-"}, {"set", "namesuffix", "--", "-z"}}},
		"namespace":    {ApplicationKustomize{Namespace: "here"}, [][]string{{"set", "namespace", "--", "here"}}},
		"a tag":        {ApplicationKustomize{Images: []string{"web:7"}}, [][]string{{"set", "image", "web:7"}}},
		"another name": {ApplicationKustomize{Images: []string{"web=other/web"}}, [][]string{{"set", "image", "web=other/web"}}},
		"a digest": {
			ApplicationKustomize{Images: []string{"web@sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3"}},
			[][]string{{"set", "image", "web@sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3"}},
		},
		"a port, and asterisks": {
			ApplicationKustomize{Images: []string{"registry.example:5000/side=there:6000/side:8", "web=*:9"}},
			[][]string{{"set", "image", "registry.example:5000/side=there:6000/side:8", "web=*:9"}},
		},
		"replicas": {ApplicationKustomize{Replicas: []ApplicationReplica{{"web", "5"}}}, [][]string{{"set", "replicas", "web=5"}}},
		"labels":   {ApplicationKustomize{CommonLabels: map[string]string{"new": "one"}}, [][]string{{"add", "label", "new:one"}}},
		"labels that replace": {
			ApplicationKustomize{CommonLabels: map[string]string{"tier": "back"}, ForceCommonLabels: true}, [][]string{{"add", "label", "--force", "tier:back"}},
		},
		"labels beside selectors": {
			ApplicationKustomize{CommonLabels: map[string]string{"new": "one", "team": "b"}, LabelWithoutSelector: true, ForceCommonLabels: true},
			[][]string{{"add", "label", "--force", "--without-selector", "new:one", "team:b"}},
		},
		"labels in templates": {
			ApplicationKustomize{CommonLabels: map[string]string{"new": "$ARGOCD_APP_NAME"}, LabelWithoutSelector: true, LabelIncludeTemplates: true},
			[][]string{{"add", "label", "--without-selector", "--include-templates", "new:shop"}},
		},
		"annotations": {ApplicationKustomize{CommonAnnotations: map[string]string{"new": "$$one"}}, [][]string{{"add", "annotation", "new:$$one"}}},
		"annotations with variables": {
			ApplicationKustomize{CommonAnnotations: map[string]string{"owner": "$$x ${ARGOCD_APP_NAMESPACE}"}, ForceCommonAnnotations: true, CommonAnnotationsEnvsubst: true},
			[][]string{{"add", "annotation", "--force", "owner:$x shop-prod"}},
		},
		"components": {ApplicationKustomize{Components: []string{"extra", "gone"}, IgnoreMissingComponents: true}, [][]string{{"add", "component", "extra"}}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range kustomized {
				require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700))
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
			}
			for _, step := range test.steps {
				edit := exec.CommandContext(t.Context(), kustomize, append([]string{"edit"}, step...)...)
				edit.Dir = filepath.Join(dir, "app")
				out, err := edit.CombinedOutput()
				require.NoError(t, err, string(out))
			}
			want, err := exec.CommandContext(t.Context(), kustomize, "build", filepath.Join(dir, "app")).Output()
			require.NoError(t, err)
			got, err := NewBuilder(nil).Build(t.Context(), files(kustomized), "app", withKustomize(test.options))
			require.NoError(t, err)
			require.Equal(t, string(want), string(got.YAML()))
		})
	}
}

func TestArgoPatches(t *testing.T) {
	got, err := NewBuilder(nil).Build(t.Context(), files(kustomized), "app", withKustomize(ApplicationKustomize{Patches: []types.Patch{{
		Target: &types.Selector{ResId: resid.ResId{Gvk: resid.Gvk{Kind: "Deployment"}}},
		Patch:  "- {op: replace, path: /spec/replicas, value: 9}",
	}}}))
	require.NoError(t, err)
	require.Contains(t, string(got.YAML()), "replicas: 2", "the kustomization's own count comes after patches")
	tree := files(kustomized).with(map[string]string{"app/kustomization.yaml": "resources: [web.yaml]\n"})
	got, err = NewBuilder(nil).Build(t.Context(), tree, "app", withKustomize(ApplicationKustomize{Patches: []types.Patch{{
		Target: &types.Selector{ResId: resid.ResId{Gvk: resid.Gvk{Kind: "Deployment"}}},
		Patch:  "- {op: replace, path: /spec/replicas, value: 9}",
	}}}))
	require.NoError(t, err)
	require.Contains(t, string(got.YAML()), "replicas: 9")
}

func TestParameterFilesAreMerged(t *testing.T) {
	b := NewBuilder(nil)
	settings := withKustomize(ApplicationKustomize{Images: []string{"web:2", "side:2"}, NamePrefix: "a-"})
	got, err := b.Build(t.Context(), files(kustomized), "app/sub", settings)
	require.NoError(t, err)
	require.Contains(t, string(got.YAML()), "name: a-web-all")
	require.Contains(t, string(got.YAML()), "image: web:4", "the Application's own file comes last, and lists are replaced")
	require.Contains(t, got.Files, "app/sub/.argocd-source-shop.yaml")

	next, err := b.Build(t.Context(), files(kustomized).with(map[string]string{"app/sub/.argocd-source-shop.yaml": "kustomize: {images: [web:5]}\n"}), "app/sub", settings)
	require.NoError(t, err)
	require.NotEqual(t, got.Digest, next.Digest)

	_, err = b.Build(t.Context(), files(kustomized).with(map[string]string{"app/sub/.argocd-source.yaml": "kustomize: ["}), "app/sub", settings)
	require.Equal(t, "app/sub/.argocd-source.yaml", refusal(t, err).File)
}

const configMaps = `apiVersion: v1
kind: ConfigMapList
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: one}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: two}}
`

func TestDirectories(t *testing.T) {
	tree := files(map[string]string{
		"app/a.yaml": configMap("a"), "app/b.yml": configMap("b"), "app/c.json": `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}`,
		"app/README.md": "no manifest", "app/list.yaml": configMaps, "app/deep/d.yaml": configMap("d"), "app/deep/env/e.yaml": configMap("e"),
		"app/skipped.yaml": "# +argocd:skip-file-rendering\n{{ no YAML", "app/twice.yaml": configMap("a"),
	})
	all := []string{"a", "b", "c", "one", "two", "a"}
	for name, test := range map[string]struct {
		options *ApplicationDirectory
		want    []string
	}{
		"by itself": {nil, all},
		"recursive": {&ApplicationDirectory{Recurse: true}, []string{"a", "b", "c", "d", "e", "one", "two", "a"}},
		"included":  {&ApplicationDirectory{Recurse: true, Include: "{a.yaml,deep/*}"}, []string{"a", "d", "e"}},
		"excluded":  {&ApplicationDirectory{Exclude: "{a,list,twice}.yaml"}, []string{"b", "c"}},
		"both":      {&ApplicationDirectory{Recurse: true, Include: "*.yaml", Exclude: "deep/env/*"}, []string{"a", "d", "one", "two", "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := NewBuilder(nil).Build(t.Context(), tree, "app", app(ApplicationSource{Directory: test.options}))
			require.NoError(t, err)
			var names []string
			for _, o := range got.Objects {
				names = append(names, o.Name)
			}
			require.Equal(t, test.want, names)
		})
	}
}

func TestWhatArgoBuildsAndAssayDoesNot(t *testing.T) {
	tree := files(kustomized).with(map[string]string{
		"js/main.jsonnet": "{}", "broken/a.yaml": "kind: [", "chart/Chart.yaml": "apiVersion: v2\nname: chart\nversion: 1.0.0\n",
		"needs/Chart.yaml": "apiVersion: v2\nname: needs\nversion: 1.0.0\ndependencies: [{name: redis, version: 1.x, repository: https://charts.example}]\n",
	})
	for name, test := range map[string]struct {
		folder   string
		settings Settings
		reason   Reason
		detail   string
	}{
		"a plugin":           {"app", app(ApplicationSource{Plugin: map[string]any{"name": "cdk8s"}}), ReasonPlugin, "config management plugin"},
		"jsonnet":            {"js", app(ApplicationSource{}), ReasonPlugin, "Jsonnet"},
		"no folder":          {"gone", app(ApplicationSource{}), ReasonMissing, "no such folder"},
		"no YAML":            {"broken", app(ApplicationSource{}), ReasonInvalid, "not a Kubernetes manifest"},
		"two tools":          {"app", app(ApplicationSource{Kustomize: &ApplicationKustomize{}, Helm: &ApplicationHelm{}}), ReasonInvalid, "kustomize and helm"},
		"no kustomization":   {"broken", withKustomize(ApplicationKustomize{NamePrefix: "a-"}), ReasonMissing, "no kustomization.yaml"},
		"a remote component": {"app", withKustomize(ApplicationKustomize{Components: []string{"https://github.com/a/b"}}), ReasonRemote, "must be paths"},
		"a label that is there": {
			"app", withKustomize(ApplicationKustomize{CommonLabels: map[string]string{"tier": "x"}}), ReasonInvalid, "has tier already",
		},
		"what is no image": {"app", withKustomize(ApplicationKustomize{Images: []string{"web"}}), ReasonInvalid, "is no image"},
		"no number":        {"app", withKustomize(ApplicationKustomize{Replicas: []ApplicationReplica{{"web", "many"}}}), ReasonInvalid, "is no number"},
		"templates alone": {
			"app", withKustomize(ApplicationKustomize{CommonLabels: map[string]string{"a": "b"}, LabelIncludeTemplates: true}), ReasonInvalid, "labelWithoutSelector",
		},
		"the commit itself":       {"app", withKustomize(ApplicationKustomize{Images: []string{"web:$ARGOCD_APP_REVISION"}}), ReasonVariables, "ARGOCD_APP_REVISION"},
		"a glob that is none":     {"js", app(ApplicationSource{Directory: &ApplicationDirectory{Include: "[a"}}), ReasonInvalid, "is no glob"},
		"a chart from elsewhere":  {"needs", app(ApplicationSource{}), ReasonChart, "redis must be fetched"},
		"a value file elsewhere":  {"chart", app(ApplicationSource{Helm: &ApplicationHelm{ValueFiles: []string{"https://example.org/v.yaml"}}}), ReasonRemote, "fetched from elsewhere"},
		"a value file outside":    {"chart", app(ApplicationSource{Helm: &ApplicationHelm{ValueFiles: []string{"../../v.yaml"}}}), ReasonMissing, "leads out of"},
		"a value file not there":  {"chart", app(ApplicationSource{Helm: &ApplicationHelm{ValueFiles: []string{"v.yaml"}}}), ReasonMissing, "no value file v.yaml"},
		"values that are no YAML": {"chart", app(ApplicationSource{Helm: &ApplicationHelm{Values: "a: ["}}), ReasonInvalid, "yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewBuilder(nil).Build(t.Context(), tree, test.folder, test.settings)
			refused := refusal(t, err)
			require.Equal(t, test.reason, refused.Reason, refused.Detail)
			require.Contains(t, refused.Detail, test.detail)
			require.NotEmpty(t, refused.Files)
		})
	}
}

var chartTree = map[string]string{
	"chart/Chart.yaml":  "apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies: [{name: sub, version: 1.x, repository: file://x}]\n",
	"chart/values.yaml": "replicas: 1\ntags: [a]\nsub: {size: 1}\nimage: {name: web, tag: '1'}\n",
	"chart/templates/web.yaml": `apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-web, namespace: {{ .Release.Namespace }}}
data:
  image: "{{ .Values.image.name }}:{{ .Values.image.tag }}"
  replicas: {{ .Values.replicas | quote }}
  tags: {{ join "," .Values.tags | quote }}
  file: {{ .Values.file | default "" | quote }}
  {{- if .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" }}
  monitored: "yes"
  {{- end }}
  kube: {{ .Capabilities.KubeVersion.Version | quote }}
`,
	"chart/templates/_helpers.tpl":      `{{- define "x" }}x{{ end }}`,
	"chart/templates/NOTES.txt":         "Thank you for {{ .Chart.Name }}",
	"chart/templates/tests/test.yaml":   "apiVersion: v1\nkind: Pod\nmetadata: {name: test, annotations: {helm.sh/hook: test}}\n",
	"chart/crds/crd.yaml":               "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: gadgets.example.org}\n",
	"chart/charts/sub/Chart.yaml":       "apiVersion: v2\nname: sub\nversion: 1.2.0\n",
	"chart/charts/sub/templates/s.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sub}\ndata: {size: {{ .Values.size | quote }}}\n",
	"chart/prod.yaml":                   "replicas: 3\nsub: {size: 9}\n",
	"values/all.yaml":                   "image: {tag: '5'}\n",
	"random/Chart.yaml":                 "apiVersion: v2\nname: random\nversion: 1.0.0\n",
	"random/templates/s.yaml":           "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: r}\ndata: {p: {{ randAlphaNum 20 | quote }}}\n",
}

func TestCharts(t *testing.T) {
	settings := app(ApplicationSource{Helm: &ApplicationHelm{
		ValueFiles: []string{"prod.yaml", "/values/all.yaml", "$shared/v.yaml", "gone.yaml"}, IgnoreMissingValueFiles: true,
		ValuesObject:   map[string]any{"image": map[string]any{"name": "mirror/web"}},
		Parameters:     []HelmParameter{{Name: "image.tag", Value: "007", ForceString: true}, {Name: "tags", Value: "{b,c}"}},
		FileParameters: []HelmFileParameter{{Name: "file", Path: "/values/all.yaml"}},
		KubeVersion:    "v1.33.1", APIVersions: []string{"monitoring.coreos.com/v1"}, ReleaseName: "release",
	}})
	settings.Application.Values = map[string]string{"$shared/v.yaml": "sub: {size: 10}\n"}
	got, err := NewBuilder(nil).Build(t.Context(), files(chartTree), "chart", settings)
	require.NoError(t, err)
	want, err := os.ReadFile("testdata/golden/chart.yaml")
	require.NoError(t, err)
	require.Equal(t, string(want), string(got.YAML()))
	require.Contains(t, got.Files, "values/all.yaml")
	require.Contains(t, got.Files, "chart/gone.yaml")

	settings = app(ApplicationSource{Helm: &ApplicationHelm{Values: "replicas: 4\n", SkipCRDs: true, SkipTests: true}})
	settings.Application.KubeVersion = "1.36.3"
	got, err = NewBuilder(nil).Build(t.Context(), files(chartTree), "chart", settings)
	require.NoError(t, err)
	require.Len(t, got.Objects, 2)
	require.Contains(t, string(got.YAML()), "name: shop-web\n  namespace: shop-prod")
	require.Contains(t, string(got.YAML()), "kube: v1.36.3")

	_, err = NewBuilder(nil).Build(t.Context(), files(chartTree), "random", app(ApplicationSource{}))
	require.Contains(t, refusal(t, err).Detail, "renders something else each time")
}

func TestChartsAreGuessedByTheirFile(t *testing.T) {
	tree := maps.Clone(chartTree)
	tree["chart/kustomization.yaml"] = "resources: []\n"
	got, err := NewBuilder(nil).Build(t.Context(), files(tree), "chart", app(ApplicationSource{}))
	require.NoError(t, err)
	require.Len(t, got.Objects, 4)
}
