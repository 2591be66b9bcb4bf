package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/gate"
)

// suites are an overlay with one Suite of each outcome, and a Gate over each.
func suites(t *testing.T) (dir string) {
	t.Helper()
	document := func(kind, name, spec string) string {
		return "apiVersion: assay.dev/v1alpha1\nkind: " + kind + "\nmetadata: {name: " + name + "}\nspec:\n" + spec + "---\n"
	}
	var all string
	for name, script := range map[string]string{
		"good":   `printf '1..1\nok 1 - answers\n' > report.tap`,
		"bad":    `printf '1..1\nnot ok 1 - answers\n' > report.tap; exit 1`,
		"silent": `echo nothing to report`,
	} {
		all += document("Suite", name, "  script: |\n    "+script+"\n  reports: [{path: report.tap}]\n")
		all += document("Gate", name, "  after: [{kind: Site, name: shop}]\n  suites: [{name: "+name+"}]\n")
	}
	all += document("Site", "shop", "  repository: {url: /config}\n  path: app\n  live: {file: /live}\n")
	dir = t.TempDir()
	write(t, dir, files{"overlays/dev/kustomization.yaml": "resources: [all.yaml]\n", "overlays/dev/all.yaml": all})
	return dir
}

func TestVerifyExitCodes(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir := suites(t)
	for _, tc := range []struct {
		args    []string
		code    int
		outcome gate.Outcome
	}{
		{[]string{"--gate", "good"}, exitYes, gate.Passed},
		{[]string{"--suite", "good"}, exitYes, gate.Passed},
		{[]string{"--gate", "bad"}, exitNo, gate.Failed},
		{[]string{"--gate", "silent"}, exitUsage, gate.Inconclusive},
	} {
		got := assay(t, append([]string{"verify", "--dir", dir, "-o", "json"}, tc.args...)...)
		require.Equal(t, tc.code, got.code, got.err)
		var outcome struct {
			Gates []struct{ Outcome gate.Outcome }
		}
		require.NoError(t, json.Unmarshal([]byte(got.out), &outcome))
		require.Equal(t, tc.outcome, outcome.Gates[0].Outcome)
	}
	all := assay(t, "verify", "--dir", dir)
	require.Equal(t, exitNo, all.code, "a failure is an answer, whatever else is not known")
	require.Contains(t, all.out, "✗ bad: answers")
	require.Contains(t, all.out, "gate good: Passed")
	unknown := assay(t, "verify", "--dir", dir, "--gate", "god")
	require.Equal(t, exitUsage, unknown.code)
	require.Contains(t, unknown.err, `no Gate "god", but bad, good, silent`)
}

func TestInitLintsWell(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	first := assay(t, "init", dir)
	require.Equal(t, exitYes, first.code, first.err)
	require.Contains(t, first.out, "assay lint")
	again := assay(t, "init", dir)
	require.Equal(t, exitUsage, again.code)
	require.Contains(t, again.err, "choose an empty folder")
	linted := assay(t, "lint", dir)
	require.Equal(t, exitYes, linted.code, linted.out)
	require.Contains(t, linted.out, "overlays/staging: 1 suite, 1 gate, 1 site: all well")
	schema, err := os.ReadFile(filepath.Join(dir, ".assay", "schema.json"))
	require.NoError(t, err)
	require.Equal(t, string(schema), assay(t, "schema").out)
}

func TestLintNamesPlaceAndRemedy(t *testing.T) {
	dir := suites(t)
	write(t, dir, files{"overlays/dev/more.yaml": "apiVersion: assay.dev/v1alpha1\nkind: Suite\nmetadata: {name: odd}\nspec:\n  comand: [x]\n",
		"overlays/dev/kustomization.yaml": "resources: [all.yaml, more.yaml]\n"})
	got := assay(t, "lint", dir)
	require.Equal(t, exitNo, got.code)
	require.Contains(t, got.out, "overlays/dev/more.yaml:5: Suite/odd: spec.comand")
	require.Contains(t, got.out, "did you mean command?")
	require.Contains(t, assay(t, "lint", dir, "-o", "json").out, `"line": 5`)
	require.Contains(t, assay(t, "lint", t.TempDir()).err, "assay init")
}
