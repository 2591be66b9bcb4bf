package blame_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
)

// batch is a Gate that fails since several commits, whose states can be tried.
func batch(commits int) blame.Case {
	return broken(func(c *blame.Case) {
		c.Changes[0].Suspects = nil
		for i := range commits {
			c.Changes[0].Suspects = append(c.Changes[0].Suspects, suspect(fmt.Sprint("c", i+1)))
		}
		c.Trials = &blame.Trials{Good: "c0", Rounds: map[string][]blame.Round{}}
	})
}

// bisect makes the trials that are asked for until there is an answer, and counts them. fails says how a state answers.
func bisect(t require.TestingT, c blame.Case, fails func(commit string) gate.Outcome) (d blame.Decision, trials int) {
	for ; trials < 1000; trials++ {
		d = blame.Decide(c)
		if d.Probe != blame.Bisect {
			return d, trials
		}
		round := blame.Round{Outcome: fails(d.Try)}
		if round.Outcome == gate.Passed {
			round.Passed = []blame.CaseID{pays}
		}
		c.Trials.Rounds[d.Try] = append(c.Trials.Rounds[d.Try], round)
	}
	require.Fail(t, "bisecting never ends")
	return d, trials
}

// since is a world that fails from one commit on.
func since(bad int) func(string) gate.Outcome {
	return func(commit string) gate.Outcome {
		var at int
		_, _ = fmt.Sscanf(commit, "c%d", &at)
		if at >= bad {
			return gate.Failed
		}
		return gate.Passed
	}
}

func TestBisectFindsTheCulprit(t *testing.T) {
	for commits := 1; commits <= 20; commits++ {
		for bad := 1; bad <= commits; bad++ {
			d, trials := bisect(t, batch(commits), since(bad))
			require.Equal(t, blame.Config, d.Cause.Kind, d.Reason)
			require.True(t, d.Cause.ToldApart(), d.Reason)
			require.Equal(t, fmt.Sprint("c", bad), d.Cause.Suspects[0].Commit)
			require.LessOrEqual(t, trials, 5*4+5, "a state on the way takes at most 4 runs, and the culprit 8")
		}
	}
}

func TestBisectSeesThatItIsNotTheChange(t *testing.T) {
	for commits := 1; commits <= 5; commits++ {
		d, _ := bisect(t, batch(commits), since(0))
		require.Equal(t, blame.Environment, d.Cause.Kind, d.Reason)
		require.Contains(t, d.Reason, "fails now too")
	}
}

func TestBisectAdmitsThatItCannotTell(t *testing.T) {
	never := func(string) gate.Outcome { return gate.Inconclusive }
	d, _ := bisect(t, batch(4), never)
	require.Len(t, d.Cause.Suspects, 4)
	require.Contains(t, d.Reason, "could not be tried")

	d, _ = bisect(t, batch(1), never)
	require.True(t, d.Cause.ToldApart(), "there is only one")
	require.Contains(t, fmt.Sprint(d.Cause.Evidence), "could not be tried")

	c := batch(6)
	c.Trials.Rounds["c4"] = []blame.Round{{Outcome: gate.Passed, Passed: []blame.CaseID{pays}}}
	c.Trials.Rounds["c2"] = rounds(20, gate.Failed)
	d = blame.Decide(c)
	require.Len(t, d.Cause.Suspects, 6, "it breaks, holds and breaks again")
	require.Contains(t, d.Reason, "contradicts itself")

	c = batch(2)
	other := blame.CaseID{Suite: "smoke", Name: "other"}
	c.Verdict.Failing = append(c.Verdict.Failing, gate.FailedCase{Suite: other.Suite, Name: other.Name})
	c.Trials.Rounds["c0"] = []blame.Round{{Outcome: gate.Passed, Passed: []blame.CaseID{pays, other}}}
	c.Trials.Rounds["c1"] = []blame.Round{{Outcome: gate.Failed, Passed: []blame.CaseID{other}}}
	for range 10 {
		c.Trials.Rounds["c1"] = append(c.Trials.Rounds["c1"], c.Trials.Rounds["c1"][0])
	}
	d = blame.Decide(c)
	require.Len(t, d.Cause.Suspects, 2, "each of them broke something")

	c = batch(3)
	c.Trials, c.NoTrials = nil, "they lie in several repositories"
	require.Contains(t, blame.Decide(c).Reason, "were not told apart (they lie in several repositories)")
}

// TestBisectWithFlakes has the good states fail now and then, too: a flake may cost runs and never another commit its good name.
func TestBisectWithFlakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		commits := rapid.IntRange(1, 20).Draw(t, "commits")
		bad := rapid.IntRange(1, commits).Draw(t, "bad")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		d, _ := bisect(t, batch(commits), func(commit string) gate.Outcome {
			if since(bad)(commit) == gate.Passed && random.Float64() >= 0.16 {
				return gate.Passed
			}
			return gate.Failed
		})
		if d.Cause.Kind == blame.Config && d.Cause.ToldApart() {
			require.Equal(t, fmt.Sprint("c", bad), d.Cause.Suspects[0].Commit, d.Reason)
		}
	})
}

func BenchmarkDecide(b *testing.B) {
	c := batch(20)
	c.Peers, c.FailedAt = join(peers(20, gate.Passed), peers(5, gate.Failed)), noon.Add(-time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		if d := blame.Decide(c); d.Probe != blame.Bisect {
			b.Fatal(d.Reason)
		}
	}
}
