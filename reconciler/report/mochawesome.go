package report

import "strings"

// mochawesomeJSON reads mochawesome's JSON, which Cypress projects use: suites nest below "results", where an empty run
// has the element false. A test is passed, failed, pending or, when a hook kept it from running, skipped; a hook that
// failed is an errored case. Written from mochawesome's documentation and types (version 7).
var mochawesomeJSON = format{
	name:  "mochawesome-json",
	sniff: jsonHas("stats/testsRegistered"),
	parse: func(in *input, to *recorder) error {
		m := mochawesome{mocha{newJSONReader(in), to}}
		found := false
		for name := range m.object() {
			switch name {
			case "stats":
				m.stats()
			case "results":
				found = true
				m.suites("", "")
			}
		}
		return m.finish(found, "results")
	},
}

type mochawesome struct{ mocha }

func (m *mochawesome) suites(around, file string) {
	for range m.array() {
		if m.kind() == '{' {
			m.suite(around, file)
		}
	}
}

// suite reads one suite; its title and file stand before its tests.
func (m *mochawesome) suite(around, file string) {
	title := around
	for name := range m.object() {
		switch name {
		case "title":
			title = strings.TrimSpace(around + " " + m.text())
		case "file", "fullFile":
			if own := m.text(); own != "" {
				file = own
			}
		case "tests":
			for range m.array() {
				m.to.add(m.test(title, file))
			}
		case "beforeHooks", "afterHooks":
			for range m.array() {
				if hook := m.test(title, file); hook.Status == Failed {
					hook.Status = Errored
					m.to.add(hook)
				}
			}
		case "suites":
			m.suites(title, file)
		}
	}
}

func (m *mochawesome) test(suite, file string) Case {
	c := Case{Suite: suite, File: file, Status: Skipped}
	for name := range m.object() {
		switch name {
		case "title":
			c.Name = m.text()
		case "duration":
			ms, _ := m.number()
			c.Duration = milliseconds(ms)
		case "pass":
			if m.truth() {
				c.Status = Passed
			}
		case "fail":
			if m.truth() {
				c.Status = Failed
			}
		case "err":
			c.Message, c.Detail = m.failureText()
		}
	}
	return c
}
