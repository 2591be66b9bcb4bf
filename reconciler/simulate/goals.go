package simulate

import "fmt"

// missed lists the goals that a Tally misses, for people.
func (g Goals) missed(t Tally) (missed []string) {
	above := func(what string, r RevertTally, most float64) {
		if most > 0 && r.Rate.High > most {
			missed = append(missed, fmt.Sprintf("%s: the bad-revert rate %s is up to %.3f%% (%d of %d commits), and may be %.3f%%",
				t.Scenario, what, 100*r.Rate.High, r.Bad, r.Commits, 100*most))
		}
	}
	above("of what may merge by itself", t.ByItself, g.BadMergeRate)
	above("of proposals with one culprit", t.Single, g.BadRevertRate)
	below := func(what string, n int, least float64) {
		if share := float64(n) / float64(max(t.Config.Breakages, 1)); least > 0 && share < least {
			missed = append(missed, fmt.Sprintf("%s: %.1f%% of the breakages of configuration %s, and it should be %.1f%%", t.Scenario, 100*share, what, 100*least))
		}
	}
	below("end in a proposal with the culprit", t.Config.Proposed, g.Proposed)
	below("end in a proposal with the culprit or in a reason", t.Config.Proposed+t.Config.Explained, g.Answered)
	return missed
}
