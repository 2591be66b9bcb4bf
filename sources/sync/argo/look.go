package argo

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/fetch"
	"github.com/assay-dev/assay/sources/sync/rollout"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// tracked is a Target with what is known of it. Only the worker that looks at it touches anything but the view, which Source.mu guards.
type tracked struct {
	view

	last     *syncs.Sync // that finished
	pending  *syncs.Sync // that is on its way, since its At
	finished state       // whose workloads were seen to be done
	rendered []*rendered // of the states that were looked at last
}

// view is what a look at a Target found.
type view struct {
	state   syncs.State
	rolling bool // it waits for its workloads
	settled bool // it need not be looked at again before something changes
	awaited bool // nor before a fetch ends; how often that failed is not forgotten meanwhile
}

// look finds out what there is to tell of an Application now.
func (s *Source) look(ctx context.Context, key watch.Key) (v view) {
	t := s.target(key)
	v.settled = true
	a, found := s.applications.Get(key)
	if found {
		v.begin(s.identity(key), a, s.applications.Stale())
		s.lookAt(ctx, key, a, t, &v)
	}
	switch {
	case ctx.Err() != nil: // what was found may be about that
	case found:
		s.tell(key, t, v)
	default:
		s.forget(key)
	}
	return v
}

// begin tells what does not hang on the status.
func (v *view) begin(target syncs.Target, of *application, stale string) {
	v.state.Target, v.state.Labels, v.state.RequestedAt, v.state.Reason = target, of.Labels, of.Annotations[requestedAt], stale
}

func (s *Source) identity(key watch.Key) syncs.Target {
	return syncs.Target{Cluster: s.options.Cluster, Kind: KindApplication, Namespace: key.Namespace, Name: key.Name}
}

// target is what is known of one, which may be nothing yet.
func (s *Source) target(key watch.Key) *tracked {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.targets[key]; t != nil {
		return t
	}
	return &tracked{}
}

// lookAt fills in all that hangs on the status.
func (s *Source) lookAt(ctx context.Context, key watch.Key, a *application, t *tracked, v *view) {
	v.state.Sync = t.last
	v.state.Definition = s.definition(a)
	p := a.progress()
	if p.stale != "" {
		v.state.Reason = p.stale
	}
	if len(p.sources) == 0 {
		return
	}
	r, err := s.resolve(ctx, key, a, t, p)
	if err != nil {
		s.unrendered(t, err, v)
		return
	}
	if v.state.Builds = r.builds; len(r.revisions) > 0 {
		v.state.Build = v.state.BuildOf(r.revisions[0])
	}
	if v.state.Good, err = s.goodRevisions(ctx, a); err != nil {
		v.state.Reason = err.Error()
	}
	next := &syncs.Sync{
		Target: v.state.Target, Revisions: r.revisions, Outcome: p.outcome, Failure: p.failure, Reason: p.reason, Digest: r.digest,
	}
	if p.failed != nil {
		if err := s.inherit(ctx, key, a, t, *p.failed, next); err != nil {
			s.unrendered(t, err, v)
			return
		}
	}
	s.conclude(ctx, a, t, p, next, v)
}

// unknown begins the Reason of an Application of which it cannot be found out what it renders.
const unknown = "what it renders is not known: "

// unrendered tells why it is not known what an Application renders. While a commit is fetched, what was known before stays, with a Sync that is on
// its way: what runs meanwhile goes on, and is not judged before it is known which state it met. What failed last is told until it has not.
func (s *Source) unrendered(t *tracked, err error, v *view) {
	if v.awaited = errors.Is(err, fetch.ErrUnderway); !v.awaited {
		v.state.Reason, v.settled = unknown+err.Error(), false
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := t.state
	v.state.Sync, v.state.Pending = before.Sync, before.Pending
	v.state.Build, v.state.Builds, v.state.Good = before.Build, before.Builds, before.Good
	switch {
	case strings.HasPrefix(before.Reason, unknown):
		v.state.Reason = before.Reason
	case before.Sync == nil:
		v.state.Reason = unknown + err.Error()
	case before.Pending == nil:
		v.state.Pending = &syncs.Sync{
			Target: v.state.Target, Outcome: syncs.Failed, Failure: syncs.Unreachable, Reason: err.Error(), At: s.clock.Now(),
		}
	}
}

// inherit has a Sync that Argo CD found without an operation fail as the operation before did, when it renders the same.
func (s *Source) inherit(ctx context.Context, key watch.Key, a *application, t *tracked, failed progress, next *syncs.Sync) error {
	before, err := s.resolve(ctx, key, a, t, failed)
	if err != nil {
		return fmt.Errorf("what failed before is not known: %w", err)
	}
	if before.digest != "" && before.digest == next.Digest {
		next.Outcome, next.Failure, next.Reason = failed.outcome, failed.failure, failed.reason
	}
	return nil
}

// conclude turns the progress of an Application and what it renders into its state.
func (s *Source) conclude(ctx context.Context, a *application, t *tracked, p progress, next *syncs.Sync, v *view) {
	pending := p.pending
	if !pending && next.Outcome == syncs.Applied && !t.finished.equal(p.state) && !t.sameAs(next) {
		finished, told := s.roll(ctx, a, next, v)
		if !told {
			return
		}
		pending = !finished
	}
	if p.pending && p.failure == syncs.NotHealthy {
		s.explain(ctx, a, next, v)
	}
	if pending {
		s.wait(t, next, v)
		return
	}
	t.pending, t.finished = nil, state{}
	if next.Outcome == syncs.Applied {
		t.finished = p.state
	}
	t.last = syncs.Newer(t.last, next, s.clock.Now())
	v.state.Sync = t.last
}

// explain adds what the workloads say, such as the image that cannot be pulled, to Argo CD's word that they are not healthy.
func (s *Source) explain(ctx context.Context, a *application, next *syncs.Sync, v *view) {
	if s.options.Rollout == nil || !a.here {
		return
	}
	v.rolling = true
	if result, err := s.options.Rollout.Finished(ctx, a.inventory, a.ResourceVersion); err == nil && result.Reason != "" {
		next.Reason += ": " + result.Reason
	}
}

// wait tells of a Sync that is on its way. One without a commit is told by its reason: nobody could say what is awaited.
func (s *Source) wait(t *tracked, next *syncs.Sync, v *view) {
	if len(next.Revisions) == 0 {
		v.state.Sync, v.state.Reason = nil, next.Reason
		return
	}
	next.At = s.clock.Now()
	if t.pending != nil && reflect.DeepEqual(t.pending.Revisions, next.Revisions) {
		next.At = t.pending.At
	}
	t.pending, v.state.Pending = next, next
}

// sameAs tells whether a Sync brought what was finished already: its workloads are those that were looked at then.
func (t *tracked) sameAs(next *syncs.Sync) bool {
	return t.last != nil && t.last.Outcome == syncs.Applied && next.Digest != "" && t.last.Digest == next.Digest
}

// roll asks how far the workloads are, and has next say so. What the answer is not known of, or hangs on a person, is a Reason, and then
// nothing else is told. In another cluster, Argo CD's word is all there is.
func (s *Source) roll(ctx context.Context, a *application, next *syncs.Sync, v *view) (finished, told bool) {
	if s.options.Rollout == nil || !a.here {
		return true, true
	}
	result, err := s.options.Rollout.Finished(ctx, a.inventory, a.ResourceVersion)
	if err != nil {
		v.rolling, v.state.Sync, v.state.Reason = true, nil, err.Error()
		return false, false
	}
	switch result.State {
	case rollout.Done:
		return true, true
	case rollout.Held:
		v.rolling, v.state.Sync, v.state.Reason = true, nil, result.Reason
		return false, false
	}
	v.rolling = true
	next.Outcome, next.Failure, next.Reason = syncs.Failed, syncs.NotHealthy, result.Reason
	if result.State == rollout.RolledBack {
		next.Failure = syncs.RolledBack
	}
	return result.State != rollout.Waiting, true
}

// tell has people see what a look found.
func (s *Source) tell(key watch.Key, t *tracked, v view) {
	s.mu.Lock()
	before, known := t.view, s.targets[key] != nil
	t.view = v
	if !known {
		s.targets[key], s.sorted = t, nil
	}
	s.mu.Unlock()
	if known && reflect.DeepEqual(before.state, v.state) {
		return
	}
	s.moves.Note(v.state.Target)
	if before.state.Sync != v.state.Sync {
		s.lookAtUsersOf(key.Name)
		for _, set := range s.sets.With(key.Name) {
			s.lookAtUsersOf("set/" + keyOf(set).String())
		}
	}
}

func (s *Source) forget(key watch.Key) {
	s.mu.Lock()
	t, known := s.targets[key]
	delete(s.targets, key)
	s.sorted = nil
	s.mu.Unlock()
	if known {
		s.moves.Note(t.state.Target)
	}
}

// definition is where an Application is written, when another one applied it, or the ApplicationSet that makes it.
func (s *Source) definition(a *application) *syncs.Definition {
	parent, written := parentOf(a), render.ObjectRef{Group: applicationResource.Group, Kind: KindApplication, Namespace: a.Namespace, Name: a.Name}
	if owner := a.owner(); owner != "" {
		set, found := s.sets.Get(watch.Key{Namespace: a.Namespace, Name: owner})
		if !found {
			return nil
		}
		parent, written.Kind, written.Name = parentOf(set), "ApplicationSet", owner
	}
	if parent.Namespace == "" {
		parent.Namespace = s.options.Namespace
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	by := s.targets[parent]
	if by == nil || by.state.Sync == nil || len(by.state.Sync.Revisions) == 0 || parent == keyOf(a) {
		return nil
	}
	d := &syncs.Definition{By: by.state.Target, Revision: by.state.Sync.Revisions[0]}
	d.Build = by.state.BuildOf(d.Revision)
	d.Build.Only = []render.ObjectRef{written}
	return d
}
