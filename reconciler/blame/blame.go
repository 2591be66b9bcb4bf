// Package blame says why a Gate failed. In go a Failed Verdict, the last Passed state, what changed since, and what probes have shown so far; out
// comes either a Cause with its evidence or one more Probe that would tell. It is pure: the loop runs the probes and asks again.
//
// The steps are taken in order, free evidence first, and the first answer stands: nothing of ours changed, a flake, the tests, the configuration.
// What is left is Unknown, and says what is missing. Only a Config cause can lead to a revert.
package blame

import (
	"time"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

// Kind of a Cause.
type Kind string

// The kinds of Causes.
const (
	Config      Kind = "Config"      // a commit of a config repository changed what is rendered
	Tests       Kind = "Tests"       // the tests changed, and the old ones pass
	Flake       Kind = "Flake"       // what failed passes now and then on the same state
	Environment Kind = "Environment" // nothing that Git knows of changed
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
}

// ToldApart says that the Cause names exactly one change.
func (c Cause) ToldApart() bool { return len(c.Suspects) == 1 }

// Suspect is one commit on the first-parent path from the last Passed state to the failed one that changed what a Target of the Gate renders.
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
}

// Change is what became of one Target between the last Passed state and the failed one.
type Change struct {
	Target sync.Target `json:"target"`
	// Before and After are the digests of what was rendered; equal when nothing changed.
	Before string `json:"before"`
	After  string `json:"after"`
	// Suspects in the Target's repositories.
	Suspects []Suspect `json:"suspects,omitempty"`
	// Untraceable says why the change cannot be traced to commits: history was rewritten, the source is pinned, the target is new.
	Untraceable string `json:"untraceable,omitempty"`
	// OutsideGit says that the Target changed without a commit, and how.
	OutsideGit string `json:"outsideGit,omitempty"`
}

func (c Change) changed() bool { return c.Before != c.After || c.OutsideGit != "" }

// Round is one rerun of what failed, on the same state.
type Round struct {
	// Passed are those of the failed cases that passed this time.
	Passed []CaseID `json:"passed,omitempty"`
	// Outcome of the Gate, judged with this round's results in place of the first.
	Outcome gate.Outcome `json:"outcome"`
}

// CaseID names one case of one Suite.
type CaseID struct {
	Suite string `json:"suite"`
	Name  string `json:"name"`
}

// Rate is what history knows of one case on states that Passed: how often it ran, and how often it failed at first and passed on the same state. Both
// may be fractions, since old observations weigh less.
type Rate struct {
	Runs   float64 `json:"runs"`
	Flakes float64 `json:"flakes"`
}

// Passed is the last state for which the Gate passed.
type Passed struct {
	Tests string `json:"tests"` // digest of the tests
	// RanAt is when it last passed by running, not by inheriting.
	RanAt time.Time `json:"ranAt"`
}

// Case is everything that a decision rests on.
type Case struct {
	Gate    *tests.Gate
	Verdict gate.Verdict
	Now     time.Time
	// Tests is the digest of the tests that failed.
	Tests string
	// Passed is nil when the Gate never passed, or nothing is known of it.
	Passed *Passed
	// Changes of every Target that the Gate follows or exercises, since Passed.
	Changes []Change
	// FailedSync says why a Sync failed; no Suite ran then.
	FailedSync string
	// Rounds of reruns so far.
	Rounds []Round
	// Rates of the failed cases, where known.
	Rates map[CaseID]Rate
	// OldTests is the outcome of the last Passed tests on the failed configuration; empty when not tried.
	OldTests gate.Outcome
	// OldTestsReason says why the old tests cannot be tried, or what they said.
	OldTestsReason string
}

// Probe is an experiment that the loop is asked to make.
type Probe string

// The probes.
const (
	// Rerun runs the Suites that failed once more on the same state.
	Rerun Probe = "Rerun"
	// OldTests runs the Suites of the last Passed state on the failed configuration.
	OldTests Probe = "OldTests"
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
}
