package resource

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"time"

	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/resource/condition"
	"github.com/assay-dev/assay/sources/tests"
)

// reportFile is what the format assay-json holds.
type reportFile struct {
	Version int                `json:"assayReport"`
	Cases   []condition.Case   `json:"cases,omitempty"`
	Metrics map[string]float64 `json:"metrics,omitempty"`
	Seconds float64            `json:"seconds"`
}

// reported are the cases of a resource that ended by itself: its own, and one for the whole where it has none, or where it
// failed and none of them says so.
func reported(v *condition.Verdict, name string, cases []condition.Case, took time.Duration) []condition.Case {
	whole := condition.Case{Name: name, Status: report.Passed, Message: v.Message, Seconds: took.Seconds()}
	if v.ExitCode != 0 {
		whole.Status = report.Failed
		if slices.ContainsFunc(cases, condition.Case.Unsuccessful) {
			return cases
		}
		return append(cases, whole)
	}
	if len(cases) > 0 {
		return cases
	}
	return []condition.Case{whole}
}

// file is the report as a file of the Run.
func (r reportFile) file() (runner.File, error) {
	r.Version = 1
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return runner.File{}, err
	}
	return runner.File{
		Path: tests.ResourceReport, Format: "assay-json", Size: int64(len(data)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
	}, nil
}
