package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/simulate"
)

func TestSimulate(t *testing.T) {
	got := assay(t, "simulate", "small-commits", "no-reviews", "--breakages", "6", "--seed", "3")
	require.Equal(t, exitYes, got.code, got.err+got.out)
	for line := range strings.Lines(got.out) {
		require.LessOrEqual(t, len([]rune(strings.TrimSpace(line))), 120, line)
	}
	require.Contains(t, got.out, "no-reviews")
	require.Contains(t, got.out, "TRUE CAUSE")

	missed := assay(t, "simulate", "small-commits", "--breakages", "3", "--max-bad-revert-rate", "0.001")
	require.Equal(t, exitNo, missed.code)
	require.Contains(t, missed.out, "Goal missed: all: the bad-revert rate of proposals with one culprit is up to")

	var result simulate.Result
	asJSON := assay(t, "simulate", "dry-run", "--breakages", "2", "--output", "json")
	require.NoError(t, json.Unmarshal([]byte(asJSON.out), &result))
	require.GreaterOrEqual(t, result.All.Breakages, 2)

	story := assay(t, "simulate", "small-commits", "--breakages", "1", "--trace")
	require.Equal(t, exitYes, story.code, story.err)
	require.Contains(t, story.out, "breakage 1 (")
}

func TestSimulateTakesScenariosOfOthers(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, files{
		"shop.yaml": "apiVersion: assay.dev/v1alpha1\nkind: Scenario\nmetadata: {name: shop}\nspec: {description: a shop, breakages: {commit: 1}}\n",
	})
	got := assay(t, "simulate", filepath.Join(dir, "shop.yaml"), "--breakages", "1")
	require.Equal(t, exitYes, got.code, got.err+got.out)

	write(t, dir, files{"stock.yaml": "apiVersion: assay.dev/v1alpha1\nkind: Scenario\nmetadata: {name: stock}\nspec: {description: a stock, breakages: {comit: 1}}\n"})
	for name, tt := range map[string]struct{ arg, err string }{
		"a misspelt field": {dir, "stock.yaml:4: spec.breakages: additional properties 'comit' not allowed"},
		"an unknown name":  {"outage", "there is no scenario outage: name a file, a folder, or one of broken-tests, "},
	} {
		t.Run(name, func(t *testing.T) {
			got := assay(t, "simulate", tt.arg)
			require.Equal(t, exitUsage, got.code)
			require.Contains(t, got.err, tt.err)
		})
	}
}

func TestSchemaOfScenarios(t *testing.T) {
	require.Equal(t, string(simulate.Schema()), assay(t, "schema", "scenario").out)
	require.Equal(t, exitUsage, assay(t, "schema", "nothing").code)
}
