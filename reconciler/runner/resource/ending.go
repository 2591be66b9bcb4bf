package resource

import (
	"fmt"
	"time"

	"github.com/assay-dev/assay/reconciler/runner"
)

// late says why the time was not enough.
func (e ending) late(timeout time.Duration) string {
	text := fmt.Sprintf("the resource did not end within %s", timeout)
	if e.unclear != nil {
		return text + "; " + e.unclear.Error()
	}
	if state := stateOf(e.seen.Object); state != "" {
		return text + "; it was last seen at " + state
	}
	return text
}

// report makes the Run's report of what was seen last. Where no condition told the end, only what the resource itself has
// cases and metrics of is kept.
func (e ending) report(job runner.Job, s subject, result *runner.Result) error {
	if e.seen.Object == nil || result.End != runner.Exited && result.End != runner.TimedOut {
		return nil
	}
	cases, metrics, problem := s.conditions.Results(e.seen)
	if problem != nil {
		result.Notes = append(result.Notes, problem.Error())
	}
	took := result.Finished.Sub(result.Started)
	if e.Verdict != nil {
		cases = reported(e.Verdict, job.Suite.Name(), cases, took)
	}
	if len(cases) == 0 && len(metrics) == 0 {
		return nil
	}
	file, err := reportFile{Cases: cases, Metrics: metrics, Seconds: took.Seconds()}.file()
	if err != nil {
		return fmt.Errorf("report on %s: %w", s.place, err)
	}
	result.Reports = []runner.File{file}
	return nil
}

// closing is the last line of the log.
func (e ending) closing(result runner.Result) string {
	switch {
	case result.End != runner.Exited:
		return result.Reason
	case e.Message != "" && result.ExitCode == 0:
		return "succeeded: " + e.Message
	case e.Message != "":
		return "failed: " + e.Message
	case result.ExitCode == 0:
		return "succeeded"
	}
	return "failed"
}
