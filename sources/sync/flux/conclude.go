package flux

import (
	"context"

	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/rollout"
)

// conclude turns the progress of a Target and what it renders into its state.
func (s *Source) conclude(ctx context.Context, t *tracked, p progress, of *target, r *rendered, v *view) {
	this := attempt{p.revision, p.origin, of.Generation}
	next := &syncs.Sync{
		Target: v.state.Target, Revisions: r.revisions, Outcome: p.outcome, Reason: p.reason, Failure: p.failure, Digest: r.digest,
	}
	v.state.Build = r.build
	if p.again && t.failed == this { // Flux tries the same once more
		v.state.Sync = t.last
		return
	}
	finished := !p.pending
	if p.outcome == syncs.Applied && t.finished != this && !t.sameAs(next) {
		finished = s.roll(ctx, of, next, v)
	}
	switch {
	case finished:
		s.finish(t, this, next, v)
	case v.state.Reason == "":
		s.wait(t, this, next, v)
	}
}

// finish tells of a Sync that has finished.
func (s *Source) finish(t *tracked, this attempt, next *syncs.Sync, v *view) {
	t.pending, t.finished, t.failed = attempt{}, attempt{}, attempt{}
	if next.Outcome == syncs.Applied {
		t.finished = this
	} else {
		t.failed = this
	}
	t.last = syncs.Newer(t.last, next, s.clock.Now())
	v.state.Sync = t.last
}

// wait tells of a Sync that is on its way.
func (s *Source) wait(t *tracked, this attempt, next *syncs.Sync, v *view) {
	if t.pending != this {
		t.pending, t.since = this, s.clock.Now()
	}
	next.At = t.since
	v.state.Sync, v.state.Pending = t.last, next
}

// sameAs tells whether a Sync brought what was finished already: its workloads are those that were looked at then.
func (t *tracked) sameAs(next *syncs.Sync) bool {
	return t.last != nil && t.last.Outcome == syncs.Applied && next.Digest != "" && t.last.Digest == next.Digest
}

// roll asks how far the workloads are, and has next say so. What the answer is not known of, or hangs on a person, is a Reason, and then
// it has not finished either.
func (s *Source) roll(ctx context.Context, of *target, next *syncs.Sync, v *view) (finished bool) {
	if s.options.Rollout == nil || of.remote { // in another cluster, Flux's word is all there is
		return true
	}
	result, err := s.options.Rollout.Finished(ctx, of.inventory, of.ResourceVersion)
	if err == nil && result.State == rollout.Done {
		return true
	}
	v.rolling = true // also where it failed: whoever brings it out may come round
	switch {
	case err != nil:
		v.state.Reason, v.settled = err.Error(), false
		return false
	case result.State == rollout.Held:
		v.state.Reason = result.Reason
		return false
	}
	next.Outcome, next.Failure, next.Reason = syncs.Failed, syncs.NotHealthy, result.Reason
	if result.State == rollout.RolledBack {
		next.Failure = syncs.RolledBack
	}
	return result.State != rollout.Waiting
}
