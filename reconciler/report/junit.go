package report

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// JUnit XML has no specification, only dialects. What holds for all of them: the root is <testsuites> or <testsuite>,
// suites nest, and the <testcase> elements are what is counted, never the attributes of a suite, which count attempts,
// requests or leave out whatever the tool likes. The dialects differ in this:
//
//   - Maven Surefire: <flakyFailure> and <flakyError> are earlier attempts of a case that passed; <rerunFailure> and
//     <rerunError> are further attempts of one that did not.
//   - gotestsum (a suite with the property go.version): every attempt is a <testcase> of its own; see attempts.
//   - Newman (a suite whose id is a UUID): errors of scripts and requests only raise the suite's errors= attribute and
//     stand in its <system-err>; classname= is the request's name in camel case.
//   - Playwright: the browser is only in the suite's hostname.
//   - PHPUnit: <warning> is neither a pass nor a failure.
//   - CTest: a missing executable is <skipped> with status="notrun".
//   - TAP::Formatter::JUnit (prove): the cases "(init)" and "(teardown)" only carry times.
//
// Two cases of one name are two cases in every other dialect. A <failure> or <error> directly in a suite is an errored
// case named after the suite, and so is what a suite's failures= and errors= attributes declare beyond all that its
// elements show; for <testsuites>, only when they show none.

func sniffJUnit(head []byte) bool {
	root := xmlRoot(head)
	return root == "testsuites" || root == "testsuite"
}

func parseJUnit(in *input, to *recorder) error {
	p := &junitParser{xml: newXMLReader(in, to.limits.Detail), to: to, attempts: newAttempts(to)}
	if _, err := p.xml.next(); err != nil {
		return err
	}
	root := p.startSuite(junitSuite{})
	switch string(p.xml.name) {
	case "testsuites":
		root.all = true
		root.browsers = p.xml.attr("id") != nil // Playwright alone gives the root an id
	case "testsuite":
	default:
		return p.xml.errorf("the root element is <%s>, not <testsuites> or <testsuite>", p.xml.name)
	}
	if err := p.suite(&root); err != nil {
		return err
	}
	if _, err := p.xml.next(); !errors.Is(err, io.EOF) {
		return err
	}
	to.took(cmp.Or(root.took, root.nested))
	return nil
}

// junitParser reads with one element after the other in memory; its buffers are reused from case to case.
type junitParser struct {
	xml      *xmlReader
	to       *recorder
	attempts *attempts
	current  junitCase
	text     []byte
}

// junitSuite is a suite while it is open.
type junitSuite struct {
	name, file, hostname string
	declared             int           // failures and errors that its attributes declare
	seen                 int           // unsuccessful attempts that its elements showed
	nested               time.Duration // sum of what the suites directly inside took
	took                 time.Duration
	systemErr            string
	all                  bool // it is <testsuites>
	browsers             bool // hostname is the name of a Playwright project
	rerun                bool // each attempt is a testcase
	request              bool // the suite is one of Newman's requests
}

func (p *junitParser) startSuite(parent junitSuite) junitSuite {
	x := p.xml
	return junitSuite{
		name:     string(x.attr("name")),
		file:     string(x.attr("file")),
		hostname: string(x.attr("hostname")),
		declared: parseCount(x.attr("failures")) + parseCount(x.attr("errors")),
		took:     parseSeconds(x.attr("time")),
		browsers: parent.browsers,
		request:  len(x.attr("id")) == len("00000000-0000-0000-0000-000000000000"),
	}
}

// suite reads the content of a suite whose start tag was just read.
func (p *junitParser) suite(s *junitSuite) error {
	for {
		kind, err := p.xml.next()
		if err != nil {
			return err
		}
		switch kind {
		case xmlEnd:
			p.endSuite(s)
			return nil
		case xmlStart:
			if err := p.suiteChild(s); err != nil {
				return err
			}
		}
	}
}

func (p *junitParser) suiteChild(s *junitSuite) error {
	switch string(p.xml.name) {
	case "testsuite":
		child := p.startSuite(*s)
		if err := p.suite(&child); err != nil {
			return err
		}
		s.seen += child.seen
		s.nested += child.took
		return nil
	case "testcase":
		return p.testcase(s)
	case "failure", "error":
		s.seen++
		message := string(p.xml.attr("message"))
		detail, err := p.content(p.to.limits.Detail)
		p.to.add(Case{Name: s.errorName(), File: s.file, Status: Errored, Message: orFirstLine(message, detail), Detail: detail})
		return err
	case "system-err":
		text, err := p.content(p.to.limits.Detail)
		s.systemErr = text
		return err
	case "properties":
		return p.properties(s)
	}
	return p.xml.skip()
}

func (p *junitParser) properties(s *junitSuite) error {
	for {
		kind, err := p.xml.next()
		switch {
		case err != nil:
			return err
		case kind == xmlEnd:
			return nil
		case kind == xmlStart:
			s.rerun = s.rerun || string(p.xml.attr("name")) == "go.version"
			if err := p.xml.skip(); err != nil {
				return err
			}
		}
	}
}

func (p *junitParser) endSuite(s *junitSuite) {
	p.attempts.flush()
	missing := s.declared - s.seen
	if missing <= 0 || s.all && s.seen > 0 { // gotestsum's root counts a build failure as a failure and as an error
		return
	}
	s.seen = s.declared
	p.to.add(Case{
		Name: s.errorName(), File: s.file, Status: Errored, Detail: s.systemErr,
		Message: fmt.Sprintf("failures= and errors= of the suite come to %d, its test cases show %d", s.declared, s.declared-missing),
	})
}

// errorName names a case for what went wrong in the suite itself. Newman's two kinds are told apart.
func (s *junitSuite) errorName() string {
	name := strings.TrimSpace(s.name)
	switch {
	case strings.Contains(s.systemErr, "RequestError"):
		return name + " (request error)"
	case strings.Contains(s.systemErr, "ScriptError"):
		return name + " (script error)"
	case name == "":
		return "(unnamed suite)"
	}
	return name + " (suite error)"
}

// content reads the text of the element whose start tag was just read, with that of elements inside it, and returns its
// first limit bytes without blanks around.
func (p *junitParser) content(limit int) (string, error) {
	p.text = p.text[:0]
	for depth := 1; depth > 0; {
		kind, err := p.xml.next()
		if err != nil {
			return "", err
		}
		switch kind {
		case xmlStart:
			depth++
		case xmlEnd:
			depth--
		case xmlText:
			text := p.xml.text
			if len(p.text) == 0 {
				text = bytes.TrimLeft(text, " \t\n")
			}
			p.text = append(p.text, text[:min(len(text), max(limit+1-len(p.text), 0))]...)
		}
	}
	return string(bytes.TrimRight(p.text, " \t\n")), nil
}

// orFirstLine returns the message, or the first line of the detail when there is none.
func orFirstLine(message, detail string) string {
	if strings.TrimSpace(message) != "" {
		return message
	}
	return firstLine(detail)
}

// parseCount reads a number of cases; what is none is zero.
func parseCount(text []byte) int {
	n := 0
	for _, b := range text {
		if b < '0' || b > '9' || n > 1<<24 {
			return 0
		}
		n = n*10 + int(b-'0')
	}
	return n
}
