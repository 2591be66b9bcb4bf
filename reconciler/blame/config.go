package blame

import (
	"fmt"
	"strings"

	"github.com/assay-dev/assay/sources/sync"
)

// config is step 6: the commits that changed what is rendered since a recent pass are the suspects.
func (i *inquiry) config() *Decision {
	if age, limit := i.sincePassed(), i.Gate.Spec.BaselineMaxAge.Duration; age > limit {
		return i.unknown("the last pass is %s old, older than baselineMaxAge %s: too long ago to blame a commit by it", age, limit)
	}
	if d := i.reproduced(); d != nil {
		return d
	}
	changed := i.changed()
	for _, change := range changed {
		if change.Untraceable != "" {
			return i.unknown("%s changed, and cannot be traced to commits: %s", change.Target, change.Untraceable)
		}
		i.note("not the environment alone: %s renders something else than %s ago, when the gate last passed", change.Target, i.sincePassed())
	}
	suspects := SuspectsOf(changed)
	if len(suspects) == 0 {
		return nil
	}
	if n := len(i.Elsewhere); n > 0 {
		i.note("not looked at, since the gate does not name them: %d other targets that changed since it passed (%s)", n, shown(i.Elsewhere))
	}
	if d := i.bisect(suspects); d != nil {
		return d
	}
	if len(suspects) == 1 {
		return i.guilty(suspects, "%s is the only commit since the last pass that changed what is rendered", short(suspects[0]))
	}
	return i.notToldApart(suspects, i.NoTrials)
}

// shown names the first few of some Targets.
func shown(targets []sync.Target) string {
	const few = 5
	var names []string
	for _, t := range targets[:min(len(targets), few)] {
		names = append(names, t.String())
	}
	if len(targets) > few {
		names = append(names, "...")
	}
	return strings.Join(names, ", ")
}

// guilty ends the inquiry with Config.
func (i *inquiry) guilty(suspects []Suspect, format string, args ...any) *Decision {
	d := i.cause(Config, format, args...)
	d.Cause.Suspects, d.Cause.NotEnvironment = suspects, i.notEnvironment
	return d
}

func (i *inquiry) notToldApart(suspects []Suspect, why string) *Decision {
	names := make([]string, len(suspects))
	for k, s := range suspects {
		names[k] = short(s)
	}
	if why != "" {
		why = " (" + why + ")"
	}
	return i.guilty(suspects, "%d commits since the last pass changed what is rendered, and were not told apart%s: %s",
		len(suspects), why, strings.Join(names, ", "))
}

func short(s Suspect) string {
	return fmt.Sprintf("%.8s (%s)", s.Commit, s.Subject)
}
