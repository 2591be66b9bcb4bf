//go:build e2e

package e2e

import (
	"testing"

	sdk "code.gitea.io/sdk/gitea"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/gate"
)

// TestRealRecovery tells the story that Assay is for: good, bad, a revert that a person merges, good again.
func TestRealRecovery(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]engine{"flux": flux, "argo": argo} {
		for bad, files := range map[string]map[string]string{"value": badValue, "config": badConfig, "image": badImage} {
			t.Run(name+" "+bad, func(t *testing.T) {
				t.Parallel()
				recovery(newWorld(t, shared(t), e), files)
			})
		}
	}
}

func recovery(w *world, breaking map[string]string) {
	w.assay.start()
	w.verdict("staging", w.opened, gate.Passed)
	require.Contains(w.t, w.event("staging", "VerificationPassed"), "Passed")
	w.eventually("the status of the good commit", func() bool { return w.config.status(w.opened, "assay/staging/shop") == sdk.StatusSuccess })

	bad := w.deploy("Break it", breaking)
	w.verdict("staging", bad, gate.Failed)
	page := w.proposed()
	require.Equal(w.t, `Revert "Break it"`, page.Title)
	require.Contains(w.t, page.Body, bad[:7])
	require.Contains(w.t, page.Body, "staging")
	require.Contains(w.t, w.event("staging", "ProposalOpened"), page.HTMLURL)
	w.eventually("the status of the bad commit", func() bool { return w.config.status(bad, "assay/staging/shop") == sdk.StatusFailure })

	merged := w.config.merge(page.Index)
	w.look()
	w.verdict("staging", merged, gate.Passed)
	require.Contains(w.t, w.recovered("staging").Reason, "the revert was merged and synced")
	w.assay.stop()
}
