package simulate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/tests"
)

// The truths that hold at every step of every run. What breaks one is a violation, which ends the simulation with exit code
// 1, whatever the figures say.

// violated notes that a truth does not hold, with the moment.
func (j *judge) violated(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	j.world.log("VIOLATION: %s", text)
	j.violations = append(j.violations, j.world.schedule.now.Format("Jan 02 15:04:05")+": "+text)
}

// writes are what the pass that is being taken did outside, seen at the servers.
type writes struct {
	refs     map[*repository]map[string]git.Hash // as they were before
	pushed   map[*repository]bool
	proposed bool // a pull request was opened, or main moved
}

// watch has the judge see all that Assay does outside.
func (j *judge) watch() {
	w := j.world
	j.writes = writes{refs: map[*repository]map[string]git.Hash{}, pushed: map[*repository]bool{}}
	for _, r := range w.anyRepositories() {
		r.Fail(func(op string) error {
			if op == git.OpPushed {
				j.writes.pushed[r] = true
			}
			return w.gitFault(op)
		})
	}
	for _, r := range w.configs {
		s := w.servers[r]
		s.fault = w.providerFault
		s.watch = func(did string, p *pull) { j.did(s, did, p) }
	}
}

// before notes where everything is before a pass.
func (j *judge) before() {
	clear(j.writes.pushed)
	j.writes.proposed = false
	for _, r := range j.world.configs {
		j.writes.refs[r] = r.Refs()
	}
}

// did checks what Assay does to a pull request, at the moment that it does.
func (j *judge) did(s *server, did string, p *pull) {
	w := j.world
	w.log("Assay: %s pull request %d of %s (%s)", did, p.Number, s.repository.url, p.branch)
	switch did {
	case "open":
		if w.stopped(s.repository) {
			j.violated("pull request %d was opened while people had stopped Assay", p.Number)
		}
		j.writes.proposed = true
		w.answerLater(s, p)
	case "merge":
		j.checkMerge(s, p)
		w.syncSoon(s.repository)
	}
}

// checkMerge holds a merge by Assay itself against the rules.
func (j *judge) checkMerge(s *server, p *pull) {
	w := j.world
	mode := tests.Stricter(w.policy.Rollback.Mode, w.spec.Operator.Mode)
	switch {
	case mode != tests.Merge && mode != tests.Commit:
		j.violated("pull request %d was merged in mode %s", p.Number, mode)
	case w.stopped(s.repository), slices.Contains(p.Labels, rollback.StopLabel):
		j.violated("pull request %d was merged while people had stopped Assay", p.Number)
	}
	parents := s.repository.commitAt(w.ctx, p.MergeCommit).Parents
	j.checkByItself(s.repository, parents[0], p.MergeCommit, fmt.Sprintf("pull request %d", p.Number))
}

// checkByItself holds what Assay brought to main by itself against the rules: one culprit, and nothing deleted that may hold data.
func (j *judge) checkByItself(r *repository, from, to git.Hash, what string) {
	w := j.world
	for _, e := range w.environments {
		for _, t := range e.targets {
			if t.app.repository != r {
				continue
			}
			before, after := w.render(w.ctx, t, from, t.settings), w.render(w.ctx, t, to, t.settings)
			if before.claims > after.claims {
				j.violated("%s deletes a volume claim of %s by itself", what, t.id)
			}
		}
	}
}

// checkWrites looks for what a pass pushed.
func (j *judge) checkWrites(key history.Key) {
	w := j.world
	for _, r := range w.configs {
		before, now := j.writes.refs[r], r.Refs()
		if !j.writes.pushed[r] {
			continue
		}
		for name, at := range now {
			if before[name] == at {
				continue
			}
			switch {
			case name == mainRef:
				j.pushedToMain(key, r, before[name], at)
			case strings.HasPrefix(name, "refs/heads/assay/"):
				if w.stopped(r) {
					j.violated("%s was pushed while people had stopped Assay", name)
				}
			case strings.HasPrefix(name, "refs/heads/"):
				j.violated("Assay pushed %s, which is not its branch", name)
			}
		}
	}
}

// pushedToMain checks a push to the branch itself.
func (j *judge) pushedToMain(key history.Key, r *repository, from, to git.Hash) {
	w := j.world
	if last := r.commitAt(w.ctx, to); len(last.Parents) > 1 || last.Author.Name != "Assay" {
		return // a merge, which was checked
	}
	w.log("Assay pushes %.8s to main of %s", to, r.url)
	j.writes.proposed = true
	w.syncSoon(r)
	if mode := tests.Stricter(w.policy.Rollback.Mode, w.spec.Operator.Mode); mode != tests.Commit {
		j.violated("Assay pushed %.8s to main in mode %s", to, mode)
	}
	if w.stopped(r) {
		j.violated("Assay pushed %.8s to main while people had stopped it", to)
	}
	commits, err := git.FirstParents(w.ctx, r.Repository(), from, to)
	if err != nil || len(commits) != 1 {
		j.violated("Assay pushed %d commits to main at once: %v", len(commits), err)
		return
	}
	j.checkByItself(r, from, to, fmt.Sprintf("commit %.8s", to))
}

// checkProposed holds a new Proposal against the rules.
func (j *judge) checkProposed(key history.Key, state history.GateState, p history.Proposal) {
	w := j.world
	what := fmt.Sprintf("proposal %s of %s/%s", p.Branch, key.Environment, key.Gate)
	if j.writes.proposed { // else a fault kept from history what was done before
		j.checkVerdict(state, what)
	}
	r, e, g := w.repositoryAt(p.Repository), w.environment(key.Environment), w.gate(key.Gate)
	for _, c := range p.Culprits {
		culprit, err := git.ParseHash(c)
		must(err)
		commit := r.commitAt(w.ctx, culprit)
		if _, reverts := revertOf(commit); reverts || commit.Author.Name == "Assay" {
			j.violated("%s reverts %.8s, which is a revert", what, c)
		}
		if !w.changes(r, culprit, e, g) {
			j.violated("%s reverts %.8s, which changes nothing that the gate's targets render", what, c)
		}
		j.checkOnce(r, p, culprit, what)
	}
}

// checkVerdict wants a Failed Verdict with a Config cause, and a recent pass of the state before.
func (j *judge) checkVerdict(state history.GateState, what string) {
	switch final := state.Final; {
	case state.Incident.Cause == nil || state.Incident.Cause.Kind != blame.Config:
		j.violated("%s rests on no Config cause", what)
	case final.Verdict.Outcome != gate.Failed:
		j.violated("%s rests on a verdict that is %s", what, final.Verdict.Outcome)
	case state.Passed == nil:
		j.violated("%s rests on no state that passed", what)
	}
	if state.Passed == nil {
		return
	}
	if age := state.Final.Started.Sub(state.Passed.RanAt); age > j.world.policy.BaselineMaxAge.Duration {
		j.violated("%s rests on a pass that was %s old", what, age)
	}
}

// checkRecovered wants the Gate to have run on what is live now, and not before.
func (j *judge) checkRecovered(key history.Key, state history.GateState) {
	e, g := j.world.environment(key.Environment), j.world.gate(key.Gate)
	for _, t := range e.targets {
		if g.concerns(t.app.name) && state.Final.Started.Before(t.since) {
			j.violated("%s/%s is called recovered by a run from before %s changed", e.name, g.name, t.id)
		}
	}
}

// checkOnce wants every commit in one Proposal at most.
func (j *judge) checkOnce(r *repository, p history.Proposal, culprit git.Hash, what string) {
	for _, other := range j.order {
		if other.repository == r && other.branch != p.Branch && slices.Contains(other.culprits, culprit) && !other.shadow {
			j.violated("%s reverts %.8s, which %s was about already", what, culprit, other.branch)
		}
	}
	for _, pr := range j.world.servers[r].pulls {
		if pr.branch == p.Branch && pr.State == gitprovider.Closed && pr.By != "Assay" && pr.Number != p.Number {
			j.violated("%s is proposed again, though a person closed pull request %d", what, pr.Number)
		}
	}
}

// atRest tells whether Assay has nothing to bring to an end.
func (j *judge) atRest() bool {
	keys, err := j.world.history.Unfinished(j.world.ctx)
	must(err)
	return len(keys) == 0
}

// checkEnd wants nothing left once everything is well again: no open work, no Incident, no pull request.
func (j *judge) checkEnd() {
	w := j.world
	keys, err := w.history.Unfinished(w.ctx)
	must(err)
	for _, key := range keys {
		j.violated("%s/%s is not done with, though all is well", key.Environment, key.Gate)
	}
	for _, e := range w.environments {
		for _, g := range w.gates {
			state, err := w.history.Gate(w.ctx, history.Key{Environment: e.name, Gate: g.name})
			must(err)
			if state.Final == nil || state.Final.Verdict.Outcome != gate.Passed {
				j.violated("%s/%s does not pass, though all is well", e.name, g.name)
				continue
			}
			for _, t := range state.Final.Targets {
				if t.Digest != e.target(t.Target.Name).live.digest {
					j.violated("%s/%s was not verified for what is live of %s: an event was lost", e.name, g.name, t.Target)
				}
			}
		}
	}
	for _, r := range w.configs {
		for _, p := range w.servers[r].pulls {
			if w.servers[r].look(p).State == gitprovider.Open {
				j.violated("pull request %d of %s is open, though all is well", p.Number, r.url)
			}
		}
	}
}
