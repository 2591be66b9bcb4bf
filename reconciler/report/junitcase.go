package report

import (
	"bytes"
	"strings"
	"time"
)

// junitCase is a <testcase> while it is open. Its byte slices are reused for the next one: most cases pass, and those
// beyond the limits are only counted, so nothing is allocated before it is known that a case is kept.
type junitCase struct {
	name, class, file, status []byte
	duration                  time.Duration

	failed, errored, skipped, warned bool
	earlier                          bool // an earlier attempt failed, this one passed
	message, detail                  string
}

// testcase reads a test case whose start tag was just read, to its end.
func (p *junitParser) testcase(s *junitSuite) error {
	x, c := p.xml, &p.current
	*c = junitCase{
		name:     append(c.name[:0], x.attr("name")...),
		class:    append(c.class[:0], x.attr("classname")...),
		file:     append(c.file[:0], x.attr("file")...),
		status:   append(c.status[:0], x.attr("status")...),
		duration: parseSeconds(x.attr("time")),
	}
	for {
		kind, err := x.next()
		if err != nil {
			return err
		}
		switch kind {
		case xmlEnd:
			p.endCase(s)
			return nil
		case xmlStart:
			if err := p.caseChild(s); err != nil {
				return err
			}
		}
	}
}

func (p *junitParser) caseChild(s *junitSuite) error {
	c, outcome := &p.current, string(p.xml.name)
	switch outcome {
	case "failure":
		c.failed = true
	case "error":
		c.errored = true
	case "flakyFailure", "flakyError":
		c.earlier = true
	case "rerunFailure", "rerunError": // the outcome stands in <failure> or <error> already
	case "skipped":
		c.skipped = true
	case "warning":
		c.warned = true
	case "testcase", "testsuite": // passing over it might lose a failure
		return p.xml.errorf("<%s> inside a <testcase>", outcome)
	default:
		return p.xml.skip()
	}
	if outcome != "skipped" && outcome != "warning" {
		s.seen++
	}
	if c.message != "" || c.detail != "" { // the first element that says something is the one that people see
		return p.xml.skip()
	}
	message := string(p.xml.attr("message"))
	detail, err := p.content(p.to.limits.Detail)
	c.message, c.detail = orFirstLine(message, detail), detail
	return err
}

func (p *junitParser) endCase(s *junitSuite) {
	c := &p.current
	status := c.outcome()
	if c.isPhantom(status) {
		return
	}
	if s.rerun && status == Passed && p.attempts.passed(c.key(), c.duration) {
		return
	}
	held := s.rerun && (status == Failed || status == Errored)
	if !held && !p.to.keeps(status, c.earlier) {
		p.to.add(Case{Status: status, Flaky: c.earlier && status == Passed, Duration: c.duration})
		return
	}
	suite, name := c.names(s)
	built := Case{
		Name: name, Suite: suite, File: string(c.file), Status: status, Flaky: c.earlier && status == Passed,
		Duration: c.duration, Message: c.message, Detail: c.detail,
	}
	if built.File == "" {
		built.File = s.file
	}
	if held {
		p.attempts.failed(string(c.key()), built)
		return
	}
	p.to.add(built)
}

// outcome weighs what the elements said, then the status attribute that GoogleTest, CTest and others write. A case that
// both failed and errored failed: its assertion gave an answer.
func (c *junitCase) outcome() Status {
	status := string(bytes.ToLower(c.status))
	switch {
	case c.failed:
		return Failed
	case c.errored:
		return Errored
	case c.skipped && status == "notrun" && strings.HasPrefix(c.message, "Unable to find"):
		return Errored
	case c.skipped:
		return Skipped
	case c.warned:
		return Warned
	}
	switch status {
	case "fail", "failed", "failure":
		return Failed
	case "error", "errored", "broken", "timeout", "timedout":
		return Errored
	case "skip", "skipped", "disabled", "ignored", "notrun", "pending", "untested", "undefined":
		return Skipped
	}
	return Passed
}

// isPhantom tells whether the case is one of those in which prove only records times.
func (c *junitCase) isPhantom(status Status) bool {
	return status == Passed && (string(c.name) == "(init)" || string(c.name) == "(teardown)")
}

// key tells the case from others of its suite.
func (c *junitCase) key() []byte {
	c.class = append(append(c.class, 0), c.name...)
	key := c.class
	c.class = c.class[:len(c.class)-len(c.name)-1]
	return key
}

// names returns the suite and the name that people know the case by. The suite is the class; jest-junit and
// mocha-junit-reporter repeat the title there and begin the name with the suite's name, so for them, as for Newman, the
// suite is the enclosing one and its name is not said twice. A case without a name is called after its suite or class.
func (c *junitCase) names(s *junitSuite) (suite, name string) {
	suite, name = string(bytes.TrimSpace(c.class)), string(bytes.TrimSpace(c.name))
	enclosing := strings.TrimSpace(s.name)
	if suite == "" || s.request || strings.HasSuffix(name, suite) {
		suite = enclosing
		if rest, found := strings.CutPrefix(name, enclosing+" "); found && enclosing != "" {
			name = rest
		}
	}
	for _, fallback := range []string{enclosing, suite, "(unnamed)"} {
		if name == "" {
			name = fallback
		}
	}
	if s.browsers && s.hostname != "" {
		suite = "[" + s.hostname + "] " + suite
	}
	return suite, name
}
