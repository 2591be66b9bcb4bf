package blame_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/sources/sync"
)

// unhealthy is a commit whose Sync failed half an hour ago.
func unhealthy(failure sync.Failure, edit ...func(*blame.Case)) blame.Case {
	return broken(append([]func(*blame.Case){func(c *blame.Case) {
		c.Verdict, c.Rounds, c.FailedAt = gate.SyncFailed("exit code 1"), nil, noon.Add(-30*time.Minute)
		c.FailedSyncs = []blame.FailedSync{{Target: shop, Failure: failure, Reason: "exit code 1", NotReproduced: "it builds here"}}
	}}, edit...)...)
}

func TestFailedSyncs(t *testing.T) {
	for name, tt := range map[string]struct {
		failure sync.Failure
		edit    func(*blame.Case)
		kind    blame.Kind
		reason  string
	}{
		"never healthy, for twice the deadline": {sync.NotHealthy, func(*blame.Case) {}, blame.Config, "only commit"},
		"its command fails":                     {sync.DeployFailed, func(*blame.Case) {}, blame.Config, "only commit"},
		"its engine rolled it back":             {sync.RolledBack, func(*blame.Case) {}, blame.Config, "only commit"},
		"a source that says no kind":            {"", func(*blame.Case) {}, blame.Config, "only commit"},
		"something is not reached":              {sync.Unreachable, func(*blame.Case) {}, blame.Environment, "not reached"},
		"others fail too":                       {sync.NotHealthy, func(c *blame.Case) { c.Peers = peers(2, gate.Failed) }, blame.Environment, "outage"},
		"nothing changed":                       {sync.NotHealthy, func(c *blame.Case) { c.Changes[0].After = "A" }, blame.Environment, "neither"},
		"the same rendering":                    {sync.NotHealthy, func(c *blame.Case) { c.Changes[0].OutsideGit = "its sync failed" }, blame.Environment, "outside Git"},
		"a build that fails here too":           {sync.BuildFailed, func(c *blame.Case) { c.FailedSyncs[0].Reproduced = true }, blame.Config, "only commit"},
		"a build that does not":                 {sync.BuildFailed, func(*blame.Case) {}, blame.Unknown, "it builds here"},
		"the tests changed as well":             {sync.NotHealthy, func(c *blame.Case) { c.Tests = "T1" }, blame.Config, "only commit"},
	} {
		t.Run(name, func(t *testing.T) {
			d := blame.Decide(unhealthy(tt.failure, tt.edit))
			require.NotNil(t, d.Cause, d.Reason)
			require.Equal(t, tt.kind, d.Cause.Kind, d.Reason)
			require.Contains(t, d.Reason, tt.reason)
		})
	}
}

func TestAFailedSyncHasAnotherDeadline(t *testing.T) {
	soon := func(c *blame.Case) { c.FailedAt = noon.Add(-time.Minute) }
	d := blame.Decide(unhealthy(sync.NotHealthy, soon))
	require.Equal(t, blame.Await, d.Probe, d.Reason)
	require.Equal(t, noon.Add(9*time.Minute), d.Until)

	d = blame.Decide(unhealthy(sync.BuildFailed, soon, func(c *blame.Case) { c.FailedSyncs[0].Reproduced = true }))
	require.Equal(t, blame.Config, d.Cause.Kind, "a build does not change its mind")
}
