package simulate

import (
	"context"
	"slices"
	"time"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/sources/git"
)

const stopFile = ".assay/stop"

// hold has a person stop Assay for a while, in one of the ways that there are.
func (w *world) hold(s *server, p *pull) {
	w.schedule.after(w.chance.between(span(time.Minute, time.Hour)), func() {
		until := w.schedule.now.Add(w.chance.between(span(time.Hour, 6*time.Hour)))
		switch w.chance.IntN(3) {
		case 0:
			w.holdByFile(s.repository, until)
		case 1:
			w.log("a person puts %s on pull request %d", rollback.StopLabel, p.Number)
			p.label(rollback.StopLabel)
			w.schedule.at(until, func() {
				p.Labels = slices.DeleteFunc(p.Labels, func(l string) bool { return l == rollback.StopLabel })
			})
		default:
			w.log("a person holds all proposals until %s", until.Format("15:04:05"))
			w.held = until
			must(w.history.Hold(w.ctx, history.Hold{Reason: "a release", By: "Eve", At: w.schedule.now, Until: until}))
		}
	})
}

func (w *world) holdByFile(r *repository, until time.Time) {
	if w.stoppedByFile(w.ctx, r) {
		return
	}
	stop := change{repository: r, author: "Eve", message: "Stop Assay", edit: func(git.Hash) edit { e := edit{}; e.set(stopFile, "a release\n"); return e }}
	w.push(stop)
	w.schedule.at(until, func() {
		w.push(change{repository: r, author: "Eve", message: "Let Assay go on", edit: func(git.Hash) edit { return edit{stopFile: nil} }})
	})
}

func (w *world) stoppedByFile(ctx context.Context, r *repository) bool {
	return r.read(ctx, r.head(), stopFile) != ""
}

// stopped tells whether people stopped Assay from writing to a repository.
func (w *world) stopped(r *repository) bool {
	return w.schedule.now.Before(w.held) || w.stoppedByFile(w.ctx, r)
}
