package resource

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"time"

	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

// reportFile is what the format assay-json holds.
type reportFile struct {
	Version int                `json:"assayReport"`
	Cases   []reportCase       `json:"cases,omitempty"`
	Metrics map[string]float64 `json:"metrics,omitempty"`
	Seconds float64            `json:"seconds"`
}

type reportCase struct {
	Name    string  `json:"name"`
	Suite   string  `json:"suite,omitempty"`
	Status  string  `json:"status"`
	Message string  `json:"message,omitempty"`
	Detail  string  `json:"detail,omitempty"`
	Seconds float64 `json:"seconds,omitempty"`
}

func (c reportCase) known() bool {
	statuses := []report.Status{report.Passed, report.Failed, report.Errored, report.Skipped, report.Warned}
	return slices.Contains(statuses, report.Status(c.Status))
}

func (c reportCase) unsuccessful() bool {
	return c.Status == string(report.Failed) || c.Status == string(report.Errored)
}

// reported are the cases of a resource that ended by itself: its own, and one for the whole where it has none, or where it failed and none of them says so.
func (v *verdict) reported(name string, cases []reportCase, took time.Duration) []reportCase {
	whole := reportCase{Name: name, Status: string(report.Passed), Message: v.message, Seconds: took.Seconds()}
	if v.code != 0 {
		whole.Status = string(report.Failed)
		if slices.ContainsFunc(cases, reportCase.unsuccessful) {
			return cases
		}
		return append(cases, whole)
	}
	if len(cases) > 0 {
		return cases
	}
	return []reportCase{whole}
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
