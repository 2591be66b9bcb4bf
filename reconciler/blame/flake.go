package blame

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/assay-dev/assay/reconciler/gate"
)

// The prior of a case of which nothing is known: as if it had flaked once in priorRuns runs. Google saw 1.5% of all runs flake (Flaky Tests at
// Google and How We Mitigate Them, 2016); the prior is more careful.
const (
	priorFlakes = 1.0
	priorRuns   = 20.0
)

// Smoothed is the rate at which the case is expected to flake; never 0, and below 1.
func (r Rate) Smoothed() float64 {
	return (r.Flakes + priorFlakes) / (r.Runs + priorRuns + priorFlakes)
}

// Reruns is how many failures in a row of a case that flakes at the given rate leave a doubt of at most 1-confidence.
func Reruns(rate, confidence float64) int {
	return int(math.Ceil(math.Log(1-confidence) / math.Log(rate)))
}

// flake tells whether all that failed passed in some round, or asks for one more round.
func (c Case) flake() (bool, *Decision) {
	if c.FailedSync != "" {
		return false, nil
	}
	still, confidence := c.neverPassed(), c.Gate.Spec.Reruns.Confidence
	if len(c.Rounds) > 0 && still.none() {
		return true, nil
	}
	wanted, capped := c.wanted(still)
	done := c.conclusiveRounds()
	switch {
	case done < wanted && len(c.Rounds) < wanted+inconclusiveRounds:
		return false, &Decision{
			Probe: Rerun, RerunsLeft: wanted - done,
			Reason: fmt.Sprintf("rerun %d of %d, to tell a flake from a failure with a confidence of %g", done+1, wanted, confidence),
		}
	case done < wanted:
		return false, &Decision{Inconclusive: true, Reason: fmt.Sprintf("%d reruns gave no evidence", len(c.Rounds)-done)}
	case capped:
		return false, &Decision{Inconclusive: true, Reason: fmt.Sprintf(
			"%d reruns are too few for a confidence of %g in a case that flakes so often, and are the most that the gate allows", done, confidence)}
	}
	return false, nil
}

// inconclusiveRounds is how many reruns may end without evidence before blame gives up.
const inconclusiveRounds = 3

// failures are what must be seen passing to call the Verdict a flake: its cases, or the Gate as a whole where no case failed.
type failures struct {
	cases []CaseID
	whole bool
}

func (f failures) none() bool { return len(f.cases) == 0 && !f.whole }

// neverPassed is what failed first and passed in no round.
func (c Case) neverPassed() failures {
	if len(c.Verdict.Failing) == 0 {
		return failures{whole: !slices.ContainsFunc(c.Rounds, func(r Round) bool { return r.Outcome == gate.Passed })}
	}
	var f failures
	for _, failing := range c.Verdict.Failing {
		id := CaseID{Suite: failing.Suite, Name: failing.Name}
		if !slices.ContainsFunc(c.Rounds, func(r Round) bool { return slices.Contains(r.Passed, id) }) {
			f.cases = append(f.cases, id)
		}
	}
	return f
}

// wanted is how many conclusive rounds are needed to trust that what is left is no flake; capped says that even the Gate's cap is too few.
//
// One case that surely does not flake is enough to know that the failure is real, so the case with the fewest reruns counts.
func (c Case) wanted(still failures) (rounds int, capped bool) {
	least, most := *c.Gate.Spec.Reruns.Min, *c.Gate.Spec.Reruns.Max
	need := Reruns(Rate{}.Smoothed(), c.Gate.Spec.Reruns.Confidence)
	for i, id := range still.cases {
		n := Reruns(c.Rates[id].Smoothed(), c.Gate.Spec.Reruns.Confidence)
		if i == 0 || n < need {
			need = n
		}
	}
	need = max(need, least)
	return min(need, most), need > most
}

func (c Case) conclusiveRounds() int {
	n := 0
	for _, r := range c.Rounds {
		if r.Outcome != gate.Inconclusive {
			n++
		}
	}
	return n
}

func (c Case) describeRounds() string {
	if n := c.conclusiveRounds(); n == 1 {
		return "rerun once on the same state, and failed again"
	} else if n > 0 && !c.neverPassed().none() {
		return fmt.Sprintf("rerun %d times on the same state, and failed each time", n)
	}
	return fmt.Sprintf("rerun %d times on the same state", len(c.Rounds))
}

func (c Case) describeFlake() string {
	var names []string
	for _, f := range c.Verdict.Failing {
		names = append(names, f.Suite+"/"+f.Name)
	}
	if len(names) == 0 {
		return c.Verdict.Reason
	}
	return strings.Join(names, ", ")
}
