package reconciler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

// decideBlame takes blame's next step: another round of Runs, or the Cause.
func decideBlame(w *world, open history.Verification) Action {
	d := blame.Decide(*w.evidence)
	switch d.Probe {
	case blame.Rerun:
		return schedule{
			verification: open.ID, purpose: history.ToRerun, number: len(w.evidence.Rounds) + 1,
			suites: w.suitesThatFailed(*open.Verdict), why: d.Reason,
		}
	case blame.OldTests:
		return schedule{
			verification: open.ID, purpose: history.ToOldTests,
			suites: w.oldTests.SuitesOf(w.oldTests.Gate(w.key.Gate)), why: d.Reason,
		}
	}
	return attribute{verification: open, decision: d, flakesPass: w.flakesPass()}
}

// attribute ends the open Verification with its Cause.
type attribute struct {
	verification history.Verification
	decision     blame.Decision
	flakesPass   bool
}

func (attribute) Name() string { return "Attribute" }
func (a attribute) Reason() string {
	if a.decision.Cause == nil {
		return string(gate.Inconclusive) + ": " + a.decision.Reason
	}
	return string(a.decision.Cause.Kind) + ": " + a.decision.Reason
}

func (a attribute) do(ctx context.Context, l *Loop, w *world) error {
	v := a.verification
	verdict := *v.Verdict
	switch {
	case a.decision.Inconclusive:
		verdict.Outcome, verdict.Reason = gate.Inconclusive, a.decision.Reason+" ("+verdict.Reason+")"
	case a.decision.Cause.Kind == blame.Flake && a.flakesPass:
		verdict.Outcome, verdict.Reason = gate.Passed, a.decision.Reason
	}
	v.Verdict, v.Cause = &verdict, a.decision.Cause
	v.Phase, v.Finished = history.Done, w.now
	return l.history.Advance(ctx, v)
}

// observeBlame gathers what blame rests on.
func (l *Loop) observeBlame(ctx context.Context, env *Environment, w *world, open *history.Verification) error {
	c := &blame.Case{
		Gate: w.gate, Verdict: *open.Verdict, Now: w.now, Tests: open.Tests.Digest,
		FailedSync: failedSync(open.Targets),
	}
	w.evidence = c
	passed := w.past.Passed
	if passed != nil {
		c.Passed = &blame.Passed{Tests: passed.Tests.Digest, RanAt: passed.RanAt}
		for _, t := range open.Targets {
			change, err := l.change(ctx, env, w, t, find(passed.Targets, t.Target))
			if err != nil {
				return err
			}
			c.Changes = append(c.Changes, change)
		}
		for _, t := range passed.Targets {
			if find(open.Targets, t.Target) == nil {
				c.Changes = append(c.Changes, blame.Change{Target: t.Target, Before: identity(t), Untraceable: "it is gone from the gate since the last pass"})
			}
		}
	}
	if passed != nil && passed.Tests.Digest != open.Tests.Digest {
		if _, err := l.testsFor(ctx, env, w, history.ToOldTests); err != nil {
			return err
		}
		if w.oldTests.Gate(w.key.Gate) == nil {
			c.OldTests, c.OldTestsReason = gate.Inconclusive, "the old tests cannot be run any more: "+cmp.Or(w.oldTestsProblem, "they hold no such gate")
		}
	}
	var ids []blame.CaseID
	for _, f := range open.Verdict.Failing {
		ids = append(ids, blame.CaseID{Suite: f.Suite, Name: f.Name})
	}
	for _, r := range w.rounds {
		switch r.purpose {
		case history.ToRerun:
			c.Rounds = append(c.Rounds, w.rerun(r, ids))
		case history.ToOldTests:
			if w.oldTests == nil || w.oldTests.Gate(w.key.Gate) == nil {
				continue
			}
			verdict := gate.Judge(w.oldTests.Gate(w.key.Gate), r.suites, w.baseline())
			c.OldTests, c.OldTestsReason = verdict.Outcome, verdict.Reason
		}
	}
	var err error
	c.Rates, err = l.history.Rates(ctx, w.key, ids, w.now)
	return err
}

// rerun is what a round of reruns says of the cases that failed.
func (w *world) rerun(r round, ids []blame.CaseID) blame.Round {
	suites := slices.Clone(w.rounds[0].suites)
	for i, s := range suites {
		if j := slices.IndexFunc(r.suites, func(o gate.Suite) bool { return o.Name == s.Name }); j >= 0 {
			suites[i] = r.suites[j]
		}
	}
	out := blame.Round{Outcome: gate.Judge(w.gate, allSuites(w.suites, suites), w.baseline()).Outcome}
	for _, s := range r.suites {
		for _, id := range ids {
			if id.Suite == s.Name && passedIn(s, id.Name) {
				out.Passed = append(out.Passed, id)
			}
		}
	}
	return out
}

// passedIn tells whether a case was seen to pass. One that a report's limits left out passed where its whole Suite did.
func passedIn(s gate.Suite, name string) bool {
	if s.Report == nil {
		return false
	}
	seen := false
	for _, c := range s.Report.Cases {
		if c.FullName() != name {
			continue
		}
		if c.Status != report.Passed {
			return false
		}
		seen = true
	}
	return seen || s.Report.Truncated && s.Outcome == gate.Passed
}

// change traces what became of one Target since the last pass.
func (l *Loop) change(ctx context.Context, env *Environment, w *world, now history.TargetState, before *history.TargetState) (blame.Change, error) {
	c := blame.Change{Target: now.Target, After: identity(now)}
	if before == nil {
		c.Untraceable = "it was not among the gate's targets at the last pass"
		return c, nil
	}
	c.Before = identity(*before)
	if stateOf(now) == stateOf(*before) {
		return c, nil
	}
	if c.Before == c.After { // the same rendering, and one of the two syncs failed
		c.OutsideGit = "it renders the same as at the last pass, and its sync failed: " + now.Reason
		return c, nil
	}
	if len(now.Revisions) != len(before.Revisions) {
		c.Untraceable = "its sources are others than at the last pass"
		return c, nil
	}
	moved := false
	for i, to := range now.Revisions {
		from := before.Revisions[i]
		if from.Repository != to.Repository || from.Branch != to.Branch || from.Path != to.Path {
			c.Untraceable = fmt.Sprintf("it came from %s %s %s at the last pass, and comes from %s %s %s now",
				from.Repository, from.Branch, from.Path, to.Repository, to.Branch, to.Path)
			return c, nil
		}
		if from.Commit == to.Commit {
			continue
		}
		moved = true
		suspects, err := l.suspects(ctx, env, w, now.Target, from, to)
		var untraceable *rollback.Untraceable
		switch {
		case errors.As(err, &untraceable):
			c.Untraceable = untraceable.Reason
			return c, nil
		case err != nil:
			return c, err
		}
		c.Suspects = append(c.Suspects, suspects...)
	}
	if !moved {
		c.OutsideGit = "its rendering changed at the same commit"
		return c, nil
	}
	same, err := l.rendersStill(ctx, w, *before)
	if err != nil {
		return c, err
	}
	if !same {
		c.OutsideGit = "the commit of the last pass no longer renders what passed: the way it is built has changed"
	}
	return c, nil
}

// identity is what a Target was seen to render: its digest, or where that is not known its commits.
func identity(t history.TargetState) string { return cmp.Or(t.Digest, commitsOf(t)) }

// rendersStill tells whether the state of the last pass, built as the Target is built now, is what passed. Where it was never built here, files stand
// in for it, and there is nothing to compare.
func (l *Loop) rendersStill(ctx context.Context, w *world, before history.TargetState) (bool, error) {
	if before.Digest == "" || len(before.Revisions) != 1 {
		return true, nil
	}
	r := before.Revisions[0]
	mirror, err := l.mirrors.Mirror(r.URL)
	if err != nil {
		return false, err
	}
	at, err := git.ParseHash(r.Commit)
	if err != nil {
		return false, err
	}
	repository := mirror.Repository()
	commit, err := repository.Commit(ctx, at)
	if err != nil {
		return false, err
	}
	rendering, err := l.builder.Build(ctx, git.FS(ctx, repository, commit.Tree), r.Path, w.states[before.Target].Build)
	var refusal *render.Error
	if errors.As(err, &refusal) {
		return false, nil
	}
	return err == nil && rendering.Digest == before.Digest, err
}

// suspects asks rollback which commits changed what the Target renders.
func (l *Loop) suspects(ctx context.Context, env *Environment, w *world, target sync.Target, from, to sync.Revision) ([]blame.Suspect, error) {
	if to.Branch == "" {
		return nil, &rollback.Untraceable{Reason: "the source is pinned to a tag or a commit; the change is where the pin is written"}
	}
	mirror, err := l.mirrors.Mirror(to.URL)
	if err != nil {
		return nil, err
	}
	good, err := git.ParseHash(from.Commit)
	if err != nil {
		return nil, err
	}
	bad, err := git.ParseHash(to.Commit)
	if err != nil {
		return nil, err
	}
	found, err := rollback.Suspects(ctx, mirror, l.builder, l.build(w.states[target], to), to.Branch, good, bad)
	if err != nil {
		return nil, err
	}
	var out []blame.Suspect
	for _, s := range found {
		out = append(out, blame.Suspect{
			Repository: to.Repository, Branch: to.Branch, Commit: s.Commit.Hash.String(), Subject: s.Commit.Subject(),
			Author: s.Commit.Author.Name, When: s.Commit.Author.When, Targets: []sync.Target{target}, Why: s.Why,
		})
	}
	return out, nil
}

// build is how a Target builds one of its Revisions.
func (l *Loop) build(state sync.State, r sync.Revision) rollback.Build {
	return rollback.Build{Target: state.Target, Path: r.Path, Settings: state.Build}
}

func (w *world) suitesThatFailed(v gate.Verdict) (failed []*tests.Suite) {
	for _, s := range w.suites {
		i := slices.IndexFunc(v.Suites, func(o gate.Suite) bool { return o.Name == s.Name() })
		if i >= 0 && v.Suites[i].Outcome == gate.Failed {
			failed = append(failed, s)
		}
	}
	if len(failed) == 0 { // a condition failed though each Suite passed: all of them have a part in it
		return w.suites
	}
	return failed
}
