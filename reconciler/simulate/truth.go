package simulate

import (
	"slices"
	"strings"
	"time"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/sources/git"
)

// breakage is something that is wrong with the world, and the truth about it.
type breakage struct {
	number int
	kind   kind
	// needs are the values that are bad together; only where all of them are live. Environments are those where they are bad; none is all.
	needs        []value
	environments []string
	// app that does not build or become healthy, is built another way, or has lost what it needs.
	app string
	// missing is the file that the app names, and that is not there.
	missing string
	// cases that fail.
	cases []blame.CaseID
	// on says that what no commit brought lasts.
	on bool
	// commits that brought it, as people remember them.
	commits []git.Hash

	began, ended time.Time // of it being live anywhere; ended is zero while it is
	repaired     bool      // somebody set about it
	stillborn    bool      // it was overwritten before it was ever live
	told         story
}

// lasts tells whether it is live anywhere.
func (b *breakage) lasts() bool { return !b.began.IsZero() && b.ended.IsZero() }

// holds tells whether the breakage is live in an environment.
func (w *world) holds(b *breakage, e *environment) bool {
	if len(b.environments) > 0 && !slices.Contains(b.environments, e.name) {
		return false
	}
	switch {
	case b.kind == doesNotBuild:
		t := e.target(b.app)
		return !t.head.IsZero() && w.names(b, t.head)
	case len(b.needs) > 0:
		return !slices.ContainsFunc(b.needs, func(v value) bool { return e.value(v.setting) != v.to })
	case b.kind.ofTests():
		return slices.ContainsFunc(b.cases, func(id blame.CaseID) bool { return w.wrongCases[id] })
	}
	return b.on
}

// names tells whether a commit's app names the file that is not there.
func (w *world) names(b *breakage, at git.Hash) bool {
	a := w.app(b.app)
	return strings.Contains(a.repository.read(w.ctx, at, a.kustomization()), b.missing)
}

// value is what a setting is set to in what is live.
func (e *environment) value(s setting) string {
	for _, t := range e.targets {
		if t.app.repository == s.in && (t.app.name == s.app || s.app == sharedApp) {
			return t.live.facts[s.key()]
		}
	}
	return ""
}

// truthMoved notes which breakages are live now.
func (w *world) truthMoved() {
	for _, b := range w.breakages {
		live := slices.ContainsFunc(w.environments, func(e *environment) bool { return w.holds(b, e) })
		switch {
		case live && b.began.IsZero():
			b.began = w.schedule.now
			w.log("breakage %d (%s) is live", b.number, b.kind)
			w.repairLater(b)
		case live && !b.ended.IsZero():
			b.ended = time.Time{}
			w.log("breakage %d (%s) is live again", b.number, b.kind)
			w.repairLater(b)
		case !live && b.lasts():
			b.ended = w.schedule.now
			w.log("breakage %d (%s) is over", b.number, b.kind)
			if b.kind == badImage {
				w.schedule.after(w.chance.between(w.spec.People.AnswersAfter), func() { w.publishAgain(b) })
			}
		}
	}
}

// unhealthy tells whether what is live of a Target never becomes healthy.
func (w *world) unhealthy(t *target) bool {
	return slices.ContainsFunc(w.breakages, func(b *breakage) bool {
		return b.kind == neverHealthy && b.app == t.app.name && w.holds(b, t.environment)
	})
}

// why lists what makes a case fail in an environment; wrong says that its code does.
func (w *world) why(e *environment, id blame.CaseID, wrong bool) (all []*breakage) {
	for _, b := range w.breakages {
		if !slices.Contains(b.cases, id) {
			continue
		}
		if b.kind.ofTests() && wrong || !b.kind.ofTests() && w.holds(b, e) {
			all = append(all, b)
		}
	}
	return all
}

// whySync lists what keeps Targets of a Gate from being synced.
func (w *world) whySync(e *environment, g *testGate) (all []*breakage) {
	for _, b := range w.breakages {
		if (b.kind == doesNotBuild || b.kind == neverHealthy) && g.concerns(b.app) && w.holds(b, e) {
			all = append(all, b)
		}
	}
	return all
}

// guilty tells whether a commit brought something of a breakage, by what it renders against its first parent.
func (w *world) guilty(r *repository, at git.Hash, b *breakage) bool {
	commit := r.commitAt(w.ctx, at)
	if b.kind == doesNotBuild {
		return w.app(b.app).repository == r && w.names(b, at) && (commit.Parent().IsZero() || !w.names(b, commit.Parent()))
	}
	for _, e := range w.environments {
		for _, t := range e.targets {
			if t.app.repository != r || len(b.environments) > 0 && !slices.Contains(b.environments, e.name) {
				continue
			}
			after, before := w.render(w.ctx, t, at, t.settings), rendered{}
			if parent := commit.Parent(); !parent.IsZero() {
				before = w.render(w.ctx, t, parent, t.settings)
			}
			for _, v := range b.needs {
				key := v.setting.key()
				if v.setting.in == r && after.facts[key] == v.to && before.facts[key] != v.to {
					return true
				}
			}
		}
	}
	return false
}

// changes tells whether a commit changes what any Target of a Gate renders.
func (w *world) changes(r *repository, at git.Hash, e *environment, g *testGate) bool {
	commit := r.commitAt(w.ctx, at)
	for _, t := range e.targets {
		if t.app.repository != r || !g.concerns(t.app.name) {
			continue
		}
		after, before := w.render(w.ctx, t, at, t.settings), rendered{}
		if parent := commit.Parent(); !parent.IsZero() {
			before = w.render(w.ctx, t, parent, t.settings)
		}
		if after.digest != before.digest || after.refusal != nil || before.refusal != nil {
			return true
		}
	}
	return false
}
