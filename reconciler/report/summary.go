package report

// FileSummary is one entry of what `assay report --output json` prints. The names of its fields are a promise to users.
type FileSummary struct {
	Path            string             `json:"path"`
	Format          string             `json:"format"`
	Total           int                `json:"total"`
	Passed          int                `json:"passed"`
	Failed          int                `json:"failed"`
	Errored         int                `json:"errored"`
	Skipped         int                `json:"skipped"`
	Warned          int                `json:"warned,omitempty"`
	Flaky           int                `json:"flaky"`
	FailedNames     []string           `json:"failedNames"` // names of failed and errored cases, as many as the Report keeps
	DurationSeconds float64            `json:"durationSeconds"`
	Metrics         map[string]float64 `json:"metrics"`
	Problems        []string           `json:"problems,omitempty"`
	Truncated       bool               `json:"truncated,omitempty"`
	NotOK           string             `json:"notOK,omitempty"` // why the report is no success, as Report.OK says
	Error           string             `json:"error,omitempty"` // why the file could not be read; nothing else is known then
}

// Summary is the document that `assay report --output json` prints.
type Summary struct {
	Files []FileSummary `json:"files"`
}

// Summarize says in short what Parse returned for the file at path: a report or an error.
func Summarize(path string, r *Report, err error) FileSummary {
	if err != nil {
		return FileSummary{Path: path, FailedNames: []string{}, Metrics: map[string]float64{}, Error: err.Error()}
	}
	s := FileSummary{
		Path:            path,
		Format:          r.Format,
		Total:           r.Counts.Total,
		Passed:          r.Counts.Passed,
		Failed:          r.Counts.Failed,
		Errored:         r.Counts.Errored,
		Skipped:         r.Counts.Skipped,
		Warned:          r.Counts.Warned,
		Flaky:           r.Counts.Flaky,
		FailedNames:     []string{},
		DurationSeconds: r.Duration.Seconds(),
		Metrics:         r.Metrics,
		Problems:        r.Problems,
		Truncated:       r.Truncated,
	}
	for _, c := range r.Cases {
		if c.Unsuccessful() {
			s.FailedNames = append(s.FailedNames, c.Name)
		}
	}
	if ok, reason := r.OK(); !ok {
		s.NotOK = reason
	}
	return s
}

// ExitCode is the exit status of `assay report`: 2 when a file could not be read, else 1 when something failed, else 0. A report that is
// no evidence of anything, since it holds no case or every case was skipped, failed nothing: FileSummary.NotOK says so, and a Gate does not
// pass on it. Without any file nothing was looked at, which is 2.
func (s Summary) ExitCode() int {
	if len(s.Files) == 0 {
		return 2
	}
	code := 0
	for _, f := range s.Files {
		switch {
		case f.Error != "":
			return 2
		case f.Failed+f.Errored+len(f.Problems) > 0:
			code = 1
		}
	}
	return code
}
