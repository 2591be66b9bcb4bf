package blame

// Rate is what history knows of one case on states that Passed: how often it ran, and how often it failed at first and passed on the same
// state. Both may be fractions, since old observations weigh less.
type Rate struct {
	Runs   float64 `json:"runs"`
	Flakes float64 `json:"flakes"`
}

// The prior of a case of which nothing is known: as if it had flaked once in 21 runs. Google saw 1.5% of all runs flake (Flaky Tests at
// Google and How We Mitigate Them, 2016); the prior is more careful.
const (
	priorFlakes = 1.0
	priorPasses = 20.0
)

// Chance is how likely a case that only flakes fails so many times in a row. Were its rate known, that would be rate^times. It is only
// estimated, and each failure makes a higher rate more likely: this is the beta-binomial, which weighs all the rates that what was seen
// leaves possible. Once is the rate that is expected: never 0, and below 1.
func (r Rate) Chance(times int) float64 {
	chance, flakes, all := 1.0, r.Flakes+priorFlakes, r.Runs+priorFlakes+priorPasses
	for range times {
		chance *= flakes / all
		flakes, all = flakes+1, all+1
	}
	return chance
}

// Reruns is how many further failures in a row, after one that was seen, leave a doubt of at most 1-confidence that the case only flakes.
// For a case that was seen often enough it is ceil(ln(1-confidence)/ln(rate)); the less was seen of it, the more reruns.
//
// What the confidence means for reverts: of the commits that break nothing, a share of n*rate*(1-confidence) at most is blamed, where n
// flaky cases guard them. Ten cases that flake at 16% each, and nine good commits for every bad one, make 9*10*0.16 = 14 failures by flakes
// for each real one (Google saw five: 84% of the transitions from pass to fail), so that a confidence of 0.99 would make one wrong revert
// for seven right ones, and 0.99999 one for seven thousand; since reruns are whole, at 16% rather one for twenty thousand.
func (r Rate) Reruns(confidence float64) int {
	seen := Rate{Runs: r.Runs + 1, Flakes: r.Flakes + 1}
	for n := range mostReruns {
		if seen.Chance(n) <= 1-confidence {
			return n
		}
	}
	return mostReruns
}

// mostReruns is more than any Gate may ask for.
const mostReruns = 1000

// enoughToWake is the confidence for what wakes people, and reverts nothing.
const enoughToWake = 0.99
