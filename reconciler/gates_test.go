package reconciler_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/git"
	syncs "github.com/assay-dev/assay/sources/sync"
)

const loadDoc = "apiVersion: assay.dev/v1alpha1\nkind: Suite\nmetadata: {name: load}\nspec: {command: [check]}\n"

func TestOrderedSuitesRunOneAfterTheOther(t *testing.T) {
	s := newShop(t)
	s.tests.push("Load what passed the smoke test", map[string]string{
		"staging/kustomization.yaml": "resources: [suite.yaml, load.yaml, gate.yaml, site.yaml]\n",
		"staging/load.yaml":          loadDoc,
		"staging/gate.yaml": "apiVersion: assay.dev/v1alpha1\nkind: Gate\nmetadata: {name: shop}\n" +
			"spec: {after: [{kind: Site}], suites: [{name: smoke}, {name: load}], order: Ordered, reruns: {spread: 1ms}}\n",
	})
	s.start()
	s.verified("shop", s.deploy("Sell at 7", price("7")))
	v := s.verified("shop", s.deploy("Sell for nothing", price("0")))
	require.Equal(t, gate.Failed, v.Verdict.Outcome, v.Verdict.Reason)
	var ran []string
	for _, job := range s.runner.ran() {
		ran = append(ran, job.Suite.Name())
	}
	require.Equal(t, []string{"smoke", "load", "smoke"}, slices.Compact(ran), "reruns are of what failed")
	require.Contains(t, v.Verdict.Suites[1].Reason, "not run")
}

func TestARunThatCouldNotStartIsTriedAgain(t *testing.T) {
	s := newShop(t)
	s.tests.push("Try again", map[string]string{
		"staging/suite.yaml": "apiVersion: assay.dev/v1alpha1\nkind: Suite\nmetadata: {name: smoke}\nspec: {command: [check], retries: 1}\n",
	})
	var lost atomic.Bool
	s.runner.judge = func(runner.Job) int {
		if lost.CompareAndSwap(false, true) {
			return notStarted
		}
		return 0
	}
	s.start()
	v := s.verified("shop", s.deploy("Sell at 7", price("7")))
	require.Equal(t, gate.Passed, v.Verdict.Outcome)
	runs, err := s.past.Runs(t.Context(), v.ID)
	require.NoError(t, err)
	require.Len(t, runs, 2)
	require.Equal(t, runner.NotStarted, runs[0].End)
	require.Equal(t, 2, runs[1].Attempt)
}

func TestPeopleHearOfWhatStaysInconclusive(t *testing.T) {
	s := newShop(t)
	s.tests.push("Look often", gateWith("every: 50ms"))
	var silent atomic.Bool
	s.runner.judge = func(runner.Job) int {
		if silent.Load() {
			return notStarted
		}
		return 0
	}
	s.start()
	s.verified("shop", s.deploy("Sell at 7", price("7")))
	silent.Store(true)
	require.Equal(t, gate.Inconclusive, s.verified("shop", s.deploy("Sell at 8", price("8"))).Verdict.Outcome)
	incident := s.incident()
	require.Nil(t, incident.Cause)
	require.Empty(t, s.proposals(incident.ID))
	silent.Store(false)
	s.eventually("recovery", func() bool { return s.incidents()[0].State == history.Recovered })
	require.Len(t, s.incidents(), 1)
}

func TestAGateIsVerifiedAgainWhenItIsDue(t *testing.T) {
	s := newShop(t)
	s.tests.push("Look often", gateWith("every: 50ms"))
	s.start()
	s.verified("shop", s.deploy("Sell at 7", price("7")))
	s.eventually("another verification of the same state", func() bool {
		all, err := s.past.Verifications(t.Context(), history.Filter{})
		require.NoError(t, err)
		return all[0].Occasion.Kind == history.OnDue && all[0].Phase == history.Done && all[0].Verdict.Outcome == gate.Passed
	})
	require.Empty(t, s.incidents())
}

// engine is a Source that tells of one Target, as a controller of a cluster would.
type engine struct {
	state   atomic.Pointer[syncs.State]
	changed chan struct{}
}

func (e *engine) Targets(context.Context) ([]syncs.State, error) {
	if state := e.state.Load(); state != nil {
		return []syncs.State{*state}, nil
	}
	return nil, nil
}
func (e *engine) Changed() <-chan struct{} { return e.changed }

func (e *engine) tell(state syncs.State) {
	e.state.Store(&state)
	e.changed <- struct{}{}
}

func TestAVerificationIsAskedForOnTheTarget(t *testing.T) {
	s := newShop(t)
	flux := &engine{changed: make(chan struct{}, 1)}
	s.sources = []syncs.Source{flux}
	s.tests.push("Follow a Kustomization", map[string]string{
		"staging/kustomization.yaml": "resources: [suite.yaml, gate.yaml]\n",
		"staging/gate.yaml":          "apiVersion: assay.dev/v1alpha1\nkind: Gate\nmetadata: {name: shop}\nspec: {after: [{kind: Kustomization}], suites: [{name: smoke}], reruns: {spread: 1ms}}\n",
	})
	s.runner.judge = func(runner.Job) int { return 0 }
	good := s.config.push("Sell at 7", price("7"))
	target := syncs.Target{Kind: "Kustomization", Namespace: "flux-system", Name: "shop"}
	state := syncs.State{Target: target, Sync: &syncs.Sync{
		Target: target, Outcome: syncs.Applied, Digest: "7",
		Revisions: []syncs.Revision{{Repository: git.Normalize(s.config.bare), URL: s.config.bare, Branch: "main", Commit: good, Path: "shop"}},
	}}
	s.start()
	flux.tell(state)
	first := s.verified("shop", good)
	state.RequestedAt = "2026-05-04T12:00:00Z"
	flux.tell(state)
	s.eventually("the verification that was asked for", func() bool { return s.verified("shop", good).ID != first.ID })
	require.Equal(t, history.Occasion{Kind: history.OnRequest, Value: state.RequestedAt}, s.verified("shop", good).Occasion)
	flux.tell(state)
	s.eventually("that it waits", func() bool {
		all, err := s.past.Decisions(t.Context(), history.Filter{Limit: 1})
		require.NoError(t, err)
		return all[0].Action == "Wait"
	})
	require.Len(t, s.runner.ran(), 2, "once for each value")
}
