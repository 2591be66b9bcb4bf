package reconciler_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
)

// Two Assays share tests and a history; each follows the Sites with its label, and leaves the other's Gates alone, also what is open there.
func TestShardsLeaveEachOthersGatesAlone(t *testing.T) {
	s := newShop(t)
	cart := filepath.Join(t.TempDir(), "live")
	labelled := func(name, shard, live string) string {
		return "apiVersion: assay.dev/v1alpha1\nkind: Site\nmetadata: {name: " + name + ", labels: {shard: " + shard + "}}\nspec:\n" +
			"  repository: {url: \"" + s.config.bare + "\", branch: main}\n  path: shop\n  live: {file: \"" + live + "\", interval: 20ms}\n"
	}
	gateOf := func(name string) string {
		return "apiVersion: assay.dev/v1alpha1\nkind: Gate\nmetadata: {name: " + name + "}\nspec: {after: [{kind: Site, name: " + name + "}], suites: [{name: smoke}], reruns: {spread: 1ms}}\n"
	}
	s.tests.push("Test two shops", map[string]string{
		"staging/gate.yaml": gateOf("shop") + "---\n" + gateOf("cart"),
		"staging/site.yaml": labelled("shop", "one", s.live) + "---\n" + labelled("cart", "two", cart),
	})
	shard := func(name string) func(*reconciler.Options) {
		return func(o *reconciler.Options) {
			o.Environments[0].Watch = labels.SelectorFromSet(labels.Set{"shard": name})
		}
	}
	s.adjust = shard("one")
	s.start()
	commit := s.deploy("Sell for nothing", price("0"))
	require.Equal(t, gate.Failed, s.verified("shop", commit).Verdict.Outcome)
	s.eventually("an incident", func() bool { return len(s.incidents()) == 1 })
	s.stop()
	before := s.decided("shop")
	require.Empty(t, s.decided("cart"), "the other's")

	other := s.live
	s.live, s.adjust = cart, shard("two")
	s.start()
	commit = s.deploy("Sell at 7", price("7"))
	require.Equal(t, gate.Passed, s.verified("cart", commit).Verdict.Outcome)
	s.stop()
	require.Equal(t, before, s.decided("shop"), "nothing was decided about what the other left open")
	s.live = other
}

// decided are all decisions about a Gate.
func (s *shop) decided(gateName string) []history.Decision {
	s.t.Helper()
	past, err := history.OpenReadOnly(s.t.Context(), filepath.Join(s.data, "history"))
	require.NoError(s.t, err)
	all, err := past.Decisions(s.t.Context(), history.Filter{Gate: gateName})
	require.NoError(s.t, err)
	require.NoError(s.t, past.Close())
	return all
}
