package flux

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"

	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/fetch"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// tracked is a Target with what is known of it. Only the worker that looks at it touches anything but the view, which Source.mu guards.
type tracked struct {
	view

	last     *syncs.Sync // that finished
	pending  attempt     // that is on its way, and since when
	since    time.Time
	finished attempt // whose workloads were seen to be done
	failed   attempt
	rendered *rendered
}

// view is what a look at a Target found.
type view struct {
	state   syncs.State
	rolling bool // it waits for its workloads
	settled bool // it need not be looked at again before something changes
	awaited bool // nor before a fetch ends; how often that failed is not forgotten meanwhile
}

// attempt identifies what Flux tries to bring about: a revision, under a generation of the spec.
type attempt struct {
	revision, origin string
	generation       int64
}

// look finds out what there is to tell of a Target now.
func (s *Source) look(ctx context.Context, i item) (v view) {
	t, found := s.target(i), false
	v.settled = true
	switch i.kind {
	case KindKustomization:
		var k *kustomization
		if k, found = s.kustomizations.Get(i.key); found {
			v.begin(s.identity(i), &k.target, s.kustomizations.Stale())
			s.lookAtKustomization(ctx, i, t, k, &v)
		}
	case KindHelmRelease:
		var r *helmRelease
		if r, found = s.releases.Get(i.key); found {
			v.begin(s.identity(i), &r.target, s.releases.Stale())
			s.lookAtRelease(ctx, i, t, r, &v)
		}
	}
	switch {
	case ctx.Err() != nil: // what was found may be about that
	case found:
		s.tell(i, t, v)
	default:
		s.forget(i)
	}
	return v
}

// begin tells what does not hang on the status.
func (v *view) begin(target syncs.Target, of *target, stale string) {
	v.state.Target, v.state.Labels, v.state.RequestedAt, v.state.Reason = target, of.Labels, of.Annotations[requestedAt], stale
}

func (s *Source) identity(i item) syncs.Target {
	return syncs.Target{Cluster: s.options.Cluster, Kind: i.kind, Namespace: i.key.Namespace, Name: i.key.Name}
}

// target is what is known of one, which may be nothing yet.
func (s *Source) target(i item) *tracked {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.targets[i]; t != nil {
		return t
	}
	return &tracked{}
}

// tell puts what was found in place of what was known, and has it heard of when it says something new.
func (s *Source) tell(i item, t *tracked, v view) {
	s.mu.Lock()
	_, known := s.targets[i]
	before := t.state
	t.view = v
	if !known {
		s.targets[i], s.sorted = t, nil
	}
	if i.kind == KindKustomization && before.Sync != v.state.Sync {
		for child := range s.children[i.key] {
			s.queue.Add(child)
		}
	}
	s.mu.Unlock()
	if !known || differs(before, v.state) {
		s.moves.Note(v.state.Target)
	}
}

func differs(a, b syncs.State) bool {
	return a.Sync != b.Sync || a.Reason != b.Reason || a.RequestedAt != b.RequestedAt || !maps.Equal(a.Labels, b.Labels) ||
		(a.Pending == nil) != (b.Pending == nil) || a.Pending != nil && (!a.Pending.At.Equal(b.Pending.At) || a.Pending.Reason != b.Pending.Reason)
}

// forget drops a Target that is gone.
func (s *Source) forget(i item) {
	s.mu.Lock()
	t, known := s.targets[i]
	delete(s.targets, i)
	for _, children := range s.children {
		delete(children, i)
	}
	s.sorted = nil
	s.mu.Unlock()
	if known {
		s.moves.Note(t.state.Target)
	}
}

// adopt notes which Kustomization applied a Target, which is looked at again when that one has moved. It returns what is known of it.
func (s *Source) adopt(parent watch.Key, child item) (state syncs.State, known bool) {
	if parent.Name == "" {
		return state, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.children[parent] == nil {
		s.children[parent] = map[item]bool{}
	}
	s.children[parent][child] = true
	t, known := s.targets[item{KindKustomization, parent}]
	if known {
		state = t.state
	}
	return state, known
}

// definition is where a Kustomization that another one applied is written.
func (s *Source) definition(i item, parent watch.Key) *syncs.Definition {
	by, known := s.adopt(parent, i)
	if !known || by.Sync == nil || len(by.Sync.Revisions) != 1 || parent == i.key {
		return nil
	}
	build := by.Build
	build.Only = []render.ObjectRef{{Group: kustomizev1.GroupVersion.Group, Kind: i.kind, Namespace: i.key.Namespace, Name: i.key.Name}}
	return &syncs.Definition{By: by.Target, Revision: by.Sync.Revisions[0], Build: build}
}

// lookAtKustomization looks at one.
func (s *Source) lookAtKustomization(ctx context.Context, i item, t *tracked, k *kustomization, v *view) {
	v.state.Definition = s.definition(i, k.parent())
	var newest source
	if from, reason := s.source(k.source()); reason == "" {
		newest = *from
	}
	p := k.progress(newest.revision, newest.originRevision)
	if p.nothing != "" {
		v.state.Reason = p.nothing
		return
	}
	o, reason := s.origin(k, p.revision, p.origin)
	if reason != "" {
		v.state.Reason = reason
		return
	}
	if good, reason := s.origin(k, k.applied, k.appliedOrigin); reason == "" && k.applied != "" {
		v.state.Good = good.revisions
	}
	r, err := s.render(ctx, i, t, k, o, p)
	if err != nil {
		s.unrendered(t, err, v)
		return
	}
	s.conclude(ctx, t, p, &k.target, r, v)
}

// soon is why something is not known yet, and will be without being asked for.
type soon string

func (s soon) Error() string { return string(s) }

// unknown begins the Reason of a Target of which it cannot be found out what it renders.
const unknown = "what it renders is not known: "

// unrendered tells of a Target of which it is not known what it renders. Where it soon will be, what was known before stays, with a Sync that is on
// its way: what runs meanwhile goes on, and is not judged before it is known which state it met.
func (s *Source) unrendered(t *tracked, err error, v *view) {
	var yet soon
	if !errors.As(err, &yet) && !errors.Is(err, fetch.ErrUnderway) {
		v.state.Reason, v.settled = unknown+err.Error(), false
		return
	}
	v.awaited = errors.Is(err, fetch.ErrUnderway)
	s.mu.Lock()
	defer s.mu.Unlock()
	before := t.state
	v.state.Sync, v.state.Pending, v.state.Build, v.state.Good = before.Sync, before.Pending, before.Build, before.Good
	switch {
	case v.state.Reason != "":
	case strings.HasPrefix(before.Reason, unknown):
		v.state.Reason = before.Reason // what failed last is told until it has not
	case before.Sync == nil:
		v.state.Reason = err.Error()
	case before.Pending == nil:
		v.state.Pending = &syncs.Sync{
			Target: v.state.Target, Outcome: syncs.Failed, Failure: syncs.Unreachable, Reason: err.Error(), At: s.clock.Now(),
		}
	}
}
