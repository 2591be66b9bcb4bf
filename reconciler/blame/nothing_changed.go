package blame

import (
	"slices"
	"strings"
)

// nothingChanged is step 2, which costs nothing: without a change that Git knows of, Config is out. What remains is decided after outages
// and flakes were looked for.
func (i *inquiry) nothingChanged() *Decision {
	if i.Passed == nil {
		return i.without(Unknown, "this gate has never passed as far as history tells, so there is no state to compare with")
	}
	outside, changed, testsChanged := i.outsideGit(), i.changed(), i.Tests != i.Passed.Tests
	switch {
	case len(outside) > 0:
		return i.without(Environment, "changed outside Git, so no commit can be reverted: %s", strings.Join(outside, "; "))
	case len(changed) == 0 && !testsChanged:
		return i.without(Environment, "neither the configuration nor the tests changed since the last pass")
	case len(changed) == 0:
		return i.without(Tests, "the tests changed, and no target did")
	}
	if e := i.failedBefore(); e != nil {
		return i.without(Environment, "it failed already at %s, before anything changed since the last pass; whether the change made it worse cannot be told "+
			"before it passes again", e.At.UTC().Format("2006-01-02 15:04 MST"))
	}
	return nil
}

func (i *inquiry) outsideGit() (out []string) {
	for _, change := range i.Changes {
		if change.OutsideGit != "" {
			out = append(out, change.Target.String()+": "+change.OutsideGit)
		}
	}
	return out
}

// failedBefore is a Verification of the state of the last pass that failed after it, in one of the cases that fail now. An outage does not
// count: it is over, or the next step finds it.
func (i *inquiry) failedBefore() *Earlier {
	for k, e := range i.Earlier {
		if !e.Unchanged || e.Outage || e.Kind != Environment {
			continue
		}
		same := slices.ContainsFunc(i.failing(), func(id CaseID) bool { return slices.Contains(e.Cases, id) })
		if same || len(e.Cases) == 0 || len(i.Verdict.Failing) == 0 {
			return &i.Earlier[k]
		}
	}
	return nil
}
