package report

import (
	"fmt"
	"strings"
	"time"
)

// Status is how one case ended.
type Status string

// The statuses. A case that only passed after a retry is Passed with Case.Flaky set.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"  // an assertion did not hold
	Errored Status = "errored" // the case could not give an answer: it crashed, or its set-up did
	Skipped Status = "skipped" // not run on purpose, or expected to fail
	Warned  Status = "warned"  // ran, and its tool neither passes nor fails it: a conftest warning, a risky PHPUnit test
)

// Report is what one file, or several merged ones, say about a run.
type Report struct {
	Format   string // as in Formats; "mixed" after merging different ones
	Counts   Counts
	Cases    []Case             // unsuccessful and flaky ones first, each part in the order of the file; bounded by Limits
	Problems []string           // what is wrong outside any case (a package that failed, a stream without plan); never OK with one
	Metrics  map[string]float64 // by the tool's own names, such as http_req_duration.p95; finite
	Duration time.Duration      // of the whole run as far as the file tells, else the sum of its cases
	// Truncated says that a limit kept cases, problems, metrics or text out of the Report. Counts are exact nevertheless.
	Truncated bool
}

// Counts are numbers of cases. Total is always the sum of Passed, Failed, Errored, Skipped and Warned.
type Counts struct {
	Total, Passed, Failed, Errored, Skipped, Warned int
	Flaky                                           int // of Passed: those that needed more than one attempt
}

// Case is one test, check, threshold or finding.
type Case struct {
	Name     string        // as the tool shows it, without the suite
	Suite    string        // class, package, describe block or request it belongs to; empty when the file does not say
	File     string        // source file, where the format has one
	Status   Status        // one of the constants above
	Flaky    bool          // Passed, but not at the first attempt
	Duration time.Duration // zero when unknown
	Message  string        // one short text: why it failed or was skipped
	Detail   string        // stack trace, diff or output of an unsuccessful case
}

// FullName tells the case from others of the same name: "suite: name", or the name alone without a suite.
func (c Case) FullName() string {
	if c.Suite == "" || c.Suite == c.Name {
		return c.Name
	}
	return c.Suite + ": " + c.Name
}

// Unsuccessful tells whether the case failed or errored.
func (c Case) Unsuccessful() bool { return c.Status == Failed || c.Status == Errored }

func (n *Counts) add(status Status, flaky bool) {
	n.Total++
	switch status {
	case Passed:
		n.Passed++
		if flaky {
			n.Flaky++
		}
	case Failed:
		n.Failed++
	case Skipped:
		n.Skipped++
	case Warned:
		n.Warned++
	default: // a status that nobody defined is no pass
		n.Errored++
	}
}

// OK tells whether the report is evidence of success, with the reason when it is not. No evidence is never a success: a
// report without case and metric is not OK, nor is one in which every case was skipped. Metrics alone are evidence; what
// they must hold is for the Gate to say.
func (r *Report) OK() (bool, string) {
	var reasons []string
	if n := r.Counts.Failed; n > 0 {
		reasons = append(reasons, fmt.Sprintf("%d of %d cases failed", n, r.Counts.Total))
	}
	if n := r.Counts.Errored; n > 0 {
		reasons = append(reasons, fmt.Sprintf("%d of %d cases ended in an error", n, r.Counts.Total))
	}
	reasons = append(reasons, r.Problems...)
	if len(reasons) == 0 && len(r.Metrics) == 0 {
		switch {
		case r.Counts.Total == 0:
			reasons = append(reasons, "the report holds no case and no metric")
		case r.Counts.Skipped == r.Counts.Total:
			reasons = append(reasons, fmt.Sprintf("all %d cases were skipped", r.Counts.Total))
		}
	}
	return len(reasons) == 0, strings.Join(reasons, "; ")
}
