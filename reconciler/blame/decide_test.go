package blame_test

import (
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

// broken is a Gate that passed an hour ago, and fails since one commit; rerun twice, and still failing.
func broken(edit ...func(*blame.Case)) blame.Case {
	g := &tests.Gate{}
	g.Default()
	c := blame.Case{
		Gate: g, Now: noon, Tests: "T0",
		Verdict: gate.Verdict{Outcome: gate.Failed, Reason: "smoke: 1 of 9 cases failed", Failing: []gate.FailedCase{{Suite: pays.Suite, Name: pays.Name}}},
		Passed:  &blame.Passed{Tests: "T0", RanAt: noon.Add(-time.Hour)},
		Changes: []blame.Change{
			{Target: shop, Before: "A", After: "B", Suspects: []blame.Suspect{suspect("c1")}},
			{Target: cart, Before: "C", After: "C"},
		},
		Rounds: []blame.Round{{Outcome: gate.Failed}, {Outcome: gate.Failed}},
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
			edit: func(c *blame.Case) { c.Tests, c.OldTests = "T1", gate.Passed },
			kind: blame.Tests, reason: "the tests of the last pass hold",
		},
		"both changed, and the old tests fail too": {
			edit: func(c *blame.Case) { c.Tests, c.OldTests = "T1", gate.Failed },
			kind: blame.Config, reason: "only commit", suspects: []string{"c1"},
		},
		"both changed, and the old tests cannot tell": {
			edit: func(c *blame.Case) { c.Tests, c.OldTests, c.OldTestsReason = "T1", gate.Inconclusive, "gone" },
			kind: blame.Unknown, reason: "gone",
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
		"a failed sync is not rerun": {
			edit: func(c *blame.Case) {
				c.FailedSync, c.Rounds, c.Verdict = "Site/shop: exit code 1", nil, gate.SyncFailed("exit code 1")
			},
			kind: blame.Config, reason: "only commit", suspects: []string{"c1"},
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

func TestDecideAsksForProbes(t *testing.T) {
	t.Run("reruns first", func(t *testing.T) {
		d := blame.Decide(broken(func(c *blame.Case) { c.Rounds = nil }))
		require.Equal(t, blame.Rerun, d.Probe)
		require.Equal(t, 2, d.RerunsLeft)
	})
	t.Run("more reruns for a case that is known to flake", func(t *testing.T) {
		d := blame.Decide(broken(func(c *blame.Case) {
			c.Rates = map[blame.CaseID]blame.Rate{pays: {Runs: 100, Flakes: 30}}
		}))
		require.Equal(t, blame.Rerun, d.Probe)
		require.Equal(t, 2, d.RerunsLeft, "ceil(ln 0.01 / ln 0.256) is 4, and 2 were made")
	})
	t.Run("reruns that gave no evidence do not count", func(t *testing.T) {
		d := blame.Decide(broken(func(c *blame.Case) { c.Rounds[0].Outcome = gate.Inconclusive }))
		require.Equal(t, blame.Rerun, d.Probe)
		require.Equal(t, 1, d.RerunsLeft)
	})
	t.Run("the old tests, when both changed", func(t *testing.T) {
		d := blame.Decide(broken(func(c *blame.Case) { c.Tests = "T1" }))
		require.Equal(t, blame.OldTests, d.Probe)
	})
}

func TestDecideGivesUpRatherThanGuess(t *testing.T) {
	t.Run("the cap is reached before the confidence", func(t *testing.T) {
		d := blame.Decide(broken(func(c *blame.Case) {
			c.Rates = map[blame.CaseID]blame.Rate{pays: {Runs: 100, Flakes: 80}}
			c.Rounds = nil
			for range *c.Gate.Spec.Reruns.Max {
				c.Rounds = append(c.Rounds, blame.Round{Outcome: gate.Failed})
			}
		}))
		require.True(t, d.Inconclusive)
		require.Nil(t, d.Cause)
		require.Contains(t, d.Reason, "too few")
	})
	t.Run("reruns never give evidence", func(t *testing.T) {
		d := blame.Decide(broken(func(c *blame.Case) {
			c.Rounds = nil
			for range 5 {
				c.Rounds = append(c.Rounds, blame.Round{Outcome: gate.Inconclusive})
			}
		}))
		require.True(t, d.Inconclusive)
		require.Contains(t, d.Reason, "no evidence")
	})
}

func TestReruns(t *testing.T) {
	require.Equal(t, 2, blame.Reruns(blame.Rate{}.Smoothed(), 0.99), "a case of which nothing is known")
	require.Equal(t, 1, blame.Reruns(0.01, 0.99))
	require.Equal(t, 7, blame.Reruns(0.5, 0.99))
	require.Positive(t, blame.Rate{Runs: 1e6}.Smoothed(), "a rate is never 0")
	require.Less(t, blame.Rate{Runs: 10, Flakes: 10}.Smoothed(), 1.0)
}
