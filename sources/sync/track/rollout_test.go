package track_test

import (
	"context"
	"testing"
	"time"

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

func TestAWorkloadThatMovesOnWhileItsTargetIsLookedAtIsNotMissed(t *testing.T) {
	in(t, func(t *testing.T, e *engine) {
		e.shop("one", "")
		e.run()
		e.looked()
		first := true
		e.finds(func(_ context.Context, l *look) {
			l.Rolling = true
			if first {
				e.Rollout.Answer(rollout.Result{State: rollout.Done}, nil)
				time.Sleep(time.Second) // of the bubble's: who waits for workloads hears of it
			}
			first = false
		})
		e.tracker.LookAt(item("one"))
		time.Sleep(time.Minute)
		require.Equal(t, map[string]int{"one": 2}, e.looked())
	})
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
