package reconciler_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/git"
	syncs "github.com/assay-dev/assay/sources/sync"
)

// TestWhatKindOfFailureASyncCameTo has an engine tell that a commit could not be synced, and why.
func TestWhatKindOfFailureASyncCameTo(t *testing.T) {
	for name, tt := range map[string]struct {
		failure syncs.Failure
		outcome gate.Outcome
		cause   blame.Kind
		reason  string
	}{
		"the source is not reached": {syncs.Unreachable, gate.Failed, blame.Environment, "not reached"},
		"it waits for another":      {syncs.Waiting, gate.Inconclusive, "", "waits for another target"},
		"it does not become well":   {syncs.NotHealthy, gate.Failed, blame.Config, "only commit"},
		"its engine went back":      {syncs.RolledBack, gate.Failed, blame.Config, "only commit"},
		"a build that works here":   {syncs.BuildFailed, gate.Failed, blame.Unknown, "it builds here"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			flux := &engine{changed: make(chan struct{}, 1)}
			s.sources = []syncs.Source{flux}
			s.tests.push("Follow a Kustomization", map[string]string{
				"staging/kustomization.yaml": "resources: [suite.yaml, gate.yaml]\n",
				"staging/gate.yaml": "apiVersion: assay.dev/v1alpha1\nkind: Gate\nmetadata: {name: shop}\n" +
					"spec: {after: [{kind: Kustomization}], suites: [{name: smoke}], deadline: 300ms}\n",
			})
			s.runner.judge = func(runner.Job) int { return 0 }
			target := syncs.Target{Kind: "Kustomization", Namespace: "flux-system", Name: "shop"}
			synced := func(commit string, failure syncs.Failure) syncs.State {
				sync := &syncs.Sync{
					Target: target, Outcome: syncs.Applied,
					Revisions: []syncs.Revision{{Repository: git.Normalize(s.config.bare), URL: s.config.bare, Branch: "main", Commit: commit, Path: "shop"}},
				}
				if failure != "" {
					sync.Outcome, sync.Failure, sync.Reason = syncs.Failed, failure, "told by the engine"
				}
				return syncs.State{Target: target, Sync: sync}
			}
			s.start()
			good := s.config.push("Sell at 7", price("7"))
			flux.tell(synced(good, ""))
			s.verified("shop", good)
			next := s.config.push("Sell at 8", price("8"))
			flux.tell(synced(next, tt.failure))
			v := s.verified("shop", next)
			require.Equal(t, tt.outcome, v.Verdict.Outcome, v.Verdict.Reason)
			if tt.cause == "" {
				require.Nil(t, v.Cause)
				require.Contains(t, v.Verdict.Reason, tt.reason)
				return
			}
			require.Equal(t, tt.cause, v.Cause.Kind, v.Cause.Reason)
			require.Contains(t, v.Cause.Reason, tt.reason)
		})
	}
}
