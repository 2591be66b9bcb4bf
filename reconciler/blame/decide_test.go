package blame_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

var (
	noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	shop = sync.Target{Kind: "Site", Name: "shop"}
	cart = sync.Target{Kind: "Site", Name: "cart"}
	pays = blame.CaseID{Suite: "smoke", Name: "checkout: pays"}
)

func suspect(commit string) blame.Suspect {
	return blame.Suspect{Repository: "https://git.example/config", Branch: "main", Commit: commit, Subject: "Change " + commit, Targets: []sync.Target{shop}}
}

func rounds(n int, outcome gate.Outcome) []blame.Round {
	return slices.Repeat([]blame.Round{{Outcome: outcome}}, n)
}

func oldRounds(n int, outcome gate.Outcome) []blame.OldRound {
	return slices.Repeat([]blame.OldRound{{Outcome: outcome, Failing: []blame.CaseID{pays}, Reason: "told"}}, n)
}

// broken is a Gate that passed an hour ago, and fails since one commit; rerun as often as it may be, and still failing.
func broken(edit ...func(*blame.Case)) blame.Case {
	g := &tests.Gate{}
	g.Spec.Reruns.Spread.Duration = time.Nanosecond
	g.Default()
	c := blame.Case{
		Gate: g, Now: noon, Tests: "T0",
		Verdict: gate.Verdict{Outcome: gate.Failed, Reason: "smoke: 1 of 9 cases failed", Failing: []gate.FailedCase{{Suite: pays.Suite, Name: pays.Name}}},
		Passed:  &blame.Passed{Tests: "T0", RanAt: noon.Add(-time.Hour)},
		Changes: []blame.Change{
			{Target: shop, Before: "A", After: "B", Suspects: []blame.Suspect{suspect("c1")}},
			{Target: cart, Before: "C", After: "C"},
		},
		FailedAt: noon.Add(-time.Minute),
		Rounds:   rounds(10, gate.Failed),
	}
	for _, e := range edit {
		e(&c)
	}
	return c
}

func TestDecideNamesTheCause(t *testing.T) {
	for name, tt := range map[string]struct {
		edit     func(*blame.Case)
		kind     blame.Kind
		reason   string
		suspects []string
	}{
		"one commit": {
			edit: func(*blame.Case) {}, kind: blame.Config, reason: "only commit since the last pass", suspects: []string{"c1"},
		},
		"two commits are not told apart": {
			edit: func(c *blame.Case) { c.Changes[0].Suspects = append(c.Changes[0].Suspects, suspect("c2")) },
			kind: blame.Config, reason: "not told apart", suspects: []string{"c1", "c2"},
		},
		"one commit that changed two targets": {
			edit: func(c *blame.Case) {
				c.Changes[1].After = "D"
				c.Changes[1].Suspects = []blame.Suspect{suspect("c1")}
			},
			kind: blame.Config, reason: "only commit", suspects: []string{"c1"},
		},
		"nothing changed": {
			edit: func(c *blame.Case) { c.Changes[0].After = "A" },
			kind: blame.Environment, reason: "neither the configuration nor the tests changed",
		},
		"changed in the cluster": {
			edit: func(c *blame.Case) { c.Changes[1].OutsideGit = "its spec was edited" },
			kind: blame.Environment, reason: "Site/cart: its spec was edited",
		},
		"only the tests changed": {
			edit: func(c *blame.Case) { c.Tests, c.Changes[0].After = "T1", "A" },
			kind: blame.Tests, reason: "the tests changed, and no target did",
		},
		"both changed, and the old tests hold": {
			edit: func(c *blame.Case) { c.Tests, c.OldTests = "T1", oldRounds(1, gate.Passed) },
			kind: blame.Tests, reason: "the tests of the last pass hold",
		},
		"both changed, and the old tests fail too": {
			edit: func(c *blame.Case) { c.Tests, c.OldTests = "T1", oldRounds(8, gate.Failed) },
			kind: blame.Config, reason: "only commit", suspects: []string{"c1"},
		},
		"both changed, and the old tests are gone": {
			edit: func(c *blame.Case) { c.Tests, c.OldTestsGone = "T1", "gone" },
			kind: blame.Unknown, reason: "gone",
		},
		"both changed, and the old tests cannot tell": {
			edit: func(c *blame.Case) { c.Tests, c.OldTests = "T1", oldRounds(3, gate.Inconclusive) },
			kind: blame.Unknown, reason: "told",
		},
		"both changed, and the old tests only flake": {
			edit: func(c *blame.Case) {
				c.Tests, c.OldTests = "T1", append(oldRounds(3, gate.Failed), oldRounds(1, gate.Passed)...)
			},
			kind: blame.Tests, reason: "hold on the same configuration",
		},
		"both changed, and the old tests fail elsewhere each time": {
			edit: func(c *blame.Case) {
				c.Tests, c.OldTests = "T1", oldRounds(8, gate.Failed)
				c.OldTests[4].Failing = []blame.CaseID{{Suite: "smoke", Name: "other"}}
			},
			kind: blame.Unknown, reason: "other cases fail each time",
		},
		"never passed": {
			edit: func(c *blame.Case) { c.Passed = nil }, kind: blame.Unknown, reason: "has never passed",
		},
		"passed too long ago": {
			edit: func(c *blame.Case) { c.Passed.RanAt = noon.Add(-25 * time.Hour) },
			kind: blame.Unknown, reason: "older than baselineMaxAge",
		},
		"history was rewritten": {
			edit: func(c *blame.Case) { c.Changes[0].Untraceable = "the last passed commit is no ancestor" },
			kind: blame.Unknown, reason: "no ancestor",
		},
		"no commit changed what is rendered": {
			edit: func(c *blame.Case) { c.Changes[0].Suspects = nil },
			kind: blame.Unknown, reason: "no commit on the first-parent path",
		},
		"passes now and then": {
			edit: func(c *blame.Case) {
				c.Rounds[1] = blame.Round{Outcome: gate.Passed, Passed: []blame.CaseID{pays}}
			},
			kind: blame.Flake, reason: "passes now and then",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := blame.Decide(broken(tt.edit))
			require.NotNil(t, d.Cause, d.Reason)
			require.Equal(t, tt.kind, d.Cause.Kind, d.Reason)
			require.Contains(t, d.Cause.Reason, tt.reason)
			require.Equal(t, d.Reason, d.Cause.Reason)
			var commits []string
			for _, s := range d.Cause.Suspects {
				commits = append(commits, s.Commit)
			}
			require.Equal(t, tt.suspects, commits)
			require.Equal(t, len(commits) == 1, d.Cause.ToldApart())
		})
	}
}

func TestConfigSaysWhatItDidNotLookAt(t *testing.T) {
	d := blame.Decide(broken(func(c *blame.Case) { c.Elsewhere = slices.Repeat([]sync.Target{cart}, 7) }))
	require.Contains(t, d.Cause.Evidence[len(d.Cause.Evidence)-1], "7 other targets that changed since it passed (Site/cart, Site/cart, Site/cart, Site/cart, Site/cart, ...)")
}

func TestDecideAsksForProbes(t *testing.T) {
	for name, tt := range map[string]struct {
		edit   func(*blame.Case)
		probe  blame.Probe
		reason string
	}{
		"reruns first":                         {func(c *blame.Case) { c.Rounds = nil }, blame.Rerun, "rerun 1 of 7"},
		"fewer for a case that was seen often": {func(c *blame.Case) { c.Rounds, c.Rates = nil, map[blame.CaseID]blame.Rate{pays: {Runs: 50}} }, blame.Rerun, "1 of 4"},
		"more for one that is known to flake": {func(c *blame.Case) {
			c.Rounds, c.Rates = nil, map[blame.CaseID]blame.Rate{pays: {Runs: 100, Flakes: 25}}
		}, blame.Rerun, "1 of 9"},
		"fewer where nothing can be reverted":       {func(c *blame.Case) { c.Rounds, c.Changes[0].After = nil, "A" }, blame.Rerun, "1 of 3"},
		"those without evidence do not count":       {func(c *blame.Case) { c.Rounds = append(rounds(2, gate.Inconclusive), rounds(4, gate.Failed)...) }, blame.Rerun, "rerun 5 of 7"},
		"the old tests, when both changed":          {func(c *blame.Case) { c.Tests = "T1" }, blame.OldTests, "both the tests and the configuration changed"},
		"the old tests again, where they failed":    {func(c *blame.Case) { c.Tests, c.OldTests = "T1", oldRounds(1, gate.Failed) }, blame.OldTests, "run 2 of 8"},
		"the control suites before any rerun":       {func(c *blame.Case) { c.Controlled, c.Rounds = true, nil }, blame.ControlSuite, "touch no change"},
		"the control suites again, where they fail": {func(c *blame.Case) { c.Controlled, c.Controls = true, []gate.Outcome{gate.Failed} }, blame.ControlSuite, "run 2 of 4"},
		"reruns that are spread": {func(c *blame.Case) {
			c.Rounds, c.Gate.Spec.Reruns.Spread.Duration = rounds(3, gate.Failed), 7*time.Minute
		}, blame.Await,
			"rerun 4 of 7 comes at 12:03:00"},
	} {
		t.Run(name, func(t *testing.T) {
			d := blame.Decide(broken(tt.edit))
			require.Equal(t, tt.probe, d.Probe, d.Reason)
			require.Contains(t, d.Reason, tt.reason)
			require.Nil(t, d.Cause)
		})
	}
}

func TestDecideGivesUpRatherThanGuess(t *testing.T) {
	for name, tt := range map[string]struct {
		edit   func(*blame.Case)
		reason string
	}{
		"the cap is reached before the confidence": {func(c *blame.Case) { c.Rates = map[blame.CaseID]blame.Rate{pays: {Runs: 100, Flakes: 80}} }, "too few"},
		"reruns never give evidence":               {func(c *blame.Case) { c.Rounds = rounds(10, gate.Inconclusive) }, "no evidence"},
		"a dependency is not ready": {func(c *blame.Case) {
			c.FailedSyncs = []blame.FailedSync{{Target: shop, Failure: sync.Waiting, Reason: "database is not ready"}}
		}, "no failure of its own"},
	} {
		t.Run(name, func(t *testing.T) {
			d := blame.Decide(broken(tt.edit))
			require.True(t, d.Inconclusive, d.Reason)
			require.Nil(t, d.Cause)
			require.Contains(t, d.Reason, tt.reason)
		})
	}
}
