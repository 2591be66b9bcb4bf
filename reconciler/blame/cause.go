package blame

import (
	"time"

	"github.com/assay-dev/assay/sources/sync"
)

// Kind of a Cause.
type Kind string

// The kinds of Causes.
const (
	Config      Kind = "Config"      // a commit of a config repository changed what is rendered
	Tests       Kind = "Tests"       // the tests changed, and the old ones pass
	Flake       Kind = "Flake"       // what failed passes now and then on the same state
	Environment Kind = "Environment" // nothing that Git knows of is at fault
	Unknown     Kind = "Unknown"     // cannot be told, and Reason says what is missing
)

// Cause is why a Gate failed.
type Cause struct {
	Kind Kind `json:"kind"`
	// Reason is one sentence for people; never empty.
	Reason string `json:"reason"`
	// Evidence is what each step found, in the order of the steps.
	Evidence []string `json:"evidence"`
	// Suspects of a Config cause, oldest first within a repository. One is the culprit; several were not told apart.
	Suspects []Suspect `json:"suspects,omitempty"`
	// NotEnvironment says that more than the Gate's own Suites speaks against the environment: a control Suite passes on it, the state
	// that passed last was tried again and passes still, or what failed is a build, which needs none. Without that, a dependency of
	// this Gate alone may be down.
	NotEnvironment bool `json:"notEnvironment,omitempty"`
	// Outage says that the Environment failed more than this Gate, by what its other Gates or a control Suite show. It says nothing of the
	// changes.
	Outage bool `json:"outage,omitempty"`
}

// ToldApart says that the Cause names exactly one change.
func (c Cause) ToldApart() bool { return len(c.Suspects) == 1 }

// Suspect is one commit on the first-parent path from the last Passed state to the failed one that changed what a Target of the Gate
// renders, be it in the Target's folder or in its definition. A pull request that came in as a merge is one Suspect.
type Suspect struct {
	Repository string        `json:"repository"`
	Branch     string        `json:"branch"`
	Commit     string        `json:"commit"`
	Subject    string        `json:"subject"`
	Author     string        `json:"author"`
	When       time.Time     `json:"when"`
	Targets    []sync.Target `json:"targets"`
	// Why it is a suspect: what it changed, or why it cannot be ruled out.
	Why string `json:"why"`
	// Definition says that it was found by what a Target is built from where the Target itself is written, such as a Flux Kustomization among
	// the files of another: such a commit may have changed how the Target is built, and not only what.
	Definition bool `json:"definition,omitempty"`
}

// Probe is an experiment that the loop is asked to make.
type Probe string

// The probes.
const (
	// Rerun runs the Suites that failed once more on the same state.
	Rerun Probe = "Rerun"
	// OldTests runs the Suites of the last Passed state on the failed configuration.
	OldTests Probe = "OldTests"
	// ControlSuite runs the Gate's control Suites.
	ControlSuite Probe = "ControlSuite"
	// AskOthers has other Gates verified now, to see whether they fail too.
	AskOthers Probe = "AskOthers"
	// Bisect brings another state live, and runs the Suites that failed on it.
	Bisect Probe = "Bisect"
	// Await waits, and asks again.
	Await Probe = "Await"
)

// Decision is the next thing to do: a Probe, a Cause, or a Verdict that turned out to be no verdict at all.
type Decision struct {
	Probe Probe
	Cause *Cause
	// Inconclusive says that the evidence cannot carry any Cause, because reruns reached their cap before the confidence asked for.
	Inconclusive bool
	// Reason is why this comes next.
	Reason string
	// RerunsLeft is how many reruns are still wanted, this one included, when Probe is Rerun.
	RerunsLeft int
	// Ask are the Gates to be verified when Probe is AskOthers.
	Ask []string
	// Try is the commit to bring live when Probe is Bisect.
	Try string
	// Until is when to ask again at the latest when Probe is Await.
	Until time.Time
}
