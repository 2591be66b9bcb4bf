// Package gate judges. In go a Gate, what its Suites' Runs left, and the last Passed state to compare with; out comes a Verdict with its
// reason. It is pure: it reads no clock, no file and no network, and the same input always gives the same Verdict.
//
// Two steps: [Assess] says of one Suite whether its Runs are evidence and of what; [Judge] holds the Gate's conditions, written in
// CEL, against all of them. What a Suite did not answer is a CEL unknown, so that a Gate is Failed only if it fails whatever the
// inconclusive Suites would have said.
package gate

import (
	"github.com/assay-dev/assay/reconciler/report"
)

// Outcome of a Suite or of a Gate.
type Outcome string

// The outcomes. Inconclusive is what remains when there is no evidence; it never passes and never reverts.
const (
	Passed       Outcome = "Passed"
	Failed       Outcome = "Failed"
	Inconclusive Outcome = "Inconclusive"
)

// Suite is what the Runs of one Suite say together.
type Suite struct {
	// Name is the Suite's own; Alias is its name before the overlay's prefixes and suffixes. Conditions may use either.
	Name    string  `json:"name"`
	Alias   string  `json:"alias,omitempty"`
	Outcome Outcome `json:"outcome"`
	// Reason is for people; empty when the Suite passed.
	Reason string `json:"reason,omitempty"`
	Numbers
	// Report is merged from all Runs, as long as the Verdict is fresh; nil once it was recorded.
	Report *report.Report `json:"-"`
}

// Verdict says whether a Gate holds.
type Verdict struct {
	Outcome Outcome `json:"outcome"`
	// Reason is one sentence for people; never empty.
	Reason string `json:"reason"`
	// Suites in the Gate's order, each with its outcome.
	Suites []Suite `json:"suites"`
	// Failing are the cases that did not pass, in the order of their Suites.
	Failing []FailedCase `json:"failing,omitempty"`
	// Broken are the conditions that do not hold, by name.
	Broken []string `json:"broken,omitempty"`
}

// FailedCase is one case that did not pass, with the little that a person needs to know it again.
type FailedCase struct {
	Suite   string `json:"suite"`
	Name    string `json:"name"`
	Message string `json:"message,omitempty"`
}

// Baseline is the last Passed state of the same Gate, for conditions such as
// metrics["http_req_duration.p95"] < 1.2 * baseline.metrics["http_req_duration.p95"].
type Baseline struct {
	Suites map[string]Numbers `json:"suites"`
}

// Numbers are what conditions can compare of a Suite.
type Numbers struct {
	Counts  report.Counts      `json:"counts"`
	Metrics map[string]float64 `json:"metrics,omitempty"`
	// Seconds from the start of the first Run to the end of the last.
	Seconds float64 `json:"seconds"`
}

// NumbersOf keeps of a Verdict what later Verdicts are compared with: of every Suite that gave evidence.
func NumbersOf(v Verdict) Baseline {
	b := Baseline{Suites: map[string]Numbers{}}
	for _, s := range v.Suites {
		if s.Outcome != Inconclusive {
			b.Suites[s.Name] = s.Numbers
		}
	}
	return b
}
