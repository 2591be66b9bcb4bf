package blame_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/sources/sync"
)

var outcomes = rapid.SampledFrom([]gate.Outcome{gate.Passed, gate.Failed, gate.Failed, gate.Failed, gate.Inconclusive})

func drawRound(t *rapid.T) blame.Round {
	r := blame.Round{Outcome: outcomes.Draw(t, "round")}
	if r.Outcome == gate.Passed {
		r.Passed = []blame.CaseID{pays}
	}
	return r
}

// anyCase draws a Case of which each part may or may not speak for a commit.
func anyCase(t *rapid.T) blame.Case {
	often := func(what string) bool { return rapid.IntRange(0, 4).Draw(t, what) > 0 }
	c := batch(rapid.IntRange(1, 4).Draw(t, "commits"))
	c.Passed.RanAt = noon.Add(-time.Duration(rapid.IntRange(0, 30).Draw(t, "age")) * time.Hour)
	c.FailedAt = noon.Add(-time.Duration(rapid.IntRange(0, 30).Draw(t, "since")) * time.Minute)
	c.Rounds = nil
	for range rapid.IntRange(0, 8).Draw(t, "reruns") {
		c.Rounds = append(c.Rounds, blame.Round{Outcome: gate.Failed})
	}
	if !often("rerun alike") {
		c.Rounds = append(c.Rounds, drawRound(t))
	}
	if !often("knows a pass") {
		c.Passed = nil
	}
	if !often("changed") {
		c.Changes[0].After = c.Changes[0].Before
	}
	if !often("changed in Git") {
		c.Changes[0].OutsideGit = "edited"
	}
	if !often("traceable") {
		c.Changes[0].Untraceable = "rewritten"
	}
	if !often("the same tests") {
		c.Tests = "T1"
		for range rapid.IntRange(0, 9).Draw(t, "old rounds") {
			c.OldTests = append(c.OldTests, oldRounds(1, outcomes.Draw(t, "old round"))...)
		}
	}
	if !often("synced") {
		c.FailedSyncs = []blame.FailedSync{{Target: shop, Reproduced: often("reproduced"), NotReproduced: "it builds here", Failure: rapid.SampledFrom([]sync.Failure{
			sync.BuildFailed, sync.DeployFailed, sync.NotHealthy, sync.RolledBack, sync.Unreachable, sync.Waiting, ""}).Draw(t, "failure")}}
	}
	if !often("without trials") || len(c.FailedSyncs) > 0 {
		c.Trials = nil
	}
	if !often("uncontrolled") {
		c.Controlled, c.Controls = true, rapid.SliceOfN(outcomes, 0, 5).Draw(t, "controls")
	}
	if !often("alone") {
		c.Peers = join(peers(rapid.IntRange(0, 3).Draw(t, "failing"), gate.Failed), peers(rapid.IntRange(0, 3).Draw(t, "passing"), gate.Passed),
			peers(rapid.IntRange(0, 3).Draw(t, "running"), ""))
	}
	if !often("well before") {
		c.Earlier = []blame.Earlier{{At: noon.Add(-time.Hour), Kind: blame.Environment, Cases: []blame.CaseID{pays}, Unchanged: often("unchanged"), Outage: !often("no outage")}}
	}
	return c
}

func isConfig(d blame.Decision) bool { return d.Cause != nil && d.Cause.Kind == blame.Config }

func count(rounds []blame.Round, outcome gate.Outcome) (n int) {
	for _, r := range rounds {
		if r.Outcome == outcome {
			n++
		}
	}
	return n
}

func TestConfigNeedsAllOfItsEvidence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCase(t)
		d := blame.Decide(c)
		require.Equal(t, d, blame.Decide(c), "the same evidence always says the same")
		require.NotEmpty(t, d.Reason)
		said := 0
		for _, is := range []bool{d.Probe != "", d.Cause != nil, d.Inconclusive} {
			if is {
				said++
			}
		}
		require.Equal(t, 1, said, "%+v", d)
		if !isConfig(d) {
			require.True(t, d.Cause == nil || len(d.Cause.Suspects) == 0)
			return
		}
		require.NotNil(t, c.Passed)
		require.LessOrEqual(t, noon.Sub(c.Passed.RanAt), c.Gate.Spec.BaselineMaxAge.Duration)
		require.NotEmpty(t, d.Cause.Suspects)
		require.NotEqual(t, c.Changes[0].Before, c.Changes[0].After)
		require.Empty(t, c.Changes[0].OutsideGit+c.Changes[0].Untraceable)
		if len(c.FailedSyncs) == 0 {
			require.Zero(t, count(c.Rounds, gate.Passed))
			require.GreaterOrEqual(t, count(c.Rounds, gate.Failed), blame.Rate{}.Reruns(c.Gate.Spec.Reruns.Confidence))
			if c.Tests != c.Passed.Tests {
				require.False(t, slices.ContainsFunc(c.OldTests, func(r blame.OldRound) bool { return r.Outcome == gate.Passed }))
				require.Greater(t, len(c.OldTests), 7)
			}
		} else {
			require.NotContains(t, []sync.Failure{sync.Unreachable, sync.Waiting}, c.FailedSyncs[0].Failure)
		}
		require.False(t, c.Controlled && len(c.Controls) == 0)
	})
}

// TestEvidenceIsMonotone adds what speaks against a commit to any case: it must never be blamed because of it.
func TestEvidenceIsMonotone(t *testing.T) {
	against := map[string]func(*blame.Case){
		"a rerun that passes": func(c *blame.Case) {
			c.Rounds = append(c.Rounds, blame.Round{Outcome: gate.Passed, Passed: []blame.CaseID{pays}})
		},
		"others that fail":            func(c *blame.Case) { c.Peers = append(c.Peers, peers(2, gate.Failed)...) },
		"old tests that pass":         func(c *blame.Case) { c.OldTests = append(c.OldTests, oldRounds(1, gate.Passed)...) },
		"no pass":                     func(c *blame.Case) { c.Passed = nil },
		"an older pass":               func(c *blame.Case) { c.Passed.RanAt = noon.Add(-25 * time.Hour) },
		"a change outside Git":        func(c *blame.Case) { c.Changes[0].OutsideGit = "edited" },
		"a failure before the change": func(c *blame.Case) { c.Earlier = []blame.Earlier{{Kind: blame.Environment, Unchanged: true}} },
	}
	rapid.Check(t, func(t *rapid.T) {
		c := anyCase(t)
		name := rapid.SampledFrom([]string{"a rerun that passes", "others that fail", "old tests that pass", "no pass", "an older pass", "a change outside Git",
			"a failure before the change"}).Draw(t, "against")
		before := isConfig(blame.Decide(c))
		if c.Passed == nil {
			require.False(t, before)
			return
		}
		against[name](&c)
		require.False(t, isConfig(blame.Decide(c)) && !before, name)
	})
}

// TestBlameComesToAnEnd answers whatever is asked for at random, for as long as it takes.
func TestBlameComesToAnEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCase(t)
		for range 300 {
			d := blame.Decide(c)
			switch d.Probe {
			case "":
				return
			case blame.Rerun:
				c.Rounds = append(c.Rounds, drawRound(t))
			case blame.OldTests:
				c.OldTests = append(c.OldTests, oldRounds(1, outcomes.Draw(t, "old"))...)
			case blame.ControlSuite:
				c.Controls = append(c.Controls, outcomes.Draw(t, "control"))
			case blame.Bisect:
				c.Trials.Rounds[d.Try] = append(c.Trials.Rounds[d.Try], drawRound(t))
			case blame.Await:
				require.True(t, d.Until.After(c.Now), "time passes")
				c.Now = d.Until
			default:
				t.Fatal(fmt.Sprint("unknown probe ", d.Probe))
			}
		}
		t.Fatal("blame never ends")
	})
}
