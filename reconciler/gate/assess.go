package gate

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

// Run is what one Run left, as far as judging needs it.
type Run struct {
	// Label tells the Run from others of its Suite: "shard 2/4, browser=firefox"; empty when there is one.
	Label    string
	End      runner.End
	ExitCode int
	Reason   string
	Started  time.Time
	Finished time.Time
	// Reports that were found and read.
	Reports []*report.Report
	// Unreadable says of each report file that was found and could not be read, which and why.
	Unreadable []string
}

// Assess says what the Runs of a Suite are evidence of.
//
// A Run that did not end by itself or by the Suite's timeout is evidence of nothing. A Run whose Suite declares reports must leave at least
// one with a case or a metric, and exit code and report must agree to pass: failures in the report with exit 0 are failures, a bad exit
// with a clean report is an error of its own. A Suite that declares no report is one case, judged by its exit code.
func Assess(suite *tests.Suite, runs []Run) Suite {
	out := Suite{Name: suite.Name(), Alias: suite.Origin.Name, Outcome: Passed}
	var reports []*report.Report
	var failed, unknown []string
	for _, run := range runs {
		verdict, reason, evidence := assessRun(suite, run)
		if reason != "" && run.Label != "" {
			reason = run.Label + ": " + reason
		}
		switch verdict {
		case Failed:
			failed = append(failed, reason)
		case Inconclusive:
			unknown = append(unknown, reason)
		}
		reports = append(reports, evidence...)
	}
	out.Report = report.Merge(reports...)
	out.Numbers = Numbers{Counts: out.Report.Counts, Metrics: out.Report.Metrics, Seconds: span(runs).Seconds()}
	switch {
	case len(failed) > 0:
		out.Outcome, out.Reason = Failed, strings.Join(failed, "; ")
	case len(unknown) > 0:
		out.Outcome, out.Reason = Inconclusive, strings.Join(unknown, "; ")
	case len(runs) == 0:
		out.Outcome, out.Reason = Inconclusive, "no run of it took place"
	}
	return out
}

func assessRun(suite *tests.Suite, run Run) (outcome Outcome, reason string, evidence []*report.Report) {
	switch run.End {
	case runner.Exited:
	case runner.TimedOut:
		c := exitCase(suite, run, report.Errored, cmp.Or(run.Reason, "did not end within the suite's timeout"))
		return Failed, c.Cases[0].Message, append(run.Reports, c)
	default:
		return Inconclusive, cmp.Or(run.Reason, string(run.End)), nil
	}
	if len(suite.Spec.Reports) == 0 {
		if run.ExitCode == 0 {
			return Passed, "", []*report.Report{exitCase(suite, run, report.Passed, "")}
		}
		c := exitCase(suite, run, report.Failed, fmt.Sprintf("exit code %d", run.ExitCode))
		return Failed, c.Cases[0].Message, []*report.Report{c}
	}
	if len(run.Unreadable) > 0 {
		return Inconclusive, strings.Join(run.Unreadable, "; "), nil
	}
	merged := report.Merge(run.Reports...)
	if len(run.Reports) == 0 || merged.Counts.Total == 0 && len(merged.Metrics) == 0 && len(merged.Problems) == 0 {
		return Inconclusive, fmt.Sprintf("exit code %d, and no report with a case or a metric where the suite declares one", run.ExitCode), nil
	}
	ok, why := merged.OK()
	switch {
	case ok && run.ExitCode == 0:
		return Passed, "", run.Reports
	case ok:
		c := exitCase(suite, run, report.Errored, fmt.Sprintf("exit code %d, though no case of the report failed", run.ExitCode))
		return Failed, c.Cases[0].Message, append(run.Reports, c)
	case merged.Counts.Failed+merged.Counts.Errored == 0 && len(merged.Problems) == 0:
		return Inconclusive, why, run.Reports
	}
	return Failed, why, run.Reports
}

// exitCase is the Report of what only the end of the Run tells.
func exitCase(suite *tests.Suite, run Run, status report.Status, message string) *report.Report {
	name := suite.Name()
	if run.Label != "" {
		name += " (" + run.Label + ")"
	}
	return report.Single(report.Case{
		Name: name, Status: status, Message: message, Duration: run.Finished.Sub(run.Started),
	})
}

func span(runs []Run) time.Duration {
	var first, last time.Time
	for _, run := range runs {
		if first.IsZero() || run.Started.Before(first) {
			first = run.Started
		}
		if run.Finished.After(last) {
			last = run.Finished
		}
	}
	return last.Sub(first)
}
