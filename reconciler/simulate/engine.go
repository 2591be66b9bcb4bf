package simulate

import (
	"context"
	"fmt"
	"time"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/sync"
)

const targetKind = "Kustomization"

// target is an app in an environment, as the GitOps engine keeps it.
type target struct {
	app         *app
	environment *environment
	id          sync.Target
	settings    render.Settings
	state       sync.State
	live        rendered
	since       time.Time // when live became what it is
	head        git.Hash  // that was looked at last
	rollout     *event
}

// environment is one of the world's: its Targets are what one GitOps engine keeps, and a sync.Source of Assay's.
type environment struct {
	world   *world
	name    string
	targets []*target
	changed chan struct{}
}

// Targets implements sync.Source.
func (e *environment) Targets(context.Context) (states []sync.State, err error) {
	for _, t := range e.targets {
		states = append(states, t.state)
	}
	return states, nil
}

// Changed implements sync.Source. The world itself has Gates looked at again, in its own order.
func (e *environment) Changed() <-chan struct{} { return e.changed }

func (e *environment) target(app string) *target {
	for _, t := range e.targets {
		if t.app.name == app {
			return t
		}
	}
	return nil
}

// syncSoon has the engines look at a repository when their time comes.
func (w *world) syncSoon(r *repository) {
	if w.looking[r] {
		return
	}
	w.looking[r] = true
	interval := w.spec.Syncs.Interval.Duration
	w.schedule.at(w.schedule.now.Truncate(interval).Add(interval), func() {
		w.looking[r] = false
		for _, e := range w.environments {
			e.sync(r, false)
		}
	})
}

// sync brings what is new in a repository to the Targets that come from it; again also brings what is not new.
func (e *environment) sync(r *repository, again bool) {
	moved := false
	for _, t := range e.targets {
		if t.app.repository == r && (again || t.head != r.head()) {
			t.sync(r.head())
			moved = true
		}
	}
	if moved {
		e.world.lookAgain(e.name)
	}
}

// sync applies a commit: what does not build fails at once, what renders the same is done at once, and all else is rolled out.
func (t *target) sync(at git.Hash) {
	w := t.environment.world
	t.head = at
	before := t.state.Sync
	w.schedule.callOff(t.rollout)
	t.rollout, t.state.Pending = nil, nil
	now := &sync.Sync{
		Target: t.id, Outcome: sync.Applied, At: w.schedule.now,
		Revisions: []sync.Revision{{
			Repository: git.Normalize(t.app.repository.url), URL: t.app.repository.url, Branch: mainBranch,
			Commit: at.String(), Path: t.app.folder(t.environment.name),
		}},
	}
	if before != nil {
		now.Since = before.Since
	}
	what := w.render(w.ctx, t, at, t.settings)
	if what.refusal != nil {
		now.Outcome, now.Reason = sync.Failed, "kustomize build failed: "+what.refusal.Error()
		t.state.Sync, t.state.Reason = now, ""
		w.truthMoved()
		return
	}
	now.Digest = what.digest
	if what.digest == t.live.digest && before != nil && before.Outcome == sync.Applied && before.Digest == what.digest {
		t.state.Sync = now
		return
	}
	now.Since = w.schedule.now
	if t.live.digest != what.digest {
		t.live, t.since = what, w.schedule.now
	}
	w.truthMoved()
	pending := *now
	pending.Outcome, pending.Reason = sync.Failed, fmt.Sprintf("%s is not ready", t.id)
	t.state.Pending = &pending
	t.rollout = w.schedule.after(w.chance.between(w.spec.Syncs.Rollout), func() { t.finish(now) })
}

// finish ends a rollout, unless what is rolled out never becomes healthy.
func (t *target) finish(now *sync.Sync) {
	w := t.environment.world
	if w.unhealthy(t) {
		t.rollout = w.schedule.after(time.Minute, func() { t.finish(now) })
		return
	}
	now.At = w.schedule.now
	t.rollout, t.state.Sync, t.state.Pending, t.state.Reason = nil, now, nil, ""
	w.lookAgain(t.environment.name)
}

// redefine changes what a Target says about building itself, in the cluster, and has it applied.
func (t *target) redefine(settings render.Settings) {
	t.settings = settings
	t.state.Build = settings
	t.sync(t.head)
	t.environment.world.lookAgain(t.environment.name)
}
