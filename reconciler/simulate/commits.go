package simulate

import (
	"fmt"
	"strings"

	"github.com/assay-dev/assay/sources/git"
)

// change is a commit that somebody is about to push.
type change struct {
	repository      *repository
	author, message string
	// edit is what it changes on top of a commit.
	edit func(at git.Hash) edit
	// apps that render something else after it.
	apps []string
	// made is told of the commit on main's first-parent path.
	made func(git.Hash)
}

// push makes the changes, one after the other, and moves the branches once.
func (w *world) push(changes ...change) {
	heads := map[*repository]git.Hash{}
	var order []*repository
	for _, c := range changes {
		r := c.repository
		if _, begun := heads[r]; !begun {
			heads[r] = r.head()
			order = append(order, r)
		}
		at := r.commit(w.ctx, c.author, c.message, c.edit(heads[r]), heads[r])
		if w.chance.happens(w.spec.Commits.Merges) {
			at = r.commitTree(w.ctx, c.author, "Merge branch 'topic' of "+c.author+"\n\n"+c.message, r.commitAt(w.ctx, at).Tree, heads[r], at)
		}
		heads[r] = at
		if c.made != nil {
			c.made(at)
		}
		w.log("%s pushes %.8s to %s: %s", c.author, at, r.url, c.message)
	}
	for _, r := range order {
		r.push(w.ctx, heads[r])
		w.syncSoon(r)
	}
}

// authors of good and of bad commits are the same people.
var authors = []string{"Ada", "Ben", "Cleo", "Dan", "Eve"}

// set is a change that gives settings of one repository their values.
func (w *world) set(message string, values ...value) change {
	c := change{repository: values[0].setting.in, author: pick(w.chance, authors), message: message}
	for _, v := range values {
		c.apps = append(c.apps, v.setting.app)
	}
	c.edit = func(at git.Hash) edit { return assign(w.ctx, at, values...) }
	return c
}

// harmless is a change that breaks nothing: another value, or other words. It keeps away from apps.
func (w *world) harmless(away []string) change {
	if w.chance.happens(w.spec.Commits.Refactors) {
		return w.refactor()
	}
	if w.chance.happens(w.spec.Commits.Shared) {
		s := pick(w.chance, sharedSettings(pick(w.chance, w.configs)))
		return w.set("Tune "+s.String(), value{s, w.newValue()})
	}
	apps := w.apps
	if near := w.appsBesides(away); len(near) > 0 {
		apps = near
	}
	s := w.anySetting(pick(w.chance, apps))
	return w.set("Tune "+s.String(), value{s, w.newValue()})
}

// refactor is a change after which everything renders the same.
func (w *world) refactor() change {
	a := pick(w.chance, w.apps)
	c := change{repository: a.repository, author: pick(w.chance, authors), message: "Explain the settings of " + a.name}
	words := w.newValue()
	c.edit = func(at git.Hash) edit {
		e := edit{}
		if w.chance.happens(0.5) {
			e.set("README.md", "Written anew for "+words+".\n")
			return e
		}
		file := "apps/" + a.name + "/settings.yaml"
		lines := strings.SplitN(c.repository.read(w.ctx, at, file), "\n", 2)
		if strings.HasPrefix(lines[0], "#") {
			lines = lines[1:]
		}
		e.set(file, "# what "+a.name+" goes by, "+words+"\n"+strings.Join(lines, "\n"))
		return e
	}
	return c
}

// batch puts harmless changes around others, which keep their order, and pushes all of them at once.
func (w *world) batch(size int, wanted ...change) {
	var away []string
	for _, c := range wanted {
		away = append(away, c.apps...)
	}
	all := wanted
	for len(all) < size {
		var near []string
		if w.chance.happens(w.spec.Commits.Apart) {
			near = away
		}
		c := w.harmless(near)
		away = append(away, c.apps...)
		i := w.chance.IntN(len(all) + 1)
		all = append(all[:i:i], append([]change{c}, all[i:]...)...)
	}
	w.push(all...)
}

// newValue is one that was never there before.
func (w *world) newValue() string {
	w.values++
	return fmt.Sprintf("v%d", w.values)
}

func (w *world) anySetting(a *app) setting {
	return pick(w.chance, append(append([]setting{}, a.common...), a.local...))
}

func (w *world) appsBesides(names []string) (others []*app) {
	for _, a := range w.apps {
		away := false
		for _, name := range names {
			away = away || name == a.name || name == sharedApp
		}
		if !away {
			others = append(others, a)
		}
	}
	return others
}
