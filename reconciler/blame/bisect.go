package blame

import "fmt"

// bisect tells the suspects apart where the states between the last pass and the failure can be tried, and sees the last passed state pass
// again: what fails there too is no change's fault. It returns nil where nothing can be tried.
//
// Tests flake, so that the search is a noisy one (as in Google's Flake Aware Culprit Finding, 2023). One pass of all that failed proves a
// state good, since on the failed state it never passes; failures prove one bad only when they are too many for a flake. On the way a lower
// confidence will do: the culprit must be seen failing with all of it, and the state before it passing.
func (i *inquiry) bisect(suspects []Suspect) *Decision {
	if i.Trials == nil {
		if i.NoTrials != "" && len(suspects) == 1 {
			i.note("the state of the last pass was not tried again: %s", i.NoTrials)
		}
		return nil
	}
	b := bisection{inquiry: i, suspects: suspects}
	good, bad := 0, len(suspects)
	for at := 1; at < len(suspects); at++ {
		switch b.look(at, enoughToWake) {
		case provenGood:
			good = max(good, at)
		case provenBad:
			bad = min(bad, at)
		}
	}
	switch {
	case good > bad: // one of the two is wrong, and a pass is not
		if b.look(bad, i.confidence()) == undecided {
			return b.try(bad, "it failed, and a later state passes")
		}
		return b.failed(fmt.Sprintf("bisecting contradicts itself: %s fails, and %s after it passes",
			short(suspects[bad-1]), short(suspects[good-1])))
	case bad-good > 1:
		middle := (good + bad) / 2
		if b.look(middle, enoughToWake) == untriable {
			return b.failed(fmt.Sprintf("%s could not be tried", short(suspects[middle-1])))
		}
		return b.try(middle, fmt.Sprintf("tell %d suspects apart", bad-good))
	case b.look(bad, i.confidence()) == undecided:
		return b.try(bad, "make sure that it is the first to fail")
	case b.look(bad, i.confidence()) == untriable:
		return b.failed(fmt.Sprintf("%s could not be tried often enough", short(suspects[bad-1])))
	}
	return b.conclude(good, bad)
}

// bisection is a search over the states before the first suspect (0) and after each (1 and up); the last is the one that failed.
type bisection struct {
	*inquiry
	suspects []Suspect
}

func (b bisection) commit(state int) string {
	if state == 0 {
		return b.Trials.Good
	}
	return b.suspects[state-1].Commit
}

// proof is what the trials of a state have shown.
type proof int

const (
	undecided proof = iota
	provenGood
	provenBad
	untriable
)

// look says what is proven of a state with a confidence.
func (b bisection) look(state int, confidence float64) proof {
	if state == len(b.suspects) {
		return provenBad // by the reruns
	}
	rounds := b.Trials.Rounds[b.commit(state)]
	done, still := conclusive(rounds), b.lastingIn(rounds)
	switch {
	case done > 0 && still.none():
		return provenGood
	case done > b.failuresFor(still.cases, confidence):
		return provenBad
	case len(rounds)-done >= inconclusiveRounds:
		return untriable
	}
	return undecided
}

// lastingIn is what of the failures that are no flakes was not seen to pass in some rounds.
func (b bisection) lastingIn(rounds []Round) failures {
	lasting := b.neverPassed(b.Rounds)
	if lasting.whole {
		return b.neverPassed(rounds)
	}
	var still failures
	for _, id := range b.neverPassed(rounds).cases {
		for _, l := range lasting.cases {
			if id == l {
				still.cases = append(still.cases, id)
			}
		}
	}
	return still
}

// failuresFor is how many failures in a row, after the first, prove that some cases do not all flake.
func (b bisection) failuresFor(cases []CaseID, confidence float64) int {
	asked := *b.inquiry
	gate := *b.Gate
	gate.Spec.Reruns.Confidence = min(confidence, gate.Spec.Reruns.Confidence)
	asked.Gate = &gate
	n, _ := asked.repeats(cases)
	return n
}

func (b bisection) try(state int, why string) *Decision {
	what := "the state of the last pass"
	if state > 0 {
		what = short(b.suspects[state-1])
	}
	d := b.probe(Bisect, "try %s: %s", what, why)
	d.Try = b.commit(state)
	return d
}

// failed ends the search without an answer.
func (b bisection) failed(why string) *Decision {
	if len(b.suspects) == 1 {
		b.note("the state of the last pass was not seen to pass again: %s", why)
		return b.guilty(b.suspects, "%s is the only commit since the last pass that changed what is rendered", short(b.suspects[0]))
	}
	return b.notToldApart(b.suspects, why)
}

// conclude names the culprit, once the state before it was seen to pass.
func (b bisection) conclude(good, bad int) *Decision {
	switch before := b.look(good, b.confidence()); {
	case before == undecided:
		return b.try(good, "see that the state before the culprit passes")
	case before == untriable:
		return b.failed("the state of the last pass could not be tried")
	case before == provenBad: // only the last passed state is not proven good here
		return b.cause(Environment, "the state of the last pass was brought live again, and fails now too: it is not the change")
	}
	culprit := b.suspects[bad-1]
	if bad < len(b.suspects) && len(b.lastingIn(b.Trials.Rounds[b.commit(bad)]).cases) < len(b.neverPassed(b.Rounds).cases) {
		return b.failed(fmt.Sprintf("%s is the first to fail, and not in all that fails now: more than one of them broke it", short(culprit)))
	}
	b.notEnvironment = true
	if good == 0 {
		b.note("the state of the last pass was brought live again, and passes still")
	} else {
		b.note("%s was brought live, and passes", short(b.suspects[good-1]))
	}
	if len(b.suspects) == 1 {
		return b.guilty(b.suspects, "%s is the only commit since the last pass that changed what is rendered, and without it the gate passes",
			short(culprit))
	}
	return b.guilty([]Suspect{culprit}, "%s is the first of %d suspects with which the gate fails, and before it the gate passes",
		short(culprit), len(b.suspects))
}
