package simulate

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/tests"
)

const sound = `apiVersion: assay.dev/v1alpha1
kind: Scenario
metadata: {name: shop}
spec:
  description: a shop
  breakages:
    commit: 1
`

func TestLoadFillsInDefaults(t *testing.T) {
	s, err := Load("shop.yaml", []byte(sound+"  commits: {refactors: 0}\n"))
	require.NoError(t, err)
	require.Equal(t, 4, s.Spec.World.Apps)
	require.Zero(t, s.Spec.Commits.Refactors, "what is written holds, also where it is nothing")
	require.InDelta(t, 0.2, s.Spec.Commits.Merges, 1e-9)
}

func TestLoadTellsWhatIsWrongAndWhere(t *testing.T) {
	for name, tt := range map[string]struct{ document, problem string }{
		"a misspelt field":       {sound + "    comit: 1\n", "shop.yaml:6: spec.breakages: additional properties 'comit' not allowed"},
		"a wrong type":           {strings.Replace(sound, "commit: 1", "commit: often", 1), "shop.yaml:7: spec.breakages.commit: got string, want number"},
		"a wrong duration":       {sound + "  syncs: {interval: soon}\n", "shop.yaml:8: spec.syncs.interval: 'soon' does not match pattern"},
		"a share above 1":        {sound + "  tests: {flaky: 1.5}\n", "shop.yaml:8: spec.tests.flaky: maximum: got 1.5, want 1"},
		"another name":           {strings.Replace(sound, "name: shop", "name: stock", 1), `shop.yaml:3: metadata.name: "stock" is not the name of the file`},
		"nothing breaks":         {strings.Replace(sound, "commit: 1", "commit: 0", 1), "shop.yaml:6: spec.breakages: nothing breaks"},
		"a range that goes back": {sound + "  commits:\n    every: {from: 2h, to: 1h}\n", "shop.yaml:9: spec.commits.every: ends before it begins"},
		"a wrong policy":         {sound + "  gate: {rerunz: {}}\n", `shop.yaml:8: spec.gate: json: unknown field "rerunz"`},
		"no YAML":                {"{", "shop.yaml: "},
		"two documents":          {sound + "---\n" + sound, "shop.yaml: holds more than one document"},
		"a list":                 {"[]", "shop.yaml"},
		"nothing at all":         {"", "shop.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load("shop.yaml", []byte(tt.document))
			var problems tests.Problems
			require.True(t, errors.As(err, &problems), "%v", err)
			require.Contains(t, err.Error(), tt.problem)
		})
	}
}

func TestShippedScenariosAreSound(t *testing.T) {
	all, err := LoadAll(os.DirFS("../../testdata/incidents"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(all), 12)
	tried := map[kind]bool{}
	for _, s := range all {
		for _, w := range s.Spec.Breakages.weights() {
			tried[w.value] = tried[w.value] || w.weight > 0
		}
	}
	for _, k := range kinds {
		require.True(t, tried[k], "no shipped scenario tries %s", k)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(sound))
	f.Fuzz(func(t *testing.T, document []byte) {
		s, err := Load("shop.yaml", document)
		if err == nil {
			require.Equal(t, "shop", s.Metadata.Name)
		}
	})
}

func durations(seconds ...int) (all []time.Duration) {
	for _, s := range seconds {
		all = append(all, time.Duration(s)*time.Second)
	}
	return all
}
