package reconciler

import (
	"context"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/tests"
)

// verify opens a Verification of the state that the world is in, with its first Runs.
type verify struct {
	occasion history.Occasion
	why      string
}

func (verify) Name() string     { return "Verify" }
func (a verify) Reason() string { return a.why }
func (a verify) do(ctx context.Context, l *Loop, w *world) error {
	v := history.Verification{
		Key: w.key, Occasion: a.occasion, Targets: w.targets, Tests: w.tests,
		Phase: history.Running, Reason: a.why, Started: w.now,
	}
	if w.past.Latest != nil {
		v.Previous = w.past.Latest.ID
	}
	v.ID = verificationID(v)
	var runs []history.Run
	if failedSync(v.Targets) == "" {
		var err error
		if runs, err = newRuns(v.ID, history.ToVerify, 0, firstSuites(w.gate, w.suites)); err != nil {
			return err
		}
	}
	_, err := l.history.Begin(ctx, v, runs)
	return err
}

// firstSuites are those that may start at once.
func firstSuites(g *tests.Gate, suites []*tests.Suite) []*tests.Suite {
	if g.Spec.Order == tests.Ordered {
		return suites[:1]
	}
	return suites
}

// nextOrdered is the Suite to run after those that ran, or nil when all ran, one did not hold, or the Gate is not ordered.
func nextOrdered(g *tests.Gate, suites []*tests.Suite, ran []gate.Suite) *tests.Suite {
	if g.Spec.Order != tests.Ordered || len(ran) == len(suites) {
		return nil
	}
	for _, s := range ran {
		if s.Outcome != gate.Passed {
			return nil
		}
	}
	return suites[len(ran)]
}

// allSuites adds the Suites of an ordered Gate that never got their turn.
func allSuites(suites []*tests.Suite, ran []gate.Suite) []gate.Suite {
	for _, s := range suites[len(ran):] {
		left := gate.Assess(s, nil)
		left.Reason = "not run, since a suite before it did not hold"
		ran = append(ran, left)
	}
	return ran
}

// abandon ends the open Verification without evidence: what ran may have run on another state than the one that is known.
type abandon struct {
	verification history.Verification
	why          string
}

func (abandon) Name() string     { return "Abandon" }
func (a abandon) Reason() string { return "the state that the suites ran on is not known: " + a.why }
func (a abandon) do(ctx context.Context, l *Loop, w *world) error {
	v := a.verification
	verdict := gate.Verdict{Outcome: gate.Inconclusive, Reason: a.Reason()}
	if v.Verdict != nil {
		verdict.Suites, verdict.Failing, verdict.Broken = v.Verdict.Suites, v.Verdict.Failing, v.Verdict.Broken
	}
	v.Verdict, v.Phase, v.Finished = &verdict, history.Done, w.now
	if err := l.history.Advance(ctx, v); err != nil {
		return err
	}
	l.environments[w.key.Environment].release(v.ID)
	return nil
}

// judge records the Verdict. One that is not Failed is final at once; a Failed one is blamed first.
type judge struct {
	verification history.Verification
	verdict      gate.Verdict
}

func (judge) Name() string     { return "Judge" }
func (a judge) Reason() string { return string(a.verdict.Outcome) + ": " + a.verdict.Reason }
func (a judge) do(ctx context.Context, l *Loop, w *world) error {
	v := a.verification
	v.Verdict = &a.verdict
	if a.verdict.Outcome == gate.Failed {
		v.Phase = history.Blaming
	} else {
		v.Phase, v.Finished = history.Done, w.now
	}
	return l.history.Advance(ctx, v)
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
	if err := l.history.Advance(ctx, v); err != nil {
		return err
	}
	l.environments[w.key.Environment].release(v.ID)
	return nil
}
