package blame

import "github.com/assay-dev/assay/reconciler/gate"

// control is the second half of step 3, for an Environment of few Gates: Suites that touch no change tell whether the environment itself is
// well. One that fails is run again until it passes, or is surely no flake, so that a flaky control hides no culprit. One that gives no
// evidence is none.
func (i *inquiry) control() *Decision {
	if !i.Controlled {
		return nil
	}
	failed, silent := 0, 0
	for _, outcome := range i.Controls {
		switch outcome {
		case gate.Passed:
			i.notEnvironment = true
			i.note("not the environment: the control suites pass on it")
			return nil
		case gate.Failed:
			failed++
		default:
			silent++
		}
	}
	enough := 1 + Rate{}.Reruns(enoughToWake)
	switch {
	case failed >= enough:
		return i.outageOf("the control suites, which touch no change, fail too: %d times in a row", failed)
	case silent >= inconclusiveRounds:
		i.note("the control suites gave no evidence")
		return nil
	case failed > 0:
		return i.probe(ControlSuite, "the control suites failed: run %d of %d, to tell a flake of theirs from an environment that is not well",
			failed+1, enough)
	}
	return i.probe(ControlSuite, "see whether the environment itself is well: the control suites touch no change")
}
