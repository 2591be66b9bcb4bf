package flux

import "context"

// lookAtKustomization fills in all that hangs on the status.
func (s *Source) lookAtKustomization(ctx context.Context, l *look, k *kustomization) {
	l.State.Reason = l.Doubt // nothing that may be old is told to be on its way
	l.State.Definition = s.definition(l.Item, k.parent())
	var newest source
	if from, reason := s.source(k.source()); reason == "" {
		newest = *from
	}
	p := k.progress(newest.revision, newest.originRevision)
	if p.nothing != "" {
		l.State.Reason = p.nothing
		return
	}
	o, reason := s.origin(k, p.revision, p.origin)
	if reason != "" {
		l.State.Reason = reason
		return
	}
	if good, reason := s.origin(k, k.applied, k.appliedOrigin); reason == "" && k.applied != "" {
		l.State.Good = good.revisions
	}
	r, err := s.render(ctx, l, k, o, p)
	if err != nil {
		l.Unrendered(err)
		return
	}
	s.conclude(ctx, l, p, &k.target, r)
}
