package tests_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file that people read.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "run go generate when this is meant")
}

// wrong are test repositories with something wrong in them: what is changed in the sound one.
var wrong = []struct {
	name  string
	files map[string]string
}{
	{"an unknown field", map[string]string{"base/suite.yaml": suite("smoke", "timeuot: 1m")}},
	{"an unknown field in a list", map[string]string{"base/suite.yaml": suite("smoke", "env:", "  - name: A", "  - name: B", "    vlaue: 1")}},
	{"an unknown field of metadata", map[string]string{"base/suite.yaml": strings.Replace(suite("smoke"), "  name:", "  lables: {a: b}\n  name:", 1)}},
	{"a wrong type", map[string]string{"base/suite.yaml": suite("smoke", "shards: many", "files: a.txt", "env: [{name: A, value: 1}]", "resources: small")}},
	{"an empty field", map[string]string{"base/suite.yaml": suite("smoke", "files: []", "image: ''")}},
	{"no value", map[string]string{"base/suite.yaml": suite("smoke", "timeout:")}},
	{"required fields missing", map[string]string{"base/gate.yaml": document("Gate", "shop", []string{"notes: none"})}},
	{"no spec", map[string]string{"base/suite.yaml": "apiVersion: assay.dev/v1alpha1\nkind: Suite\nmetadata:\n  name: smoke\n"}},
	{"a wrong value", map[string]string{"base/gate.yaml": gate("shop", "[{name: smoke}]", "order: parallel", "rollback: {mode: yolo}")}},
	{"a wrong duration", map[string]string{"base/gate.yaml": gate("shop", "[{name: smoke}]", "every: 1d", "deadline: 0s", "baselineMaxAge: 5")}},
	{"a wrong quantity", map[string]string{"base/suite.yaml": suite("smoke", "resources:", "  requests: {cpu: much, memory: 2Gi}", "  limits: {memory: 1Gi}")}},
	{"a wrong glob", map[string]string{"base/suite.yaml": suite("smoke", "artifacts: ['[a']")}},
	{"a glob that matches nothing", map[string]string{"base/suite.yaml": suite("smoke", "files: [run.sh]")}},
	{"a link that leads nowhere", map[string]string{"base/link@": "absent"}},
	{"a path out of the folder", map[string]string{"base/suite.yaml": suite("smoke", "files: [../lib/*]", "workingDirectory: /tmp", "artifacts: [a/../../b]")}},
	{"command and script", map[string]string{"base/suite.yaml": suite("smoke", "command: [go, test]")}},
	{"neither command nor script", map[string]string{"base/suite.yaml": document("Suite", "smoke", []string{"timeout: 1m"})}},
	{"a resource that is none", map[string]string{"base/suite.yaml": document("Suite", "smoke", []string{"resource:", "  template: {kind: Workflow, metadata: {namespace: default}}", "image: alpine", "reports: [{stdout: true}]", "env: [{name: A, valueFrom: {secretKeyRef: {name: a, key: b}}}]"})}},
	{"a wrong resource", map[string]string{"base/suite.yaml": document("Suite", "smoke", []string{"resource: {file: ../a.yaml, template: {}, success: '', sucess: x}"})}},
	{"a resource without a file", map[string]string{"base/suite.yaml": document("Suite", "smoke", []string{"files: ['*.yaml']", "resource:", "  file: absent.yaml"})}},
	{"a resource of two documents", map[string]string{"base/suite.yaml": document("Suite", "smoke", []string{"resource: {file: r.yaml}"}), "base/r.yaml": "kind: A\n---\nkind: B\n"}},
	{"a resource that is a list", map[string]string{"base/suite.yaml": document("Suite", "smoke", []string{"resource: {file: r.yaml}"}), "base/r.yaml": "- kind: A\n"}},
	{"a wrong condition of a resource", map[string]string{"base/suite.yaml": document("Suite", "smoke", []string{"resource:", "  file: r.yaml", "  success: bad"}), "base/r.yaml": "kind: A\n"}},
	{"a wrong service", map[string]string{"base/suite.yaml": suite("smoke", "services: [{name: DB, image: a, path: b}, {name: c, image: a, ports: [0], ready: {tcp: 1, exec: [a]}}, {name: d}]")}},
	{"services that do not go together", map[string]string{"base/suite.yaml": suite("smoke", "services:", "  - {name: a, image: a, ports: [80]}", "  - {name: a, image: a, ports: [80], resources: {limits: {cpu: '0'}}}", "  - {name: b, path: '.', ports: [81], env: [{name: A}]}")}},
	{"a service that is not there", map[string]string{"base/suite.yaml": suite("smoke", "services:", "  - {name: a, path: absent}")}},
	{"a service without a pod", map[string]string{"base/suite.yaml": document("Suite", "smoke", []string{"resource: {template: {apiVersion: v1, kind: A}}", "services:", "  - {name: a, image: b}"})}},
	{"no shard", map[string]string{"base/suite.yaml": suite("smoke", "shards: 0", "retries: -1")}},
	{"a wrong matrix", map[string]string{"base/suite.yaml": suite("smoke", "env: [{name: A}]", "matrix: {A: [x], 1B: [x], ASSAY_C: [x], D: [], E: [x, x]}")}},
	{"an explosion", map[string]string{"base/suite.yaml": suite("smoke", "shards: 100", "matrix:", "  A: [a, b, c]")}},
	{"a wrong variable", map[string]string{"base/suite.yaml": suite("smoke", "env: [{name: a-b}, {name: ASSAY_X}, {name: C}, {name: C, value: x, valueFrom: {secretKeyRef: {name: s}}}]")}},
	{"a wrong report", map[string]string{"base/suite.yaml": suite("smoke", "reports: [{stdout: true, path: a}, {format: junit}, {path: b, format: junt}, {stdout: false}]")}},
	{"a wrong name", map[string]string{"base/suite.yaml": suite("Smoke"), "base/gate.yaml": gate("shop", "[{name: Smoke}]")}},
	{"a name too long", map[string]string{"o/kustomization.yaml": kustomization("[../base]", "namePrefix: "+strings.Repeat("long-", 15))}},
	{"a wrong API version", map[string]string{"base/suite.yaml": strings.Replace(suite("smoke"), "v1alpha1", "v1", 1)}},
	{"a wrong kind", map[string]string{"base/suite.yaml": strings.Replace(suite("smoke"), "Suite", "Siute", 1)}},
	{"a foreign kind", map[string]string{"o/kustomization.yaml": kustomization("[../base, d.yaml]"), "o/d.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n"}},
	{"a Secret", map[string]string{"o/kustomization.yaml": kustomization("[../base]", "secretGenerator: [{name: token, literals: [a=b]}]")}},
	{"a Gate without a Suite", map[string]string{"base/gate.yaml": gate("shop", "[{name: smok}, {matchLabels: {tier: e2e}}, {}, {name: smoke, matchLabels: {a: b}}]")}},
	{"selectors that match nothing", map[string]string{"base/gate.yaml": gate("shop", "[{name: smok}, {matchLabels: {tier: e2e}}]")}},
	{"a control that is none", map[string]string{"base/gate.yaml": gate("shop", "[{name: smoke}]", "control: [{name: smoke}, {name: netwrok}]")}},
	{"a Gate after nothing", map[string]string{"base/gate.yaml": document("Gate", "shop", []string{"after: [{}]", "suites: [{name: smoke}]"})}},
	{"a Gate after a Site that is not there", map[string]string{"base/gate.yaml": document("Gate", "shop", []string{"after:", "  - {kind: Site, name: shpo}", "suites: [{name: smoke}]"})}},
	{"a wrong wildcard", map[string]string{"base/gate.yaml": document("Gate", "shop", []string{"after: [{name: 'a['}]", "suites: [{name: smoke}]"})}},
	{"reruns", map[string]string{"base/gate.yaml": gate("shop", "[{name: smoke}]", "reruns: {min: 5, max: 3}")}},
	{"a confidence", map[string]string{"base/gate.yaml": gate("shop", "[{name: smoke}]", "reruns: {min: 1.5, confidence: 1}")}},
	{"a wrong expression", map[string]string{"base/gate.yaml": gate("shop", "[{name: smoke}]", "pass:", "  - name: all", "    expr: bad")}},
	{"a wrong kind to protect", map[string]string{"base/gate.yaml": gate("shop", "[{name: smoke}]", "protect: {paths: [/etc], kinds: [secrets]}")}},
	{"a wrong probe", map[string]string{"base/site.yaml": document("Site", "shop", []string{"repository: {url: 'https://me:hunter2@example.com/x', branch: a, revision: b}", "path: ../x", "live: {http: {url: ftp://x, jsonPath: .a}, file: /x}"})}},
	{"a wrong patch in the overlay", map[string]string{"o/kustomization.yaml": kustomization("[../base]", "patches:", "  - target: {kind: Suite}", "    patch: |", "      - op: add", "        path: /spec/timeout", "        value: soon")}},
	{"a wrong patch in a file", map[string]string{"o/kustomization.yaml": kustomization("[../base]", "patches: [{path: p.yaml}]"), "o/p.yaml": "apiVersion: assay.dev/v1alpha1\nkind: Suite\nmetadata:\n  name: smoke\nspec:\n  colour: red\n"}},
	{"a patch that removes too much", map[string]string{"o/kustomization.yaml": kustomization("[../base]", "patches:", "  - path: p.yaml", "    target: {kind: Gate}"), "o/p.yaml": "- op: test\n  path: /kind\n  value: Gate\n- op: remove\n  path: /spec/suites\n"}},
	{"a wrong replacement", map[string]string{"o/kustomization.yaml": kustomization("[../base]", "configMapGenerator: [{name: v, literals: [order=Random]}]", "replacements:", "  - source: {kind: ConfigMap, name: v, fieldPath: data.order}", "    targets:", "      - select: {kind: Gate}", "        fieldPaths: [spec.order]", "        options: {create: true}")}},
	{"a collision after prefixes", map[string]string{"o/kustomization.yaml": kustomization("[../base, more.yaml]", "namespace: a"), "o/more.yaml": suite("smoke")}},
	{"one name in two namespaces", map[string]string{"o/kustomization.yaml": kustomization("[../base, more.yaml]"), "o/more.yaml": strings.Replace(suite("smoke"), "  name:", "  namespace: x\n  name:", 1)}},
	{"a remote base", map[string]string{"o/kustomization.yaml": kustomization("\n  - ../base\n  - https://github.com/example/tests?ref=main")}},
	{"a missing file", map[string]string{"o/kustomization.yaml": kustomization("[../base, absent.yaml]")}},
	{"no overlay", map[string]string{"o/kustomization.yaml": "", "overlays/dev/kustomization.yaml": kustomization("[../../base]")}},
	{"broken YAML", map[string]string{"base/suite.yaml": "apiVersion: assay.dev/v1alpha1\nkind: Suite\nmetadata:\n  name: [\n"}},
	{"an unknown field of the kustomization", map[string]string{"o/kustomization.yaml": kustomization("[../base]", "resuorces: []")}},
	{"the second of two documents", map[string]string{"base/suite.yaml": suite("other") + "---\n" + suite("smoke", "timeout: x")}},
}

// sound is a repository with nothing wrong in it.
var sound = treeOf(map[string]string{
	"base/kustomization.yaml": kustomization("[suite.yaml, gate.yaml, site.yaml]"),
	"base/suite.yaml":         suite("smoke"),
	"base/gate.yaml":          gate("shop", "[{name: smoke}]"),
	"base/site.yaml":          document("Site", "shop", []string{"repository: {url: 'https://example.com/shop.git'}", "path: deploy", "live: {file: /srv/revision}"}),
	"o/kustomization.yaml":    kustomization("[../base]"),
})

func TestProblems(t *testing.T) {
	options := tests.Options{
		CheckExpr: func(_ *tests.Gate, _ []*tests.Suite, expr string) error {
			if expr == "bad" {
				return errors.New("undeclared reference to 'bad'")
			}
			return nil
		},
		CheckResource: func(r *tests.Resource, object map[string]any) map[string]error {
			if r.Success == "bad" {
				return map[string]error{"success": fmt.Errorf("undeclared reference in the condition of %s", object["kind"])}
			}
			return nil
		},
		Formats: []string{"assay-json", "junit", "tap"},
	}
	builder := render.NewBuilder(nil)
	_, err := tests.Load(t.Context(), builder, sound, "o", options)
	require.NoError(t, err)

	var out strings.Builder
	for _, tt := range wrong {
		_, err := tests.Load(t.Context(), builder, sound.with(tt.files), "o", options)
		var problems tests.Problems
		require.ErrorAs(t, err, &problems, tt.name)
		fmt.Fprintf(&out, "# %s\n%s\n\n", tt.name, err)
		for _, p := range problems {
			require.NotEmpty(t, p.File, tt.name)
			require.NotEmpty(t, p.Message, tt.name)
			require.NotEmpty(t, p.Remedy, tt.name)
		}
	}
	golden(t, "testdata/problems.txt", out.String())
}
