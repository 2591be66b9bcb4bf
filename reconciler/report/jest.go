package report

import (
	"math"
	"strings"
)

// jestJSON reads what `jest --json` and Vitest's json reporter write: {"testResults": [a file with "assertionResults"]}.
//
// A case is named by its title; its Suite is the describe blocks around it. A file that failed though none of its cases
// did could not be loaded, or failed outside its cases: it counts as one errored case with the file's base name. A case
// that passed after more than one invocation is flaky. A run without success (Vitest says so after an unhandled error)
// though nothing failed has a problem. "todo", "pending", "skipped" and "disabled" are skipped.
var jestJSON = format{
	name:  "jest-json",
	sniff: jsonHas("numTotalTests", "numFailedTests"),
	parse: func(in *input, to *recorder) error {
		j := jest{jsonReader: newJSONReader(in), to: to, started: math.Inf(1)}
		found, success := false, true
		for name := range j.object() {
			switch name {
			case "success":
				success = j.kind() != 'f'
			case "startTime":
				j.began(j.number())
			case "testResults":
				found = true
				for range j.array() {
					j.file()
				}
			case "wasInterrupted":
				if j.truth() {
					to.problem("the run was interrupted")
				}
			case "runExecError":
				j.runError()
			}
		}
		if n := to.counts; !success && n.Failed+n.Errored == 0 {
			to.problem("the run was no success, though no case failed: an error outside all cases")
		}
		to.took(milliseconds(j.ended - j.started))
		return j.finish(found, "testResults")
	},
}

type jest struct {
	*jsonReader
	to             *recorder
	started, ended float64 // ms since 1970
}

func (j *jest) began(at float64, known bool) {
	if known && at > 0 {
		j.started = min(j.started, at)
	}
}

// file reads one element of testResults. Jest writes the name of a file after its cases.
func (j *jest) file() {
	var file, status, message string
	cases := pending{to: j.to}
	for name := range j.object() {
		switch name {
		case "name":
			file = j.text()
		case "status":
			status = j.text()
		case "message":
			message = unstyled(j.text())
		case "startTime":
			j.began(j.number())
		case "endTime":
			at, _ := j.number()
			j.ended = max(j.ended, at)
		case "assertionResults":
			for range j.array() {
				cases.add(j.assertion())
			}
		}
	}
	cases.record(func(c *Case) { c.File = file })
	if status == "failed" && !cases.unsuccessful {
		j.to.add(Case{
			Name: baseName(file), File: file, Status: Errored,
			Message: firstLine(strings.TrimPrefix(strings.TrimSpace(message), "● ")), Detail: message,
		})
	}
}

func (j *jest) assertion() Case {
	var c Case
	var status string
	var failures, blocks []string
	attempts := 1
	for name := range j.object() {
		switch name {
		case "title":
			c.Name = j.text()
		case "ancestorTitles":
			blocks = j.texts()
		case "status":
			status = j.text()
		case "duration":
			ms, _ := j.number()
			c.Duration = milliseconds(ms)
		case "invocations":
			attempts = j.count()
		case "failureMessages":
			failures = j.texts()
		}
	}
	c.Suite = strings.Join(blocks, " ")
	switch status {
	case "passed":
		c.Status, c.Flaky = Passed, attempts > 1
	case "failed":
		c.Status = Failed
		c.Detail = unstyled(strings.Join(failures, "\n\n"))
		c.Message = firstLine(c.Detail)
	case "pending", "skipped", "todo", "disabled":
		c.Status = Skipped
	default:
		j.fail("status %q of %q is not known", status, c.Name)
	}
	return c
}

func (j *jest) runError() {
	for name := range j.object() {
		if name == "message" {
			j.to.problem("jest: %s", unstyled(j.text()))
		}
	}
}
