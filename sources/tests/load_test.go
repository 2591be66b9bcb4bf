package tests_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
)

func TestLoad(t *testing.T) {
	set := mustLoad(t, treeOf(map[string]string{
		"base/kustomization.yaml": kustomization("[smoke/suite.yaml, load/suite.yaml, gate.yaml, site.yaml]"),
		"base/smoke/suite.yaml":   suite("smoke", "env: [{name: URL, value: http://localhost}]"),
		"base/smoke/cases.txt":    "1..1",
		"base/load/suite.yaml":    suite("load", "image: example.com/k6"),
		"base/gate.yaml":          gate("shop", "[{name: smoke}, {name: load}]", "exercises: [{kind: Site, name: shop}, {kind: HelmRelease, name: shop}]"),
		"base/site.yaml":          document("Site", "shop", []string{"repository: {url: 'https://example.com/shop.git'}", "path: deploy", "live: {file: /srv/revision}"}),
		"overlays/dev/kustomization.yaml": kustomization("[../../base]", "namePrefix: dev-", "nameSuffix: -x",
			"labels: [{pairs: {stage: dev}}]", "images: [{name: example.com/k6, newTag: v1}]",
			"patches: [{patch: '[{\"op\": \"replace\", \"path\": \"/spec/env/0/value\", \"value\": \"http://dev\"}]', target: {kind: Suite, name: smoke}}]"),
	}), "overlays/dev")

	gate := set.Gate("dev-shop-x")
	require.NotNil(t, gate)
	require.Equal(t, tests.Origin{File: "base/gate.yaml", Name: "shop"}, gate.Origin)
	suites := set.SuitesOf(gate)
	require.Len(t, suites, 2)
	smoke, load := suites[0], suites[1]
	require.Equal(t, "dev-smoke-x", smoke.Name(), "in the order of the selectors")
	require.Equal(t, "smoke", smoke.Origin.Name)
	require.Equal(t, "http://dev", smoke.Spec.Env[0].Value)
	require.Equal(t, map[string]string{"stage": "dev"}, smoke.Metadata.Labels)
	require.Equal(t, "example.com/k6:v1", load.Spec.Image)
	require.Equal(t, "dev-shop-x", gate.Spec.Exercises[0].Name, "a selector of kind Site follows the Site")
	require.Equal(t, "shop", gate.Spec.Exercises[1].Name, "one of another kind does not")
	require.NotNil(t, set.Site("dev-shop-x"))
	require.Nil(t, set.Site("shop"))
	require.Contains(t, set.Files, "base/gate.yaml")
	require.NotContains(t, set.Files, "base/smoke/cases.txt")

	require.Equal(t, []string{"**"}, smoke.Spec.Files, "defaults are filled in")
	require.Equal(t, tests.Duration{Duration: 10 * time.Minute}, smoke.Spec.Timeout)
	require.Equal(t, 2, *gate.Spec.Reruns.Min)
	require.Equal(t, tests.Propose, gate.Spec.Rollback.Mode)
}

func TestOverlaysAreKustomize(t *testing.T) {
	base := map[string]string{
		"base/kustomization.yaml": kustomization("[suite.yaml, gate.yaml]"),
		"base/suite.yaml":         suite("smoke", "timeout: 1m", "env: [{name: URL, value: base}]"),
		"base/gate.yaml":          gate("shop", "[{name: smoke}]"),
	}
	for name, tt := range map[string]struct {
		files map[string]string
		check func(t *testing.T, set *tests.Set)
	}{
		"a strategic merge patch": {
			map[string]string{
				"o/kustomization.yaml": kustomization("[../base]", "patches: [{path: p.yaml}]"),
				"o/p.yaml":             "apiVersion: assay.dev/v1alpha1\nkind: Suite\nmetadata: {name: smoke}\nspec: {timeout: 2m, image: alpine}\n",
			},
			func(t *testing.T, set *tests.Set) {
				require.Equal(t, 2*time.Minute, set.Suite("smoke").Spec.Timeout.Duration)
				require.Equal(t, "alpine", set.Suite("smoke").Spec.Image)
			},
		},
		"a component": {
			map[string]string{
				"o/kustomization.yaml": kustomization("[../base]", "components: [../slow]"),
				"slow/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n" +
					"patches: [{target: {kind: Suite}, patch: '[{\"op\": \"replace\", \"path\": \"/spec/timeout\", \"value\": \"1h\"}]'}]\n",
			},
			func(t *testing.T, set *tests.Set) {
				require.Equal(t, time.Hour, set.Suite("smoke").Spec.Timeout.Duration)
			},
		},
		"a replacement from a generated ConfigMap": {
			map[string]string{
				"o/kustomization.yaml": kustomization("[../base]",
					"configMapGenerator: [{name: values, literals: [url=https://staging]}]",
					"replacements: [{source: {kind: ConfigMap, name: values, fieldPath: data.url}, targets: [{select: {kind: Suite}, fieldPaths: ['spec.env.[name=URL].value']}]}]"),
			},
			func(t *testing.T, set *tests.Set) {
				require.Equal(t, "https://staging", set.Suite("smoke").Spec.Env[0].Value)
			},
		},
		"a base used twice": {
			map[string]string{
				"o/kustomization.yaml":   kustomization("[a, b]"),
				"o/a/kustomization.yaml": kustomization("[../../base]", "namePrefix: a-"),
				"o/b/kustomization.yaml": kustomization("[../../base]", "namePrefix: b-"),
			},
			func(t *testing.T, set *tests.Set) {
				require.Len(t, set.Suites, 2)
				for _, prefix := range []string{"a-", "b-"} {
					suites := set.SuitesOf(set.Gate(prefix + "shop"))
					require.Len(t, suites, 1)
					require.Equal(t, prefix+"smoke", suites[0].Name())
					require.Equal(t, "smoke", suites[0].Origin.Name)
				}
			},
		},
		"prefixes at two levels": {
			map[string]string{
				"o/kustomization.yaml":   kustomization("[a]", "namePrefix: x-"),
				"o/a/kustomization.yaml": kustomization("[../../base, network.yaml]", "namePrefix: a-", "patches: [{target: {kind: Gate}, patch: '[{\"op\": \"add\", \"path\": \"/spec/control\", \"value\": [{\"name\": \"network\"}]}]'}]"),
				"o/a/network.yaml":       suite("network"),
			},
			func(t *testing.T, set *tests.Set) {
				require.Equal(t, []*tests.Suite{set.Suite("x-a-smoke")}, set.SuitesOf(set.Gate("x-a-shop")))
				require.Equal(t, []*tests.Suite{set.Suite("x-a-network")}, set.ControlsOf(set.Gate("x-a-shop")))
				require.Equal(t, "smoke", set.Suite("x-a-smoke").Origin.Name)
			},
		},
		"a patch that renames": {
			map[string]string{
				"o/kustomization.yaml": kustomization("[../base]",
					"patches: [{target: {kind: Suite}, options: {allowNameChange: true}, patch: '[{\"op\": \"replace\", \"path\": \"/metadata/name\", \"value\": \"other\"}]'}]"),
			},
			func(t *testing.T, set *tests.Set) {
				require.Equal(t, set.Suites, set.SuitesOf(set.Gate("shop")))
				require.Equal(t, "smoke", set.Suite("other").Origin.Name)
			},
		},
		"a namespace": {
			map[string]string{"o/kustomization.yaml": kustomization("[../base]", "namespace: shop")},
			func(t *testing.T, set *tests.Set) { require.Equal(t, set.Suites, set.SuitesOf(set.Gate("shop"))) },
		},
	} {
		t.Run(name, func(t *testing.T) { tt.check(t, mustLoad(t, treeOf(base).with(tt.files), "o")) })
	}
}

func TestLoaderLoadsOnlyWhatChanged(t *testing.T) {
	tree := treeOf(map[string]string{
		"kustomization.yaml": kustomization("[a/suite.yaml, b/suite.yaml, gates.yaml]"),
		"a/suite.yaml":       suite("a"),
		"b/suite.yaml":       suite("b", "files: ['*.txt']"),
		"b/cases.txt":        "one",
		"gates.yaml":         gate("a", "[{name: a}]") + "---\n" + gate("b", "[{name: b}]"),
	})
	loader := tests.NewLoader(render.NewBuilder(nil), tests.Options{})
	first, err := loader.Load(t.Context(), tree, ".")
	require.NoError(t, err)
	again, err := loader.Load(t.Context(), tree, "./")
	require.NoError(t, err)
	require.Same(t, first, again, "nothing changed")
	elsewhere, err := loader.Load(t.Context(), tree.with(map[string]string{"README.md": "hello"}), ".")
	require.NoError(t, err)
	require.Same(t, first, elsewhere, "nothing that counts changed")

	files, err := loader.Load(t.Context(), tree.with(map[string]string{"b/cases.txt": "two"}), ".")
	require.NoError(t, err)
	require.Equal(t, first.Digest(first.Gate("a")), files.Digest(files.Gate("a")))
	require.NotEqual(t, first.Digest(first.Gate("b")), files.Digest(files.Gate("b")), "a file that a Suite names")
	require.Same(t, first.Gate("b"), files.Gate("b"), "documents are not read again")

	broken := tree.with(map[string]string{"b/cases.txt": ""})
	_, err = loader.Load(t.Context(), broken, ".")
	require.ErrorContains(t, err, `"*.txt" matches no file in b`)
	_, again2 := loader.Load(t.Context(), broken, ".")
	require.Equal(t, err, again2)

	back, err := loader.Load(t.Context(), tree, ".")
	require.NoError(t, err)
	require.Equal(t, first.Digest(first.Gate("b")), back.Digest(back.Gate("b")))
}

func TestDigest(t *testing.T) {
	tree := treeOf(map[string]string{
		"kustomization.yaml": kustomization("[s/suite.yaml, gate.yaml]"),
		"s/suite.yaml":       suite("s"),
		"s/run.sh":           "true",
		"s/deep/data.txt":    "1",
		"s/shared@":          "../common/lib.sh",
		"s/all@":             "../common",
		"common/lib.sh":      "lib",
		"other/file":         "x",
		"gate.yaml":          gate("g", "[{name: s}]"),
	})
	digest := func(t *testing.T, changes map[string]string) string {
		set := mustLoad(t, tree.with(changes), ".")
		d := set.Digest(set.Gate("g"))
		require.Regexp(t, "^sha256:[0-9a-f]{64}$", d)
		return d
	}
	before := digest(t, nil)
	require.Equal(t, before, digest(t, nil))
	for what, changes := range map[string]map[string]string{
		"a file elsewhere": {"other/file": "y"},
		"a comment":        {"gate.yaml": "# why\n" + gate("g", "[{name: s}]")},
		"what is default":  {"gate.yaml": gate("g", "[{name: s}]", "every: 12h")},
	} {
		require.Equal(t, before, digest(t, changes), what)
	}
	for what, changes := range map[string]map[string]string{
		"a file":               {"s/run.sh": "false"},
		"a file deep below":    {"s/deep/data.txt": "2"},
		"a new file":           {"s/new": "1"},
		"a removed file":       {"s/deep/data.txt": ""},
		"a mode":               {"s/run.sh!": "true"},
		"what a link leads to": {"common/lib.sh": "changed"},
		"what is beside it":    {"common/more.sh": "more"},
		"the Suite":            {"s/suite.yaml": suite("s", "timeout: 1m")},
		"the Gate":             {"gate.yaml": gate("g", "[{name: s}]", "notes: hello")},
	} {
		require.NotEqual(t, before, digest(t, changes), what)
	}
}

func TestDigestFollowsLinksOutOfTheFolder(t *testing.T) {
	for name, glob := range map[string]string{"a link to a file": "lib.sh", "through a link": "all/*.sh", "a link to a folder": "all", "anything": "**"} {
		t.Run(name, func(t *testing.T) {
			tree := treeOf(map[string]string{
				"kustomization.yaml": kustomization("[s/suite.yaml, gate.yaml]"),
				"s/suite.yaml":       suite("s", "files: ['"+glob+"']"),
				"s/lib.sh@":          "../common/lib.sh",
				"s/all@":             "../common",
				"common/lib.sh":      "lib",
				"gate.yaml":          gate("g", "[{name: s}]"),
			})
			loader := tests.NewLoader(render.NewBuilder(nil), tests.Options{})
			before, err := loader.Load(t.Context(), tree, ".")
			require.NoError(t, err)
			after, err := loader.Load(t.Context(), tree.with(map[string]string{"common/lib.sh": "changed"}), ".")
			require.NoError(t, err)
			require.NotEqual(t, before.Digest(before.Gate("g")), after.Digest(after.Gate("g")))
		})
	}
}

func TestFilesIn(t *testing.T) {
	tree := treeOf(map[string]string{
		"s/suite.yaml": suite("s"), "s/a.txt": "a", "s/.hidden": "h", "s/lib/b.txt": "b", "s/lib/deep/c.txt": "c", "s/link@": "a.txt", "t/d.txt": "d",
	})
	for _, tt := range []struct {
		file, glob string
		want       []string
	}{
		{"s/suite.yaml", "**", []string{"s/.hidden", "s/a.txt", "s/lib/b.txt", "s/lib/deep/c.txt", "s/link", "s/suite.yaml"}},
		{"s/suite.yaml", "*.txt", []string{"s/a.txt"}},
		{"s/suite.yaml", "**/*.txt", []string{"s/a.txt", "s/lib/b.txt", "s/lib/deep/c.txt"}},
		{"s/suite.yaml", "lib", []string{"s/lib/b.txt", "s/lib/deep/c.txt"}},
		{"s/suite.yaml", "./lib/", []string{"s/lib/b.txt", "s/lib/deep/c.txt"}},
		{"s/suite.yaml", "lib/*", []string{"s/lib/b.txt"}},
		{"s/suite.yaml", "a.txt", []string{"s/a.txt"}},
		{"s/suite.yaml", "link", []string{"s/link"}},
		{"s/suite.yaml", "{a,z}.txt", []string{"s/a.txt"}},
		{"suite.yaml", "t/**", []string{"t/d.txt"}},
		{"suite.yaml", "t/d.txt", []string{"t/d.txt"}},
		{"suite.yaml", "**/d.txt", []string{"t/d.txt"}},
		{"s/suite.yaml", "absent", nil},
		{"s/suite.yaml", "absent/*", nil},
	} {
		s := tests.Suite{Origin: tests.Origin{File: tt.file}, Spec: tests.SuiteSpec{Files: []string{tt.glob}}}
		files, err := s.FilesIn(tree)
		require.NoError(t, err, tt.glob)
		require.Equal(t, tt.want, files, tt.glob)
	}
}
