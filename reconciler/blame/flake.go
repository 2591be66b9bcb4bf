package blame

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assay-dev/assay/reconciler/gate"
)

// flake is step 4: what failed is run again on the same state until all of it was seen to pass, or surely does not flake.
func (i *inquiry) flake() *Decision {
	if len(i.FailedSyncs) > 0 {
		return nil
	}
	still := i.neverPassed(i.Rounds)
	done := conclusive(i.Rounds)
	if done > 0 && still.none() {
		i.note("%s", i.describeRounds())
		return i.cause(Flake, "what failed passes now and then on the same state: %s", i.describeFailing())
	}
	wanted, capped := i.repeats(still.cases)
	switch {
	case done < wanted && len(i.Rounds) >= wanted+inconclusiveRounds:
		return i.inconclusive("%d reruns gave no evidence", len(i.Rounds)-done)
	case done < wanted:
		if at := i.paced(done, wanted); i.Now.Before(at) {
			return i.await(at, "rerun %d of %d comes at %s: reruns that are close together may all meet the same hiccup",
				done+1, wanted, at.UTC().Format(time.TimeOnly))
		}
		d := i.probe(Rerun, "rerun %d of %d, to tell a flake from a failure with a confidence of %g", done+1, wanted, i.confidence())
		d.RerunsLeft = wanted - done
		return d
	case capped:
		return i.inconclusive("%d reruns are too few for a confidence of %g in a case that flakes so often, and are the most that the gate allows", done, i.confidence())
	case done > 0:
		i.note("not a flake: %s", i.describeRounds())
	}
	return nil
}

// inconclusiveRounds is how many Runs of one kind may end without evidence before blame gives up on them.
const inconclusiveRounds = 3

// confidence that the reruns are to bring: what the Gate asks for where a commit may be blamed, and less where nothing can be reverted.
func (i *inquiry) confidence() float64 {
	asked := i.Gate.Spec.Reruns.Confidence
	if !i.mayRevert() {
		return min(asked, enoughToWake)
	}
	return asked
}

// paced is when the next rerun may begin: they are spread evenly, so that no hiccup shorter than the Gate's spread meets all of them.
func (i *inquiry) paced(done, wanted int) time.Time {
	return i.FailedAt.Add(i.Gate.Spec.Reruns.Spread.Duration * time.Duration(done+1) / time.Duration(wanted))
}

// failures are what must be seen passing to call the Verdict a flake: its cases, or the Gate as a whole where no case failed.
type failures struct {
	cases []CaseID
	whole bool
}

func (f failures) none() bool { return len(f.cases) == 0 && !f.whole }

// neverPassed is what failed first and passed in none of some rounds.
func (c Case) neverPassed(rounds []Round) failures {
	if len(c.Verdict.Failing) == 0 {
		return failures{whole: !slices.ContainsFunc(rounds, func(r Round) bool { return r.Outcome == gate.Passed })}
	}
	var f failures
	for _, id := range c.failing() {
		if !slices.ContainsFunc(rounds, func(r Round) bool { return slices.Contains(r.Passed, id) }) {
			f.cases = append(f.cases, id)
		}
	}
	return f
}

// repeats is how many failures in a row, after the first, are needed to trust that some cases do not all flake; capped says that even the
// Gate's cap is too few. No cases is a Gate whose condition does not hold, of which no rate is known.
//
// One case that surely does not flake is enough to know that the failure is real, so the case with the fewest reruns counts.
func (i *inquiry) repeats(cases []CaseID) (rounds int, capped bool) {
	need := Rate{}.Reruns(i.confidence())
	for k, id := range cases {
		n := i.Rates[id].Reruns(i.confidence())
		if k == 0 || n < need {
			need = n
		}
	}
	need = max(need, *i.Gate.Spec.Reruns.Min)
	most := *i.Gate.Spec.Reruns.Max
	return min(need, most), need > most
}

func conclusive(rounds []Round) (n int) {
	for _, r := range rounds {
		if r.Outcome != gate.Inconclusive {
			n++
		}
	}
	return n
}

func (i *inquiry) describeRounds() string {
	if n := conclusive(i.Rounds); n == 1 && !i.neverPassed(i.Rounds).none() {
		return "rerun once on the same state, and failed again"
	} else if n > 0 && !i.neverPassed(i.Rounds).none() {
		return fmt.Sprintf("rerun %d times on the same state, and failed each time", n)
	}
	return fmt.Sprintf("rerun %d times on the same state", len(i.Rounds))
}

func (i *inquiry) describeFailing() string {
	var names []string
	for _, id := range i.failing() {
		names = append(names, id.Suite+"/"+id.Name)
	}
	if len(names) == 0 {
		return i.Verdict.Reason
	}
	return strings.Join(names, ", ")
}
