package blame

import (
	"slices"

	"github.com/assay-dev/assay/reconciler/gate"
)

// oldTests is step 5. Where tests and configuration changed together, the tests of the last pass are run on the new configuration: if they
// hold, the tests are at fault, and only if they surely fail may the configuration be. They may flake as well, so that they are run until
// they pass once, or as often as what failed was. That the new tests are bad besides cannot be told then, and does not matter to whether
// the configuration is.
func (i *inquiry) oldTests() *Decision {
	switch {
	case i.Tests == i.Passed.Tests:
		i.note("not the tests: they are the same as at the last pass")
		return nil
	case len(i.FailedSyncs) > 0:
		i.note("not the tests: none ran, since the sync failed before them")
		return nil
	case i.OldTestsGone != "":
		return i.unknown("both the tests and the configuration changed, and the old tests cannot tell them apart: %s", i.OldTestsGone)
	}
	var failed []OldRound
	for _, r := range i.OldTests {
		switch r.Outcome {
		case gate.Passed:
			return i.cause(Tests, "the tests of the last pass hold on the same configuration")
		case gate.Failed:
			failed = append(failed, r)
		}
	}
	silent := len(i.OldTests) - len(failed)
	if silent >= inconclusiveRounds {
		return i.unknown("both the tests and the configuration changed, and the old tests cannot tell them apart: %s", i.OldTests[len(i.OldTests)-1].Reason)
	}
	if len(failed) == 0 {
		return i.probe(OldTests, "both the tests and the configuration changed: try the tests of the last pass on this configuration")
	}
	always := inAll(failed)
	if len(always) == 0 && len(failed[0].Failing) > 0 {
		return i.unknown("both the tests and the configuration changed, and in the tests of the last pass other cases fail each time")
	}
	repeats, capped := i.repeats(always)
	switch {
	case len(failed) <= repeats:
		return i.probe(OldTests, "the tests of the last pass failed: run %d of %d, to tell a flake of theirs from a failure", len(failed)+1, repeats+1)
	case capped:
		return i.unknown("both the tests and the configuration changed, and what fails in the old tests flakes too often to tell them apart")
	}
	i.note("not the tests alone: they changed, and those of the last pass fail on this configuration too, %d times of %d", len(failed), len(failed))
	return nil
}

// inAll are the cases that failed in every one of some rounds.
func inAll(rounds []OldRound) []CaseID {
	return slices.DeleteFunc(slices.Clone(rounds[0].Failing), func(id CaseID) bool {
		return slices.ContainsFunc(rounds, func(r OldRound) bool { return !slices.Contains(r.Failing, id) })
	})
}
