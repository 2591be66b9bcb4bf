package blame

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assay-dev/assay/reconciler/gate"
)

// Decide takes the next step of blame for a Failed Verdict.
func Decide(c Case) Decision {
	var found []string
	note := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	cause := func(kind Kind, format string, args ...any) Decision {
		reason := fmt.Sprintf(format, args...)
		return Decision{Cause: &Cause{Kind: kind, Reason: reason, Evidence: found}, Reason: reason}
	}

	flake, d := c.flake()
	switch {
	case d != nil:
		return *d
	case flake:
		note("%s", c.describeRounds())
		return cause(Flake, "what failed passes now and then on the same state: %s", c.describeFlake())
	case c.FailedSync == "":
		note("not a flake: %s", c.describeRounds())
	}

	if c.Passed == nil {
		return cause(Unknown, "this gate has never passed as far as history tells, so there is no state to compare with")
	}
	outside, changed := c.outsideGit(), c.changed()
	testsChanged := c.Tests != c.Passed.Tests
	switch {
	case len(outside) > 0:
		return cause(Environment, "changed outside Git, so no commit can be reverted: %s", strings.Join(outside, "; "))
	case len(changed) == 0 && !testsChanged:
		return cause(Environment, "neither the configuration nor the tests changed since the last pass")
	case len(changed) == 0:
		return cause(Tests, "the tests changed, and no target did")
	case !testsChanged:
		note("not the tests: they are the same as at the last pass")
	case c.OldTests == gate.Passed:
		return cause(Tests, "the tests of the last pass hold on the same configuration")
	case c.OldTests == gate.Failed:
		note("not the tests: they changed, and those of the last pass fail on this configuration too")
	case c.OldTests == gate.Inconclusive:
		return cause(Unknown, "both the tests and the configuration changed, and the old tests cannot tell them apart: %s", cmp.Or(c.OldTestsReason, "they gave no evidence"))
	case c.FailedSync != "":
		note("not the tests: none ran, since the sync failed before them")
	default:
		return Decision{Probe: OldTests, Reason: "both the tests and the configuration changed: try the tests of the last pass on this configuration"}
	}

	if c.sincePassed() > c.Gate.Spec.BaselineMaxAge.Duration {
		return cause(Unknown, "the last pass is %s old, older than baselineMaxAge %s: too long ago to blame a commit by it",
			c.sincePassed(), c.Gate.Spec.BaselineMaxAge.Duration)
	}
	return c.config(changed, note, cause)
}

// config names the suspects, or says why there are none to be sure of.
func (c Case) config(changed []Change, note func(string, ...any), cause func(Kind, string, ...any) Decision) Decision {
	var suspects []Suspect
	for _, change := range changed {
		if change.Untraceable != "" {
			return cause(Unknown, "%s changed, and cannot be traced to commits: %s", change.Target, change.Untraceable)
		}
		note("not the environment alone: %s renders something else than %s ago, when the gate last passed", change.Target, c.sincePassed())
		for _, s := range change.Suspects {
			i := slices.IndexFunc(suspects, func(o Suspect) bool { return o.Repository == s.Repository && o.Commit == s.Commit })
			if i < 0 {
				suspects = append(suspects, s)
				continue
			}
			suspects[i].Targets = append(slices.Clone(suspects[i].Targets), s.Targets...)
		}
	}
	if len(suspects) == 0 {
		return cause(Unknown, "what is rendered changed, and no commit on the first-parent path since the last pass changed it")
	}
	var d Decision
	if len(suspects) == 1 {
		d = cause(Config, "%s is the only commit since the last pass that changed what is rendered", short(suspects[0]))
	} else {
		names := make([]string, len(suspects))
		for i, s := range suspects {
			names[i] = short(s)
		}
		d = cause(Config, "%d commits since the last pass changed what is rendered, and were not told apart: %s", len(suspects), strings.Join(names, ", "))
	}
	d.Cause.Suspects = suspects
	return d
}

func (c Case) sincePassed() time.Duration { return c.Now.Sub(c.Passed.RanAt).Round(time.Second) }

func (c Case) changed() (out []Change) {
	for _, change := range c.Changes {
		if change.changed() {
			out = append(out, change)
		}
	}
	return out
}

func (c Case) outsideGit() (out []string) {
	for _, change := range c.Changes {
		if change.OutsideGit != "" {
			out = append(out, change.Target.String()+": "+change.OutsideGit)
		}
	}
	return out
}

func short(s Suspect) string {
	return fmt.Sprintf("%.8s (%s)", s.Commit, s.Subject)
}
