package simulate

import (
	"slices"
	"time"

	"sigs.k8s.io/kustomize/api/types"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
)

// breakSoon plans the next breakage, until there were enough.
func (w *world) breakSoon() {
	w.schedule.after(w.chance.between(w.spec.Breakages.Every), func() { w.breakNow() })
}

func (w *world) breakNow() {
	if w.begun() >= w.wanted {
		return
	}
	if !w.allWell() && !w.chance.happens(w.spec.Breakages.Overlap) {
		w.schedule.after(30*time.Minute, w.breakNow)
		return
	}
	b := &breakage{number: len(w.breakages) + 1, kind: draw(w.chance, w.spec.Breakages.weights())}
	w.inject(b)
	w.breakages = append(w.breakages, b)
	w.truthMoved()
	w.schedule.after(tooLate, func() { b.stillborn = b.began.IsZero() })
	w.breakSoon()
}

// tooLate is when a breakage that is not live yet never will be: somebody overwrote it before it was synced.
const tooLate = 10 * 24 * time.Hour

// begun counts the breakages that came to be.
func (w *world) begun() (n int) {
	for _, b := range w.breakages {
		if !b.began.IsZero() {
			n++
		}
	}
	return n
}

// allWell tells whether nothing is wrong, or on its way.
func (w *world) allWell() bool {
	return !w.resting.After(w.schedule.now) && !slices.ContainsFunc(w.breakages, func(b *breakage) bool { return b.lasts() || b.began.IsZero() && !b.stillborn })
}

// inject has a breakage begin: by commits that will be synced, or at once.
func (w *world) inject(b *breakage) {
	w.log("breakage %d (%s) is on its way", b.number, b.kind)
	switch b.kind {
	case badTogether:
		w.breakTogether(b)
	case exercised, undeclared:
		w.breakElsewhere(b)
	case badShared:
		r := pick(w.chance, w.configs)
		s := pick(w.chance, sharedSettings(r))
		for _, a := range w.apps {
			if a.repository == r {
				b.cases = append(b.cases, w.someCases(w.suite(a.name))...)
			}
		}
		w.bringIn(b, value{s, w.newValue()})
	case doesNotBuild:
		w.breakBuild(b)
	case rewritten:
		w.breakRewritten(b)
	case definition:
		w.breakDefinition(b)
	case brokenTests, testsAndCommits:
		w.breakTests(b)
	case outage, dependency:
		w.breakOutage(b)
	case drift:
		w.breakDrift(b)
	default:
		w.breakCommit(b)
	}
}

// breakCommit is one bad commit to one app.
func (w *world) breakCommit(b *breakage) {
	a := pick(w.chance, w.apps)
	b.app = a.name
	s := pick(w.chance, a.common)
	switch b.kind {
	case oneEnvironment:
		e := pick(w.chance, w.environments)
		b.environments = []string{e.name}
		if own := a.in(e.name); w.chance.happens(0.5) {
			s = pick(w.chance, own)
		}
	case badImage:
		s = a.image()
	}
	if b.kind != neverHealthy {
		b.cases = w.someCases(w.suite(a.name))
	}
	w.bringIn(b, value{s, w.newValue()})
}

// bringIn pushes a bad value among good commits.
func (w *world) bringIn(b *breakage, v value) {
	b.needs = append(b.needs, v)
	c := w.set("Change "+v.setting.String()+" to "+v.to, v)
	c.made = b.brought
	switch b.kind {
	case badImage:
		c.author, c.message = robot, "Update images"
		w.images[v.setting.app] = v.to
	case withData:
		assigned := c.edit
		c.edit = func(at git.Hash) edit { return w.app(v.setting.app).addClaim(w.ctx, assigned(at), at, "claim-"+v.to) }
	}
	w.batch(w.chance.count(w.spec.Breakages.Batch), c)
}

func (b *breakage) brought(at git.Hash) { b.commits = append(b.commits, at) }

// someCases are one to three of a Suite.
func (w *world) someCases(s *suite) (ids []blame.CaseID) {
	for _, i := range w.chance.Perm(len(s.cases))[:1+w.chance.IntN(min(3, len(s.cases)))] {
		ids = append(ids, s.id(s.cases[i]))
	}
	return ids
}

func allCases(s *suite) (ids []blame.CaseID) {
	for _, name := range s.cases {
		ids = append(ids, s.id(name))
	}
	return ids
}

// breakTogether needs two apps that one Gate concerns.
func (w *world) breakTogether(b *breakage) {
	g := w.gateThrough()
	if g == nil {
		b.kind = badCommit
		w.breakCommit(b)
		return
	}
	first := value{pick(w.chance, g.through[0].common), w.newValue()}
	second := value{pick(w.chance, g.after[0].common), w.newValue()}
	b.cases = w.someCases(g.suites[0])
	if w.chance.happens(0.5) {
		first, second = second, first
	}
	b.needs = []value{first, second}
	make := func(v value) change {
		c := w.set("Change "+v.setting.String()+" to "+v.to, v)
		c.made = b.brought
		return c
	}
	if w.chance.happens(0.3) {
		w.batch(w.chance.count(w.spec.Breakages.Batch), make(first), make(second))
		return
	}
	w.batch(w.chance.count(w.spec.Breakages.Batch), make(first))
	w.schedule.after(w.chance.between(w.spec.Commits.Every), func() { w.batch(w.chance.count(w.spec.Breakages.Batch), make(second)) })
}

// gateThrough is a Gate that exercises an app; nil if none does.
func (w *world) gateThrough() *testGate {
	var all []*testGate
	for _, g := range w.gates {
		if len(g.through) > 0 {
			all = append(all, g)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return pick(w.chance, all)
}

// breakElsewhere is a bad commit to an app that the Gate of another app notices.
func (w *world) breakElsewhere(b *breakage) {
	g := w.gateThrough()
	if b.kind == undeclared {
		g = w.gates[w.chance.IntN(len(w.apps))]
	}
	if g == nil {
		b.kind = badCommit
		w.breakCommit(b)
		return
	}
	b.cases = w.someCases(g.suites[0])
	a := g.after[0]
	if b.kind == exercised {
		a = g.through[0]
	} else if others := slices.DeleteFunc(slices.Clone(w.apps), func(a *app) bool { return g.concerns(a.name) }); len(others) > 0 {
		a = pick(w.chance, others)
	}
	b.app = a.name
	w.bringIn(b, value{pick(w.chance, a.common), w.newValue()})
}

// breakBuild names a file that is not there.
func (w *world) breakBuild(b *breakage) {
	a := pick(w.chance, w.apps)
	b.app = a.name
	b.missing = "absent-" + w.newValue() + ".yaml"
	c := change{repository: a.repository, author: pick(w.chance, authors), message: "Split the settings of " + a.name, apps: []string{a.name}, made: b.brought}
	c.edit = func(at git.Hash) edit {
		e := edit{}
		e.set(a.kustomization(), withResource(c.repository.read(w.ctx, at, a.kustomization()), b.missing))
		return e
	}
	w.batch(w.chance.count(w.spec.Breakages.Batch), c)
}

// breakRewritten replaces the newest commit by the same under another name, and puts a bad one on top.
func (w *world) breakRewritten(b *breakage) {
	a := pick(w.chance, w.apps)
	v := value{pick(w.chance, a.common), w.newValue()}
	r, head := a.repository, a.repository.head()
	old := r.commitAt(w.ctx, head)
	if old.Parent().IsZero() { // there is nothing to rewrite yet
		b.kind = badCommit
		w.breakCommit(b)
		return
	}
	same := r.commitTree(w.ctx, old.Author.Name, old.Subject()+" (again)", old.Tree, old.Parent())
	bad := r.commit(w.ctx, pick(w.chance, authors), "Change "+v.setting.String()+" to "+v.to, assign(w.ctx, same, v), same)
	b.app, b.needs, b.cases = a.name, []value{v}, w.someCases(w.suite(a.name))
	b.brought(bad)
	w.log("main of %s is rewritten from %.8s to %.8s", r.url, head, bad)
	r.push(w.ctx, bad)
	w.syncSoon(r)
}

// breakDefinition patches what a Target builds, in the cluster.
func (w *world) breakDefinition(b *breakage) {
	e, a := pick(w.chance, w.environments), pick(w.chance, w.apps)
	v := value{setting{a.repository, a.name, "level", e.name}, w.newValue()}
	b.app, b.needs, b.environments, b.cases = a.name, []value{v}, []string{e.name}, w.someCases(w.suite(a.name))
	e.target(a.name).redefine(render.Settings{Patches: []types.Patch{{
		Patch: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + a.name + "-local}\ndata: {level: " + v.to + "}\n",
	}}})
}

// breakTests breaks the code of cases, and lets good commits arrive with it.
func (w *world) breakTests(b *breakage) {
	a := pick(w.chance, w.apps)
	b.app = a.name
	b.cases = w.someCases(w.suite(a.name))
	for _, id := range b.cases {
		w.wrongCases[id] = true
		w.changeTests(w.suite(a.name), "Test "+id.Name+" harder", breakCase(id.Name))
	}
	if b.kind == testsAndCommits {
		s := w.anySetting(a)
		w.batch(w.chance.count(w.spec.Breakages.Batch), w.set("Tune "+s.String(), value{s, w.newValue()}))
	}
}

// breakOutage takes away what tests need, for a while.
func (w *world) breakOutage(b *breakage) {
	a := pick(w.chance, w.apps)
	for _, s := range w.suites {
		switch {
		case b.kind == outage:
			b.cases = append(b.cases, allCases(s)...)
		case s.name == a.name:
			b.app = a.name
			b.cases = append(b.cases, w.someCases(s)...)
		case s.control && s.name == controlOf(a):
			b.cases = append(b.cases, allCases(s)...)
		}
	}
	if w.chance.happens(w.spec.Breakages.DuringCommits) {
		s := w.anySetting(a)
		w.batch(w.chance.count(w.spec.Breakages.Batch), w.set("Tune "+s.String(), value{s, w.newValue()}))
	}
	b.on = true
	w.schedule.after(w.chance.between(w.spec.Breakages.OutageTakes), func() {
		b.on = false
		w.truthMoved()
	})
}

// breakDrift leaves everything alone for a week; then a certificate expires, and a harmless commit arrives.
func (w *world) breakDrift(b *breakage) {
	const week = 7 * 24 * time.Hour
	a := pick(w.chance, w.apps)
	b.app = a.name
	w.resting = w.schedule.now.Add(week)
	w.schedule.after(week, func() {
		b.cases = w.someCases(w.suite(a.name))
		if s := w.suiteNamed(controlOf(a)); s != nil {
			b.cases = append(b.cases, allCases(s)...)
		}
		b.on = true
		w.truthMoved()
		noticed := w.chance.between(w.spec.Breakages.DriftNoticed)
		w.resting = w.schedule.now.Add(noticed)
		w.schedule.after(noticed, func() {
			s := w.anySetting(a)
			w.push(w.set("Tune "+s.String(), value{s, w.newValue()}))
		})
	})
}
