package flux

import (
	"context"

	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/rollout"
	"github.com/assay-dev/assay/sources/sync/track"
)

// conclude turns the progress of a Target and what it renders into its state.
func (s *Source) conclude(ctx context.Context, l *look, p progress, of *target, r *rendered) {
	t := l.Remembered
	this := attempt{p.revision, p.origin, of.Generation}
	next := &syncs.Sync{
		Target: l.State.Target, Revisions: r.revisions, Outcome: p.outcome, Reason: p.reason, Failure: p.failure, Digest: r.digest,
	}
	l.State.Build = r.build
	if p.again && t.failed == this { // Flux tries the same once more
		l.State.Sync = t.last
		return
	}
	finished := !p.pending
	if p.outcome == syncs.Applied && t.finished != this && !track.SameWorkloads(t.last, next) {
		finished = s.roll(ctx, l, of, next)
	}
	switch {
	case finished:
		s.finish(l, this, next)
	case l.State.Reason == "":
		s.wait(l, this, next)
	}
}

// finish tells of a Sync that has finished.
func (s *Source) finish(l *look, this attempt, next *syncs.Sync) {
	t := l.Remembered
	t.pending, t.finished, t.failed = attempt{}, attempt{}, attempt{}
	if next.Outcome == syncs.Applied {
		t.finished = this
	} else {
		t.failed = this
	}
	t.last = syncs.Newer(t.last, next, s.clock.Now())
	l.State.Sync = t.last
}

// wait tells of a Sync that is on its way.
func (s *Source) wait(l *look, this attempt, next *syncs.Sync) {
	t := l.Remembered
	if t.pending != this {
		t.pending, t.since = this, s.clock.Now()
	}
	next.At = t.since
	l.State.Sync, l.State.Pending = t.last, next
}

// roll asks how far the workloads are, and has next say so. What the answer is not known of, or hangs on a person, is a Reason, and then
// it has not finished either.
func (s *Source) roll(ctx context.Context, l *look, of *target, next *syncs.Sync) (finished bool) {
	if s.options.Rollout == nil || of.remote { // in another cluster, Flux's word is all there is
		return true
	}
	result, err := s.options.Rollout.Finished(ctx, of.inventory, of.ResourceVersion)
	if err == nil && result.State == rollout.Done {
		return true
	}
	l.Rolling = true // also where it failed: whoever brings it out may come round
	switch {
	case err != nil:
		l.State.Reason, l.Retry = err.Error(), true
		return false
	case result.State == rollout.Held:
		l.State.Reason = result.Reason
		return false
	}
	return track.Unhealthy(next, result)
}
