package gate_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

func suite(name string, reports ...tests.ReportSource) *tests.Suite {
	return &tests.Suite{
		Meta: tests.Meta{Kind: tests.KindSuite, Metadata: tests.ObjectMeta{Name: name}},
		Spec: tests.SuiteSpec{Command: []string{"check"}, Reports: reports},
	}
}

func cases(statuses ...report.Status) *report.Report {
	var all []*report.Report
	for i, s := range statuses {
		all = append(all, report.Single(report.Case{Name: string(rune('a' + i)), Status: s}))
	}
	return report.Merge(all...)
}

func TestAssess(t *testing.T) {
	junit := tests.ReportSource{Path: "out.xml"}
	for name, tt := range map[string]struct {
		declares []tests.ReportSource
		runs     []gate.Run
		outcome  gate.Outcome
		reason   string
		failing  int
	}{
		"no report declared, exit 0":        {nil, []gate.Run{{End: runner.Exited}}, gate.Passed, "", 0},
		"no report declared, exit 3":        {nil, []gate.Run{{End: runner.Exited, ExitCode: 3}}, gate.Failed, "exit code 3", 1},
		"a clean report and exit 0":         {[]tests.ReportSource{junit}, []gate.Run{{End: runner.Exited, Reports: []*report.Report{cases(report.Passed)}}}, gate.Passed, "", 0},
		"failures with exit 0 are failures": {[]tests.ReportSource{junit}, []gate.Run{{End: runner.Exited, Reports: []*report.Report{cases(report.Passed, report.Failed)}}}, gate.Failed, "1 of 2 cases failed", 1},
		"a clean report and a bad exit":     {[]tests.ReportSource{junit}, []gate.Run{{End: runner.Exited, ExitCode: 2, Reports: []*report.Report{cases(report.Passed)}}}, gate.Failed, "exit code 2, though no case", 1},
		"a report is declared, none is there": {
			[]tests.ReportSource{junit}, []gate.Run{{End: runner.Exited}}, gate.Inconclusive, "no report with a case", 0,
		},
		"none is there, and a bad exit": {
			[]tests.ReportSource{junit}, []gate.Run{{End: runner.Exited, ExitCode: 1}}, gate.Inconclusive, "exit code 1, and no report", 0,
		},
		"an empty report":    {[]tests.ReportSource{junit}, []gate.Run{{End: runner.Exited, Reports: []*report.Report{cases()}}}, gate.Inconclusive, "no report with a case", 0},
		"every case skipped": {[]tests.ReportSource{junit}, []gate.Run{{End: runner.Exited, Reports: []*report.Report{cases(report.Skipped)}}}, gate.Inconclusive, "skipped", 0},
		"an unreadable report": {
			[]tests.ReportSource{junit}, []gate.Run{{End: runner.Exited, Unreadable: []string{"out.xml: line 3: cut short"}}}, gate.Inconclusive, "line 3", 0,
		},
		"not started": {nil, []gate.Run{{End: runner.NotStarted, Reason: "no such program"}}, gate.Inconclusive, "no such program", 0},
		"killed":      {nil, []gate.Run{{End: runner.Killed, Reason: "out of memory"}}, gate.Inconclusive, "out of memory", 0},
		"timed out":   {nil, []gate.Run{{End: runner.TimedOut, Reason: "ended after 1m0s"}}, gate.Failed, "ended after 1m0s", 1},
		"no run":      {nil, nil, gate.Inconclusive, "no run", 0},
		"one shard failed and one was lost": {
			nil, []gate.Run{{Label: "shard 1 of 2", End: runner.Killed, Reason: "lost"}, {Label: "shard 2 of 2", End: runner.Exited, ExitCode: 1}}, gate.Failed, "shard 2 of 2: exit code 1", 1,
		},
		"one shard passed and one was lost": {
			nil, []gate.Run{{Label: "shard 1 of 2", End: runner.Killed, Reason: "lost"}, {Label: "shard 2 of 2", End: runner.Exited}}, gate.Inconclusive, "shard 1 of 2: lost", 0,
		},
		"metrics alone are evidence": {
			[]tests.ReportSource{junit}, []gate.Run{{End: runner.Exited, Reports: []*report.Report{{Metrics: map[string]float64{"rps": 9}}}}}, gate.Passed, "", 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := gate.Assess(suite("smoke", tt.declares...), tt.runs)
			require.Equal(t, tt.outcome, got.Outcome, got.Reason)
			require.Contains(t, got.Reason, tt.reason)
			require.Equal(t, got.Outcome == gate.Passed, got.Reason == "")
			require.Equal(t, tt.failing, got.Counts.Failed+got.Counts.Errored)
		})
	}
}

func TestAssessTakesTheWholeTime(t *testing.T) {
	noon := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	got := gate.Assess(suite("smoke"), []gate.Run{
		{End: runner.Exited, Started: noon, Finished: noon.Add(2 * time.Second)},
		{End: runner.Exited, Started: noon.Add(time.Second), Finished: noon.Add(5 * time.Second)},
	})
	require.Equal(t, 5.0, got.Seconds)
}
