package track_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/rollout"
	"github.com/assay-dev/assay/sources/sync/track"
)

var _ track.Rollout = (*rollout.Checker)(nil)

func TestAFailureIsTheWorkloadsOwn(t *testing.T) {
	for state, want := range map[rollout.State]struct {
		failure syncs.Failure
		over    bool
	}{
		rollout.Waiting:    {syncs.NotHealthy, false},
		rollout.Failed:     {syncs.NotHealthy, true},
		rollout.RolledBack: {syncs.RolledBack, true},
	} {
		next := &syncs.Sync{Outcome: syncs.Applied}
		require.Equal(t, want.over, track.Unhealthy(next, rollout.Result{State: state, Reason: "a pod"}), state)
		require.Equal(t, &syncs.Sync{Outcome: syncs.Failed, Failure: want.failure, Reason: "a pod"}, next, state)
	}
}

func TestWhichWorkloadsAreThoseFromBefore(t *testing.T) {
	applied := &syncs.Sync{Outcome: syncs.Applied, Digest: "a"}
	for name, test := range map[string]struct {
		before, next *syncs.Sync
		same         bool
	}{
		"the same":            {applied, &syncs.Sync{Digest: "a"}, true},
		"others":              {applied, &syncs.Sync{Digest: "b"}, false},
		"the first":           {nil, &syncs.Sync{Digest: "a"}, false},
		"what failed before":  {&syncs.Sync{Outcome: syncs.Failed, Digest: "a"}, &syncs.Sync{Digest: "a"}, false},
		"what does not build": {&syncs.Sync{Outcome: syncs.Applied}, &syncs.Sync{}, false},
	} {
		require.Equal(t, test.same, track.SameWorkloads(test.before, test.next), name)
	}
}
