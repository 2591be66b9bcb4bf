//go:build e2e

package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/gate"
)

// TestRealEnvironments has one Assay watch dev, staging and prod of one base, each with a Gate of its own, and one
// commit that only prod cannot bear.
func TestRealEnvironments(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]engine{"flux": flux, "argo": argo} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			environments(newWorld(t, shared(t), e, "dev", "staging", "prod"))
		})
	}
}

func environments(w *world) {
	w.assay.start()
	good := w.deploy("Sell cheaply in prod", map[string]string{
		"overlays/prod/kustomization.yaml": "namespace: " + w.namespace("prod") + `
resources: [../../base]
configMapGenerator:
- {name: settings, behavior: merge, literals: [PRICE=3]}
`,
	})
	w.verdict("prod", good, gate.Passed)
	for _, env := range []string{"dev", "staging"} {
		w.lastPassed(env, good)
	}

	bad := w.deploy("Take off 5", map[string]string{"base/settings.env": "PRICE=7\nDISCOUNT=5\n"})
	w.verdict("prod", bad, gate.Failed)
	for _, env := range []string{"dev", "staging"} {
		w.verdict(env, bad, gate.Passed)
	}
	page := w.proposed()
	require.Equal(w.t, `Revert "Take off 5"`, page.Title)
	require.Contains(w.t, page.Body, `"environment":"prod"`)
	for _, env := range []string{"dev", "staging"} {
		require.NotContains(w.t, page.Body, `"environment":"`+env+`"`, "it bears it")
		require.Contains(w.t, page.Body, "/"+w.namespace(env)+"/shop of "+env+"`, **which the gate does not follow**", "the revert changes it as well")
	}

	merged := w.config.merge(page.Index)
	w.look()
	for _, env := range w.envs {
		w.verdict(env, merged, gate.Passed)
	}
	w.recovered("prod")
	require.Empty(w.t, w.incidents("dev"))
	require.Empty(w.t, w.incidents("staging"))
	require.Len(w.t, w.config.pulls(), 1)
}
