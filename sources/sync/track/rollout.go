package track

import (
	"context"

	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/rollout"
)

// Rollout says whether nothing but the new version of what was applied serves; *rollout.Checker is one.
type Rollout interface {
	// Finished says how far the objects are; what is known of them must not be older than the resource version after.
	Finished(ctx context.Context, objects []rollout.Ref, after string) (rollout.Result, error)
	// Changed receives a value when Finished may say something else. What is received here nobody else receives.
	Changed() <-chan struct{}
}

// SameWorkloads tells whether a Sync brings what the one that finished before brought already: its workloads are those that were looked
// at then.
func SameWorkloads(before, next *syncs.Sync) bool {
	return before != nil && before.Outcome == syncs.Applied && next.Digest != "" && before.Digest == next.Digest
}

// Unhealthy has a Sync fail as its workloads do that are not done, or would if they stayed as they are. Over says that they will.
func Unhealthy(next *syncs.Sync, result rollout.Result) (over bool) {
	next.Outcome, next.Failure, next.Reason = syncs.Failed, syncs.NotHealthy, result.Reason
	if result.State == rollout.RolledBack {
		next.Failure = syncs.RolledBack
	}
	return result.State != rollout.Waiting
}
