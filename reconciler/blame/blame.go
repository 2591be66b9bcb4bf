// Package blame says why a Gate failed. In go a Failed Verdict, the last Passed state, what changed since, what the other Gates of the
// Environment show, and what probes have shown so far; out comes either a Cause with its evidence or one more Probe that would tell. It is
// pure: the loop runs the probes and asks again. It never guesses: what cannot be told is Unknown, or no Verdict at all.
//
// The steps are taken in order, free evidence first, and the first answer stands. Each is a file:
//
//	nothing_ran.go      1  nothing ran: Inconclusive
//	nothing_changed.go  2  nothing of ours changed, or only the tests: Config is out from here on, and steps 3 and 4 may still
//	                       find a better answer
//	outage.go           3  many Gates with unrelated changes fail at the same time: Environment
//	ask_others.go       3  without a control: other Gates are verified now, to see whether they fail too
//	control.go          3  a Suite that touches no change fails as well: Environment
//	outage_lasts.go     3  an outage was seen since the last pass, and nobody was seen well since: Environment (asked after the reruns)
//	flake.go, rate.go   4  what failed passes now and then on the same state: Flake
//	old_tests.go        5  both changed, and the tests of the last pass hold: Tests
//	config.go           6  commits changed what is rendered since a recent pass: Config
//	bisect.go           6  which of them did, where states in between can be tried; and whether the last passed one still passes
//	unknown.go          7  what is left, and what is missing to tell
//
// What is rendered hangs on the files of a Target and on how the Target has them built. A commit that changed the latter, where another
// Target applied the definition from Git, is a suspect like any other; a change that no commit of either explains came from outside Git.
//
// A failed Sync (failed_sync.go) takes the same steps: its rerun is one more deadline, since its engine keeps trying. Only a Config cause
// can lead to a revert.
//
// # What cannot be told
//
// Three things look like a harmless commit's fault: drift that set in between the last pass and the commit, an outage of what only this
// Gate needs, and an earlier commit to a Target that the Suites go through and the Gate does not name (those that changed meanwhile are
// said in the evidence). A control Suite that sees it, a shorter `every` and baselineMaxAge, or a Site that may be bisected, where the
// state that passed is tried again, tells them apart. And of several commits that arrived together, none is told from the others where none
// can be tried alone.
package blame

// Decide takes the next step of blame for a Failed Verdict.
func Decide(c Case) Decision {
	i := &inquiry{Case: c}
	for _, step := range []func(*inquiry) *Decision{
		(*inquiry).nothingRan,
		(*inquiry).nothingChanged,
		(*inquiry).unreachable,
		(*inquiry).outage,
		(*inquiry).control,
		(*inquiry).askOthers,
		(*inquiry).flake,
		(*inquiry).lasting,
		(*inquiry).outageLasts,
		(*inquiry).withoutConfig,
		(*inquiry).oldTests,
		(*inquiry).awaitOthers,
		(*inquiry).config,
	} {
		if d := step(i); d != nil {
			return *d
		}
	}
	return *i.unknown("what is rendered changed, and no commit on the first-parent path since the last pass changed it")
}
