package argo

import (
	"cmp"
	"context"
	"fmt"

	syncs "github.com/assay-dev/assay/sources/sync"
)

// lookAt fills in all that hangs on the status.
func (s *Source) lookAt(ctx context.Context, l *look, a *application) {
	l.State.Sync, l.State.Definition = l.Remembered.last, s.definition(a)
	p := a.progress()
	l.Doubt = cmp.Or(p.stale, l.Doubt)
	if len(p.sources) == 0 {
		return
	}
	r, err := s.resolve(ctx, l, a, p)
	if err != nil {
		l.Unrendered(err)
		return
	}
	if !p.newest.IsZero() && p.failure == syncs.BuildFailed && r.digest != "" {
		p = p.ofAnother()
	}
	if l.State.Builds = r.builds; len(r.revisions) > 0 {
		l.State.Build = l.State.BuildOf(r.revisions[0])
	}
	if l.State.Good, err = s.goodRevisions(ctx, a); err != nil {
		l.Doubt = err.Error()
	}
	next := &syncs.Sync{
		Target: l.State.Target, Revisions: r.revisions, Outcome: p.outcome, Failure: p.failure, Reason: p.reason, Digest: r.digest,
	}
	if p.failed != nil {
		if err := s.inherit(ctx, l, a, *p.failed, next); err != nil {
			l.Unrendered(err)
			return
		}
	}
	s.conclude(ctx, l, a, p, r, next)
}

// inherit has a Sync that Argo CD found without an operation fail as the operation before did, when it renders the same.
func (s *Source) inherit(ctx context.Context, l *look, a *application, failed progress, next *syncs.Sync) error {
	before, err := s.resolve(ctx, l, a, failed)
	if err != nil {
		return fmt.Errorf("what failed before is not known: %w", err)
	}
	if before.digest != "" && before.digest == next.Digest {
		next.Outcome, next.Failure, next.Reason = failed.outcome, failed.failure, failed.reason
	}
	return nil
}
