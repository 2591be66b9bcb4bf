package reconciler

import (
	"fmt"
	"strings"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/tests"
)

// decideOpen brings the open Verification to its end.
func decideOpen(w *world, open *history.Verification) Action {
	if len(w.unready) > 0 {
		return wait{until: w.lookAgain, why: strings.Join(w.unready, "; ")} // what ran may not count, once it is known where the state went
	}
	if why := supersedes(w, open); why != "" {
		return supersede{verification: *open, why: why}
	}
	if failed := failedSync(open.Targets); failed != "" && open.Verdict == nil {
		return judge{verification: *open, verdict: gate.SyncFailed(failed)}
	}
	for _, r := range w.rounds {
		switch {
		case len(r.lost) > 0:
			return retry{lost: r.lost}
		case len(r.waiting) > 0 && r.trial != nil:
			return decideTrial(w, open, r)
		case len(r.waiting) > 0:
			return decideWaiting(w, r)
		}
	}
	switch {
	case w.unseen():
		return wait{why: "the runs ended, and count once the targets are seen not to have moved"}
	case len(w.stale) > 0:
		return abandon{verification: *open, why: strings.Join(w.stale, "; ")}
	case open.Phase == history.Running:
		return decideVerdict(w, *open)
	}
	return decideBlame(w, *open)
}

func decideWaiting(w *world, r round) Action {
	var idle []history.Run
	for _, run := range r.waiting {
		if !w.inFlight[run.ID] {
			idle = append(idle, run)
		}
	}
	if len(idle) > 0 {
		return execute{runs: idle, why: several(len(idle), "run is", "runs are") + " waiting to start"}
	}
	return wait{why: several(len(r.waiting), "run is", "runs are") + " under way"}
}

// decideVerdict judges, once all Suites ran that are to run.
func decideVerdict(w *world, open history.Verification) Action {
	first := w.rounds[0]
	if next := nextOrdered(w.gate, w.suites, first.suites); next != nil {
		return schedule{
			verification: open.ID, purpose: history.ToVerify, suites: []*tests.Suite{next},
			why: "the suites are ordered, and those before " + next.Name() + " hold",
		}
	}
	return judge{verification: open, verdict: gate.Judge(w.gate, allSuites(w.suites, first.suites), w.baseline())}
}

func supersedes(w *world, open *history.Verification) string {
	switch {
	case !sameState(open.Targets, w.targets):
		return describeMove(open.Targets, w.targets)
	case open.Tests.Digest != w.tests.Digest:
		return "the tests changed"
	case w.changedAt.After(open.Started):
		return "a target was changed and changed back while the suites ran"
	}
	for _, t := range w.targets {
		if trial := w.states[t.Target].Trial; trial != nil && trial.Overtaken != "" {
			return fmt.Sprintf("%s is to move on: %s", t.Target, trial.Overtaken)
		}
	}
	return ""
}
