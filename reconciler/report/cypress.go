package report

import "strings"

// cypressJSON reads the object that cypress.run() resolves to and that projects write to a file: {"runs": [a spec file
// with "tests"]}, or {"status": "failed", "message"} when no test could run. A test that passed after a failed attempt is
// flaky; "pending" was skipped on purpose, "skipped" because of a failure before it. A spec file with an "error" is an
// errored case of its own. Written from the Module API's documentation and types (Cypress 4 to 15).
var cypressJSON = format{
	name: "cypress-json",
	sniff: func(head []byte) bool {
		return jsonHas("totalTests", "runs")(head) || jsonHas("browserName", "browserVersion", "config")(head) ||
			jsonHas("status", "failures", "message")(head)
	},
	parse: func(in *input, to *recorder) error {
		c := cypress{newJSONReader(in), to}
		var status, message string
		found := false
		for name := range c.object() {
			switch name {
			case "totalDuration":
				ms, _ := c.number()
				to.took(milliseconds(ms))
			case "runs":
				found = true
				for range c.array() {
					c.spec()
				}
			case "status":
				status = c.text()
			case "message":
				message = unstyled(c.text())
			}
		}
		if status == "failed" {
			found = true
			to.problem("Cypress could not run: %s", message)
		}
		return c.finish(found, "runs")
	},
}

type cypress struct {
	*jsonReader
	to *recorder
}

// spec reads one spec file's run. Its name may stand behind its tests.
func (c *cypress) spec() {
	var file, failure string
	tests := pending{to: c.to}
	for name := range c.object() {
		switch name {
		case "spec":
			for name := range c.object() {
				if name == "relative" {
					file = c.text()
				}
			}
		case "tests":
			for range c.array() {
				tests.add(c.test())
			}
		case "error":
			failure = unstyled(c.text())
		}
	}
	tests.record(func(test *Case) { test.File = file })
	if failure != "" {
		c.to.add(Case{Name: baseName(file), File: file, Status: Errored, Message: firstLine(failure), Detail: failure})
	}
}

func (c *cypress) test() Case {
	var test Case
	var state string
	var titles []string
	failedAttempt := false
	for name := range c.object() {
		switch name {
		case "title":
			titles = c.texts()
		case "state":
			state = c.text()
		case "duration":
			ms, _ := c.number()
			test.Duration = milliseconds(ms)
		case "displayError":
			test.Detail = unstyled(c.text())
			test.Message = firstLine(test.Detail)
		case "attempts":
			for range c.array() {
				for name := range c.object() {
					switch name {
					case "state":
						failedAttempt = c.text() == "failed" || failedAttempt
					case "duration", "wallClockDuration": // where the test has none, before version 13
						ms, _ := c.number()
						test.Duration += milliseconds(ms)
					}
				}
			}
		}
	}
	if last := len(titles) - 1; last >= 0 {
		test.Name, test.Suite = titles[last], strings.Join(titles[:last], " ")
	}
	switch state {
	case "passed":
		test.Status, test.Flaky = Passed, failedAttempt
	case "failed":
		test.Status = Failed
	case "pending", "skipped":
		test.Status = Skipped
	default:
		c.fail("state %q of %q is not known", state, test.Name)
	}
	return test
}
