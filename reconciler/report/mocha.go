package report

import "strings"

// mochaJSON reads Mocha's json reporter. "passes", "pending" and "failures" are the truth: a failed hook is only in
// failures, and the tests that it kept from running are nowhere. A pass with a currentRetry is flaky.
var mochaJSON = format{
	name:  "mocha-json",
	sniff: jsonHas("stats/suites", "stats/pending", "tests"),
	parse: func(in *input, to *recorder) error {
		m := mocha{newJSONReader(in), to}
		lists := 0
		for name := range m.object() {
			switch name {
			case "stats":
				m.stats()
			case "passes":
				lists++
				m.tests(Passed)
			case "pending":
				lists++
				m.tests(Skipped)
			case "failures":
				lists++
				m.tests(Failed)
			}
		}
		return m.finish(lists == 3, "passes, pending and failures")
	},
}

type mocha struct {
	*jsonReader
	to *recorder
}

func (m *mocha) stats() {
	for name := range m.object() {
		if name == "duration" {
			ms, _ := m.number()
			m.to.took(milliseconds(ms))
		}
	}
}

func (m *mocha) tests(status Status) {
	for range m.array() {
		c := Case{Status: status}
		var full string
		for name := range m.object() {
			switch name {
			case "title":
				c.Name = m.text()
			case "fullTitle":
				full = m.text()
			case "file":
				c.File = m.text()
			case "duration":
				ms, _ := m.number()
				c.Duration = milliseconds(ms)
			case "currentRetry":
				c.Flaky = m.count() > 0 && status == Passed
			case "err":
				c.Message, c.Detail = m.failureText()
			}
		}
		c.Suite = strings.TrimSpace(strings.TrimSuffix(full, c.Name))
		m.to.add(c)
	}
}
