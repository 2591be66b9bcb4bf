package report

// Single is the Report of one case that no file tells, such as the exit code of a tool that writes no report.
func Single(c Case) *Report {
	r := &Report{Format: "exit-code", Cases: []Case{c}, Duration: c.Duration}
	r.Counts.add(c.Status, c.Flaky)
	return r
}
