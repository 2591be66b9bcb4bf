package simulate

import (
	"strings"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/revert"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
)

// what a person does about a Proposal, or about a breakage.
type deed string

const (
	merges     deed = "merge"
	squashes   deed = "squash"
	closes     deed = "close"
	ignores    deed = "ignore"
	fixes      deed = "fix forward"
	revertsIt  deed = "revert by hand"
	forcesPush deed = "force-push"
)

// live goes on with good commits and good changes of the tests for as long as the world lasts.
func (w *world) live() {
	w.schedule.after(w.chance.between(w.spec.Commits.Every), func() {
		if !w.over && !w.resting.After(w.schedule.now) {
			w.batch(w.chance.count(w.spec.Commits.Batch))
		}
		w.live()
	})
}

func (w *world) liveTests() {
	w.schedule.after(w.chance.between(w.spec.Tests.ChangeEvery), func() {
		if !w.over && !w.resting.After(w.schedule.now) {
			s := pick(w.chance, w.suites)
			words := w.newValue()
			w.changeTests(s, "Tidy the tests of "+s.name, func(code string) string {
				_, rest, _ := strings.Cut(code, "\n")
				return "# cases of " + s.name + ", " + words + "\n" + rest
			})
		}
		w.liveTests()
	})
}

// answerLater has a person look at a new Proposal.
func (w *world) answerLater(s *server, p *pull) {
	w.schedule.after(w.chance.between(w.spec.People.AnswersAfter), func() { w.answer(s, p) })
	if w.chance.happens(w.spec.People.Hold) {
		w.hold(s, p)
	}
}

func (w *world) answer(s *server, p *pull) {
	if s.look(p).State != gitprovider.Open {
		return
	}
	people := w.spec.People
	does := draw(w.chance, []weighed[deed]{{merges, people.Merge}, {squashes, people.Squash}, {closes, people.Close}, {ignores, people.Ignore}})
	w.log("a person is about to %s pull request %d of %s", does, p.Number, s.repository.url)
	switch does {
	case merges, squashes:
		if err := s.merge(w.ctx, p, pick(w.chance, authors), does == squashes); err != nil {
			w.log("which cannot be done: %v", err)
			w.schedule.after(w.chance.between(people.AnswersAfter), func() { w.answer(s, p) })
			return
		}
		w.syncSoon(s.repository)
	case closes:
		p.State, p.By = gitprovider.Closed, pick(w.chance, authors)
		w.schedule.after(w.chance.between(people.AnswersAfter), w.repairWhatLasts)
	}
}

// repairWhatLasts is what a person does who closed a Proposal.
func (w *world) repairWhatLasts() {
	for _, b := range w.breakages {
		if b.lasts() && b.kind.ofConfig() {
			w.repair(b)
		}
	}
}

// repairLater has somebody repair a breakage that Assay does not get rid of.
func (w *world) repairLater(b *breakage) {
	if b.kind == outage || b.kind == dependency {
		return // it ends by itself
	}
	w.schedule.after(w.chance.between(w.spec.People.RepairsAfter), func() {
		if b.lasts() {
			w.repair(b)
			w.repairLater(b)
		}
	})
}

func (w *world) repair(b *breakage) {
	people := w.spec.People
	does := draw(w.chance, []weighed[deed]{{fixes, people.FixForward}, {revertsIt, people.RevertByHand}, {forcesPush, people.ForcePush}})
	if b.repaired || !b.kind.ofConfig() || b.kind == badImage {
		does = fixes
	}
	b.repaired = true
	w.log("a person is about to %s breakage %d", does, b.number)
	switch {
	case b.kind == drift:
		b.on = false
		w.truthMoved()
	case b.kind.ofTests():
		for _, id := range b.cases {
			delete(w.wrongCases, id)
			w.changeTests(w.suite(id.Suite), "Mend "+id.Name, mendCase(id.Name))
		}
		w.schedule.after(2*pullInterval, w.truthMoved)
	case b.kind == definition:
		w.environment(b.environments[0]).target(b.app).redefine(render.Settings{})
	case does == revertsIt && w.revertByHand(b), does == forcesPush && w.forcePush(b):
	default:
		w.fixForward(b)
	}
}

// mendBuild drops what is not there from an app's kustomization.
func (w *world) mendBuild(b *breakage) {
	a := w.app(b.app)
	c := change{repository: a.repository, author: pick(w.chance, authors), message: "Name only what is there in " + a.name, apps: []string{a.name}}
	c.edit = func(at git.Hash) edit {
		e := edit{}
		e.set(a.kustomization(), strings.Replace(a.repository.read(w.ctx, at, a.kustomization()), ", "+b.missing, "", 1))
		return e
	}
	w.push(c)
}

// fixForward sets every bad value to a good one.
func (w *world) fixForward(b *breakage) {
	if b.kind == doesNotBuild {
		w.mendBuild(b)
		return
	}
	if b.kind == badImage {
		w.publish(w.app(b.app))
		return
	}
	for _, v := range b.needs {
		w.push(w.set("Fix "+v.setting.String(), value{v.setting, w.newValue()}))
	}
}

// revertByHand reverts the commits of a breakage as git revert does, if nothing is in the way.
func (w *world) revertByHand(b *breakage) bool {
	r := w.repositoryOfCommits(b)
	if r == nil {
		return false
	}
	by := git.Signature{Name: pick(w.chance, authors), Email: "people@example.com", When: w.schedule.now}
	scratch := r.Repository().Scratch()
	result, err := revert.Revert(w.ctx, scratch, r.head(), b.commits[len(b.commits)-1:], revert.Options{Author: by, Committer: by})
	if err != nil || !result.Clean() || len(result.Commits) == 0 {
		return false
	}
	must(scratch.Flush(w.ctx))
	w.log("%s reverts %.8s by hand: %.8s", by.Name, b.commits[len(b.commits)-1], result.Tip())
	r.push(w.ctx, result.Tip())
	w.syncSoon(r)
	return true
}

// forcePush takes the newest commits off main, back to the parent of the bad one.
func (w *world) forcePush(b *breakage) bool {
	r := w.repositoryOfCommits(b)
	if r == nil || len(b.commits) != 1 {
		return false
	}
	bad, head := b.commits[0], r.head()
	if on, err := git.IsAncestor(w.ctx, r.Repository(), bad, head); err != nil || !on {
		return false
	}
	to := r.commitAt(w.ctx, bad).Parent()
	if to.IsZero() {
		return false
	}
	w.log("main of %s is forced back from %.8s to %.8s", r.url, head, to)
	r.push(w.ctx, to)
	w.syncSoon(r)
	return true
}

// repositoryOfCommits is the one that holds all commits of a breakage; nil where there are several, or no commits.
func (w *world) repositoryOfCommits(b *breakage) (found *repository) {
	for _, v := range b.needs {
		r := v.setting.in
		if found != nil && found != r {
			return nil
		}
		found = r
	}
	if b.kind == doesNotBuild {
		found = w.app(b.app).repository
	}
	if len(b.commits) == 0 {
		return nil
	}
	return found
}
