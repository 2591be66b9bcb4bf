package argo

import (
	"context"
	"reflect"

	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/rollout"
	"github.com/assay-dev/assay/sources/sync/track"
)

// conclude turns the progress of an Application and what it renders into its state.
func (s *Source) conclude(ctx context.Context, l *look, a *application, p progress, r *rendered, next *syncs.Sync) {
	t := l.Remembered
	pending := p.pending
	seen := t.finished != nil && t.finished.of.equal(p.state) || track.SameWorkloads(t.last, next)
	if !pending && next.Outcome == syncs.Applied && !seen {
		finished, told := s.roll(ctx, l, a, next)
		if !told {
			return
		}
		pending = !finished
	}
	if p.pending && p.failure == syncs.NotHealthy {
		s.explain(ctx, l, a, next)
	}
	if pending {
		s.wait(l, next)
		return
	}
	t.pending, t.finished = nil, nil
	if next.Outcome == syncs.Applied {
		t.finished = r
	}
	t.last = syncs.Newer(t.last, next, s.clock.Now())
	l.State.Sync = t.last
}

// explain adds what the workloads say, such as the image that cannot be pulled, to Argo CD's word that they are not healthy.
func (s *Source) explain(ctx context.Context, l *look, a *application, next *syncs.Sync) {
	if s.options.Rollout == nil || !a.here {
		return
	}
	l.Rolling = true
	if result, err := s.options.Rollout.Finished(ctx, a.inventory, a.ResourceVersion); err == nil && result.Reason != "" {
		next.Reason += ": " + result.Reason
	}
}

// wait tells of a Sync that is on its way. One without a commit is told by its reason: nobody could say what is awaited.
func (s *Source) wait(l *look, next *syncs.Sync) {
	t := l.Remembered
	if len(next.Revisions) == 0 {
		l.State.Sync, l.State.Reason = nil, next.Reason
		return
	}
	next.At = s.clock.Now()
	if t.pending != nil && reflect.DeepEqual(t.pending.Revisions, next.Revisions) {
		next.At = t.pending.At
	}
	t.pending, l.State.Pending = next, next
}

// roll asks how far the workloads are, and has next say so. What the answer is not known of, or hangs on a person, is a Reason, and then
// nothing else is told. In another cluster, Argo CD's word is all there is.
func (s *Source) roll(ctx context.Context, l *look, a *application, next *syncs.Sync) (finished, told bool) {
	if s.options.Rollout == nil || !a.here {
		return true, true
	}
	result, err := s.options.Rollout.Finished(ctx, a.inventory, a.ResourceVersion)
	if err == nil && result.State == rollout.Done {
		return true, true
	}
	l.Rolling = true
	switch {
	case err != nil:
		l.State.Sync, l.State.Reason = nil, err.Error()
		return false, false
	case result.State == rollout.Held:
		l.State.Sync, l.State.Reason = nil, result.Reason
		return false, false
	}
	return track.Unhealthy(next, result), true
}
