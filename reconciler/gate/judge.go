package gate

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/assay-dev/assay/sources/tests"
)

// Judge holds the Gate's conditions against its Suites. A Gate without conditions holds when every Suite passed.
//
// It is Failed when one condition is false whatever the inconclusive Suites would have said, Passed when all are true, and
// Inconclusive otherwise; also when no Suite gave any evidence at all. A condition that compares with a baseline that
// is not there yet is left out.
func Judge(g *tests.Gate, suites []Suite, baseline *Baseline) Verdict {
	v := Verdict{Suites: suites, Failing: failing(suites)}
	conclusive := false
	for _, s := range suites {
		conclusive = conclusive || s.Outcome != Inconclusive
	}
	if !conclusive {
		v.Outcome, v.Reason = Inconclusive, "no suite gave any evidence: "+reasons(suites, Inconclusive)
		return v
	}
	w := newWorld(suites, baseline)
	var unknown []string
	held := 0
	for _, cond := range g.Spec.Pass {
		name := cmp.Or(cond.Name, cond.Expr)
		c, err := compile(cond.Expr)
		if err != nil {
			unknown = append(unknown, fmt.Sprintf("%s: %v", name, err))
			continue
		}
		outcome, reason, skipped := c.holds(w)
		switch {
		case skipped:
		case outcome == Failed:
			v.Broken = append(v.Broken, name)
		case outcome == Inconclusive:
			unknown = append(unknown, name+": "+reason)
		default:
			held++
		}
	}
	switch {
	case len(v.Broken) > 0:
		v.Outcome, v.Reason = Failed, "does not hold: "+strings.Join(v.Broken, "; ")
		if why := reasons(suites, Failed); why != "" {
			v.Reason += " (" + why + ")"
		}
	case len(unknown) > 0:
		v.Outcome, v.Reason = Inconclusive, "cannot be told: "+strings.Join(unknown, "; ")
	case held > 0:
		v.Outcome, v.Reason = Passed, fmt.Sprintf("all %d conditions hold", held)
		if held == 1 {
			v.Reason = "its condition holds"
		}
	default:
		v.Outcome, v.Reason = everySuitePassed(suites)
	}
	return v
}

func everySuitePassed(suites []Suite) (Outcome, string) {
	if why := reasons(suites, Failed); why != "" {
		return Failed, why
	}
	if why := reasons(suites, Inconclusive); why != "" {
		return Inconclusive, why
	}
	if len(suites) == 1 {
		return Passed, suites[0].Name + " passed"
	}
	return Passed, fmt.Sprintf("all %d suites passed", len(suites))
}

func reasons(suites []Suite, outcome Outcome) string {
	var out []string
	for _, s := range suites {
		if s.Outcome == outcome {
			out = append(out, s.Name+": "+s.Reason)
		}
	}
	return strings.Join(out, "; ")
}

func failing(suites []Suite) []FailedCase {
	var out []FailedCase
	for _, s := range suites {
		if s.Report == nil {
			continue
		}
		for _, c := range s.Report.Cases {
			if c.Unsuccessful() {
				out = append(out, FailedCase{Suite: s.Name, Name: c.FullName(), Message: c.Message})
			}
		}
	}
	return out
}

// SyncFailed is the Verdict of a state that never came about: no Suite ran.
func SyncFailed(reason string) Verdict {
	return Verdict{Outcome: Failed, Reason: "the sync failed: " + reason}
}
