package report

import "strings"

// playwrightJSON reads Playwright's json reporter: suites nest (file, then describe blocks), a spec is run once per
// project, and each of these tests has an outcome: expected, unexpected, flaky or skipped. A test that fails as it is
// expected to is a pass. A case is named "[project] describe blocks title", as Playwright's own list shows it. Errors
// outside any test are problems of the run.
var playwrightJSON = format{
	name:  "playwright-json",
	sniff: jsonHas("config/rootDir"),
	parse: func(in *input, to *recorder) error {
		p := playwright{newJSONReader(in), to}
		found := false
		for name := range p.object() {
			switch name {
			case "suites":
				found = true
				for range p.array() {
					p.suite("", true)
				}
			case "errors":
				for range p.array() {
					message, _ := p.failureText()
					to.problem("%s", message)
				}
			case "stats":
				for name := range p.object() {
					if name == "duration" {
						ms, _ := p.number()
						to.took(milliseconds(ms))
					}
				}
			}
		}
		return p.finish(found, "suites")
	},
}

type playwright struct {
	*jsonReader
	to *recorder
}

// suite reads a file or a describe block, whose title stands before what it holds.
func (p *playwright) suite(around string, isFile bool) {
	title := around
	for name := range p.object() {
		switch name {
		case "title":
			if own := p.text(); !isFile {
				title = strings.TrimSpace(around + " " + own)
			}
		case "specs":
			for range p.array() {
				p.spec(title)
			}
		case "suites":
			for range p.array() {
				p.suite(title, false)
			}
		}
	}
}

// spec reads one spec; where it lies stands behind its tests.
func (p *playwright) spec(suite string) {
	var title, file string
	tests := pending{to: p.to}
	for name := range p.object() {
		switch name {
		case "title":
			title = p.text()
		case "file":
			file = p.text()
		case "tests":
			for range p.array() {
				tests.add(p.test())
			}
		}
	}
	tests.record(func(c *Case) {
		c.Name, c.File = strings.TrimSpace(c.Name+" "+strings.TrimSpace(suite+" "+title)), file
	})
}

// test reads a spec's run in one project, which begins the name of the case.
func (p *playwright) test() Case {
	var c Case
	var outcome string
	for name := range p.object() {
		switch name {
		case "projectName":
			if project := p.text(); project != "" {
				c.Name = "[" + project + "]"
			}
		case "status":
			outcome = p.text()
		case "results":
			for range p.array() {
				p.attempt(&c)
			}
		}
	}
	switch outcome {
	case "expected":
		c.Status, c.Message, c.Detail = Passed, "", "" // what it was expected to fail with is no message
	case "flaky":
		c.Status, c.Flaky = Passed, true
	case "unexpected":
		c.Status = Failed
	case "skipped":
		c.Status = Skipped
	default:
		p.fail("the outcome %q of a test is not known", outcome)
	}
	return c
}

// attempt adds up the time of all attempts; of their errors the last one stays.
func (p *playwright) attempt(c *Case) {
	for name := range p.object() {
		switch name {
		case "duration":
			ms, _ := p.number()
			c.Duration += milliseconds(ms)
		case "error":
			c.Message, c.Detail = p.failureText()
		}
	}
}
