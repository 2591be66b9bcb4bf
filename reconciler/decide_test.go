package reconciler

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

var (
	noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	shop = sync.Target{Kind: "Site", Name: "shop"}
)

func at(digest, commit string) []history.TargetState {
	return []history.TargetState{{
		Target: shop, Digest: digest, Outcome: sync.Applied,
		Revisions: []sync.Revision{{Repository: "https://git.example/config", Branch: "main", Commit: commit, Path: "."}},
	}}
}

// resting is a Gate of one Suite that passed at noon, and nothing has happened since.
func resting() *world {
	g := &tests.Gate{Meta: tests.Meta{Metadata: tests.ObjectMeta{Name: "shop"}}}
	g.Spec.Reruns.Spread.Duration = time.Nanosecond
	g.Default()
	suite := &tests.Suite{Meta: tests.Meta{Metadata: tests.ObjectMeta{Name: "smoke"}}}
	final := &history.Verification{
		ID: "v1", Phase: history.Done, Targets: at("A", "c1"), Tests: history.TestsState{Digest: "T"},
		Started: noon.Add(-time.Minute), Finished: noon, Verdict: &gate.Verdict{Outcome: gate.Passed, Reason: "smoke passed"},
	}
	return &world{
		now: noon.Add(time.Hour), gate: g, suites: []*tests.Suite{suite}, targets: at("A", "c1"),
		tests: history.TestsState{Digest: "T"}, mode: tests.Propose, inFlight: map[string]bool{},
		past: history.GateState{Latest: final, Final: final, Passed: &history.LastPassed{Verification: "v1", Targets: final.Targets}},
	}
}

// verifying is the same with a new state, whose Verification is open.
func verifying() *world {
	w := resting()
	w.targets = at("B", "c2")
	w.past.Latest = &history.Verification{
		ID: "v2", Phase: history.Running, Targets: w.targets, Tests: w.tests, Started: noon.Add(time.Minute),
	}
	w.rounds = []round{{purpose: history.ToVerify, runs: []history.Run{{ID: "r1"}}}}
	return w
}

// broken is the same after it failed because of one commit, with an Incident open.
func broken(proposals ...proposalState) *world {
	w := resting()
	w.targets = at("B", "c2")
	cause := &blame.Cause{Kind: blame.Config, Reason: "c2 did it", Suspects: []blame.Suspect{{Commit: "c2"}}}
	final := &history.Verification{
		ID: "v2", Phase: history.Done, Targets: w.targets, Tests: w.tests, Started: noon.Add(time.Minute), Finished: noon.Add(2 * time.Minute),
		Verdict: &gate.Verdict{Outcome: gate.Failed, Reason: "1 case failed"}, Cause: cause,
	}
	w.past.Latest, w.past.Final = final, final
	w.past.Incident = &history.Incident{ID: "v2", Verification: "v2", Latest: "v2", State: history.Ongoing, Cause: cause, Opened: final.Finished}
	w.proposals = proposals
	return w
}

// late is after a revert that was merged: the Target failed to come up, rendering this.
func late(digest string) *world {
	w := broken(proposal(history.ProposalMerged, func(p *proposalState) { p.live = true }))
	w.targets[0].Outcome, w.targets[0].Failure, w.targets[0].Digest = sync.Failed, sync.NotHealthy, digest
	return w
}

// blamedAnew is what broke after it failed again, with another Cause, and may merge by itself.
func blamedAnew(cause blame.Cause) *world {
	w := broken(proposal(history.ProposalOpen))
	w.mode = tests.Merge
	again := *w.past.Final
	again.ID, again.Cause, again.Finished = "v3", &cause, w.now
	w.past.Latest, w.past.Final, w.past.Incident.Latest = &again, &again, "v3"
	return w
}

func proposal(state history.ProposalState, edit ...func(*proposalState)) proposalState {
	p := proposalState{Proposal: history.Proposal{ID: "p", State: state, Branch: "assay/revert-1", URL: "https://git.example/config/pulls/1"}}
	p.status.State = gitprovider.Open
	for _, e := range edit {
		e(&p)
	}
	return p
}

func TestDecide(t *testing.T) {
	ended := func(w *world, outcome gate.Outcome) *world {
		w.rounds[0].suites = []gate.Suite{{Name: "smoke", Outcome: outcome, Reason: "told"}}
		return w
	}
	for name, tt := range map[string]struct {
		world  *world
		action string
		reason string
	}{
		"nothing happened":               {resting(), "Wait", "smoke passed; verified again every 12h0m0s"},
		"the gate is gone":               {func() *world { w := resting(); w.gate = nil; return w }(), "Wait", "no such gate"},
		"a target is not up":             {func() *world { w := resting(); w.unready = []string{"Site/shop: down"}; return w }(), "Wait", "Site/shop: down"},
		"never verified":                 {func() *world { w := resting(); w.past = history.GateState{}; return w }(), "Verify", "never verified"},
		"a new state":                    {func() *world { w := resting(); w.targets = at("B", "c2"); return w }(), "Verify", "Site/shop synced c2"},
		"new tests":                      {func() *world { w := resting(); w.tests.Digest = "U"; return w }(), "Verify", "the tests changed"},
		"asked for":                      {func() *world { w := resting(); w.targets[0].Requested = "now"; return w }(), "Verify", "asked for on Site/shop"},
		"due":                            {func() *world { w := resting(); w.now = noon.Add(13 * time.Hour); return w }(), "Verify", "every 12h"},
		"a commit that renders the same": {func() *world { w := resting(); w.targets = at("A", "c2"); return w }(), "Inherit", "renders the same"},

		"runs wait": {func() *world { w := verifying(); w.rounds[0].waiting = w.rounds[0].runs; return w }(), "Execute", "1 run is waiting"},
		"runs are under way": {func() *world {
			w := verifying()
			w.rounds[0].waiting = w.rounds[0].runs
			w.inFlight["r1"] = true
			return w
		}(), "Wait", "under way"},
		"a run was lost":           {func() *world { w := verifying(); w.rounds[0].lost = w.rounds[0].runs; return w }(), "Retry", "tried again"},
		"the suites passed":        {ended(verifying(), gate.Passed), "Judge", "Passed: smoke passed"},
		"a suite failed":           {ended(verifying(), gate.Failed), "Judge", "Failed: smoke: told"},
		"a suite is inconclusive":  {ended(verifying(), gate.Inconclusive), "Judge", "Inconclusive"},
		"the state moved":          {func() *world { w := verifying(); w.targets = at("C", "c3"); return w }(), "Supersede", "Site/shop synced c3"},
		"it moved there and back":  {func() *world { w := verifying(); w.changedAt = noon.Add(2 * time.Minute); return w }(), "Supersede", "changed back"},
		"the tests moved":          {func() *world { w := verifying(); w.tests.Digest = "U"; return w }(), "Supersede", "the tests changed"},
		"only the commit moved":    {func() *world { w := ended(verifying(), gate.Passed); w.targets = at("B", "c3"); return w }(), "Judge", "Passed"},
		"moving, where to unknown": {func() *world { w := ended(verifying(), gate.Passed); w.unready = []string{"syncing"}; return w }(), "Wait", "syncing"},
		"a failed sync": {func() *world {
			w := verifying()
			w.targets[0].Outcome, w.targets[0].Reason = sync.Failed, "exit code 7"
			w.rounds = nil
			return w
		}(), "Judge", "the sync failed: Site/shop: exit code 7"},

		"failed, no incident yet": {func() *world { w := broken(); w.past.Incident = nil; return w }(), "OpenIncident", "Config: c2 did it"},
		"failed, no incident yet, and the state moved": {func() *world {
			w := broken()
			w.past.Incident, w.targets = nil, at("C", "c3")
			return w
		}(), "OpenIncident", "Config: c2 did it"},
		"failed, no incident yet, and the state moves": {func() *world {
			w := broken()
			w.past.Incident, w.unready = nil, []string{"syncing"}
			return w
		}(), "OpenIncident", "Config: c2 did it"},
		"an incident without proposal": {broken(), "Propose", "c2 did it"},
		"planned before a crash":       {broken(proposal(history.ProposalPlanned)), "Propose", "c2 did it"},
		"proposed":                     {broken(proposal(history.ProposalOpen)), "Wait", "waits for a person to merge it: https://git.example/config/pulls/1"},
		"merged by a person": {broken(proposal(history.ProposalOpen, func(p *proposalState) {
			p.status = rollback.State{State: gitprovider.Merged, Reason: "merged by jo"}
		})), "Settle", "merged by jo"},
		"closed by a person": {broken(proposal(history.ProposalOpen, func(p *proposalState) {
			p.status = rollback.State{State: gitprovider.Closed, Reason: "closed by jo"}
		})), "Settle", "closed by jo"},
		"closed stays closed":   {broken(proposal(history.ProposalClosed)), "Wait", "final"},
		"refused stays refused": {broken(proposal(history.ProposalRefused, func(p *proposalState) { p.Reason = "protected" })), "Wait", "protected"},
		"pushed to the base before a crash": {broken(proposal(history.ProposalPlanned, func(p *proposalState) {
			p.status = rollback.State{State: gitprovider.Merged, Reason: "it is on main"}
		})), "Settle", "it is on main"},
		"not pushed before a crash": {broken(proposal(history.ProposalPlanned, func(p *proposalState) {
			p.status = rollback.State{State: gitprovider.Closed, Reason: "nobody knows it"}
		})), "Propose", "c2 did it"},
		"mode merge": {func() *world { w := broken(proposal(history.ProposalOpen)); w.mode = tests.Merge; return w }(), "Merge", "proof holds"},
		"mode merge, stopped": {func() *world {
			w := broken(proposal(history.ProposalOpen))
			w.mode, w.stopped = tests.Merge, true
			return w
		}(), "Wait", "waits for a person"},
		"mode merge, not by itself": {func() *world {
			w := broken(proposal(history.ProposalOpen, func(p *proposalState) { p.NotByItself = []string{"deletes data"} }))
			w.mode = tests.Merge
			return w
		}(), "Wait", "deletes data"},
		"mode merge, and an outage since": {blamedAnew(blame.Cause{Kind: blame.Environment, Reason: "an outage", Outage: true}), "Wait", "(the gate failed again, and not for the same cause: Environment: an outage)"},
		"mode merge, and another commit is to blame": {
			blamedAnew(blame.Cause{Kind: blame.Config, Reason: "c3 did it", Suspects: []blame.Suspect{{Commit: "c3"}}}), "Wait", "not for the same cause: Config: c3 did it",
		},
		"mode merge, and the cause is not known again": {blamedAnew(blame.Cause{Kind: blame.Unknown, Reason: "too long ago"}), "Merge", "proof holds"},
		"mode merge, and others may be to blame as well": {
			blamedAnew(blame.Cause{Kind: blame.Config, Reason: "not told apart", Suspects: []blame.Suspect{{Commit: "c2"}, {Commit: "c3"}}}), "Merge", "proof holds",
		},
		"merged, not synced": {broken(proposal(history.ProposalMerged)), "Wait", "waits to be synced"},
		"recovered": {func() *world {
			w := broken(proposal(history.ProposalMerged))
			w.past.Final.Verdict = &gate.Verdict{Outcome: gate.Passed, Reason: "smoke passed"}
			return w
		}(), "Conclude", "Recovered: the revert was merged and synced"},
		"recovered by other means": {func() *world {
			w := broken(proposal(history.ProposalOpen))
			w.past.Final.Verdict = &gate.Verdict{Outcome: gate.Passed, Reason: "smoke passed"}
			return w
		}(), "Conclude", "Recovered: the gate passes again"},
		"passed, and failed again before the incident was ended": {func() *world {
			w := broken(proposal(history.ProposalOpen))
			w.mode = tests.Merge
			w.past.Passed.Verification, w.past.Passed.RanAt = "v3", noon.Add(time.Hour)
			again := *w.past.Final
			again.ID, again.Finished = "v4", noon.Add(2*time.Hour)
			w.past.Latest, w.past.Final = &again, &again
			return w
		}(), "Conclude", "Recovered: the gate passed again, verified at c1 on 2026-05-04 13:00 UTC, and failed anew since"},
		"the revert did not help":              {broken(proposal(history.ProposalMerged, func(p *proposalState) { p.live = true })), "Reland", "the change is offered back"},
		"the revert does not come up yet":      {late("A"), "Wait", "the revert is merged, and waits to be synced"},
		"what the revert renders never passed": {late("C"), "Reland", "the change is offered back"},
		"it was offered back": {
			broken(proposal(history.ProposalMerged, func(p *proposalState) { p.live, p.Reland = true, "assay/reland-1" })),
			"Conclude", "Unresolved: the revert was merged and synced, and the gate still fails",
		},
		"what people reverted is not offered back": {
			broken(proposal(history.ProposalMerged, func(p *proposalState) { p.live, p.Joined = true, true })), "Conclude", "Unresolved",
		},
		"ended with this verdict": {func() *world {
			w := broken()
			w.past.Incident.State = history.Unresolved
			return w
		}(), "Wait", ""},
		"failed again": {func() *world { w := broken(proposal(history.ProposalOpen)); w.past.Incident.Latest = "v0"; return w }(), "Confirm", "still Failed"},
		"inconclusive once": {func() *world {
			w := resting()
			w.past.Final.Verdict = &gate.Verdict{Outcome: gate.Inconclusive, Reason: "no report"}
			w.past.InconclusiveInARow = 1
			w.now = noon
			return w
		}(), "Wait", "verified again after 1m0s"},
		"inconclusive for long": {func() *world {
			w := resting()
			w.past.Final.Verdict = &gate.Verdict{Outcome: gate.Inconclusive, Reason: "no report"}
			w.past.InconclusiveInARow = patience
			w.now = noon
			return w
		}(), "OpenIncident", "no report"},
	} {
		t.Run(name, func(t *testing.T) {
			action := decide(tt.world)
			require.Equal(t, tt.action, action.Name(), action.Reason())
			require.Contains(t, action.Reason(), tt.reason)
			require.NotEmpty(t, action.Reason(), "every decision has a reason")
		})
	}
}

func TestOrderedSuitesStopAtTheFirstThatDoesNotHold(t *testing.T) {
	w := verifying()
	w.gate.Spec.Order = tests.Ordered
	w.suites = append(w.suites, &tests.Suite{Meta: tests.Meta{Metadata: tests.ObjectMeta{Name: "load"}}})
	w.rounds[0].suites = []gate.Suite{{Name: "smoke", Outcome: gate.Passed}}
	require.Equal(t, "Schedule", decide(w).Name())
	w.rounds[0].suites[0] = gate.Suite{Name: "smoke", Outcome: gate.Failed, Reason: "told"}
	require.Contains(t, decide(w).Reason(), "Failed: smoke: told")
}

func TestASyncThatIsOverdueHasFailed(t *testing.T) {
	pending := sync.Sync{Target: shop, Outcome: sync.Failed, Digest: "B", At: noon, Reason: "exit code 7", Revisions: at("B", "c2")[0].Revisions}
	w := resting()
	w.now = noon.Add(time.Minute)
	state := sync.State{Target: shop, Pending: &pending}
	overdue(&state, w)
	require.NotNil(t, state.Pending, "there is time until the deadline")
	require.Equal(t, noon.Add(10*time.Minute), w.lookAgain)

	w.now = noon.Add(10 * time.Minute)
	overdue(&state, w)
	require.Nil(t, state.Pending)
	require.Equal(t, sync.Failed, state.Sync.Outcome)
	require.Equal(t, "not healthy within 10m0s: exit code 7", state.Sync.Reason)
	require.Equal(t, sync.NotHealthy, state.Sync.Failure, "unless its source knows better")
}

func TestBackoffGrowsWithTheIncident(t *testing.T) {
	w := broken()
	w.past.Final.Cause.Kind = blame.Unknown
	for _, tt := range []struct{ age, delay time.Duration }{
		{0, time.Minute}, {5 * time.Minute, 5 * time.Minute}, {100 * time.Hour, 12 * time.Hour},
	} {
		w.past.Incident.Opened = w.past.Final.Finished.Add(-tt.age)
		due, reason := dueAt(w)
		require.Equal(t, tt.delay, due.Sub(w.past.Final.Finished), reason)
	}
	w.past.Final.Cause = &blame.Cause{Kind: blame.Environment, Outage: true}
	due, _ := dueAt(w)
	require.Equal(t, outageRechecks, due.Sub(w.past.Final.Finished), "the end of an outage is looked for")
}

func TestAVerificationIsNamedByItsInputs(t *testing.T) {
	v := history.Verification{Key: history.Key{Environment: "staging", Gate: "shop"}, Targets: at("A", "c1"), Occasion: history.Occasion{Kind: history.OnSync, Value: "x"}}
	same := v
	same.Targets, same.Started = at("A", "c2"), noon
	require.Equal(t, verificationID(v), verificationID(same), "neither the commit nor the time counts")
	for name, change := range map[string]func(*history.Verification){
		"digest":   func(v *history.Verification) { v.Targets = at("B", "c1") },
		"tests":    func(v *history.Verification) { v.Tests.Digest = "U" },
		"occasion": func(v *history.Verification) { v.Occasion.Value = "y" },
		"previous": func(v *history.Verification) { v.Previous = "v0" },
		"gate":     func(v *history.Verification) { v.Key.Gate = "other" },
	} {
		other := v
		change(&other)
		require.NotEqual(t, verificationID(v), verificationID(other), name)
	}
}

func TestLostRunsAreTriedAgainUnderANewName(t *testing.T) {
	suite := &tests.Suite{Meta: tests.Meta{Metadata: tests.ObjectMeta{Name: "smoke"}}, Spec: tests.SuiteSpec{Shards: 2, Matrix: map[string][]string{"B": {"x", "y"}}}}
	runs, err := newRuns("v", history.ToVerify, 0, []*tests.Suite{suite})
	require.NoError(t, err)
	require.Len(t, runs, 4)
	names := map[string]bool{}
	for _, run := range append(runs, nextAttempts(runs)...) {
		names[run.ID] = true
	}
	require.Len(t, names, 8)
	runs[0].End = runner.Killed
	require.True(t, lost(runs[0]))
	require.Equal(t, runs[1:], newestAttempts(append(runs, nextAttempts(runs[:1])...))[:3])
}
