package report

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// robotXML reads Robot Framework's output.xml, versions 3 to 7, written from its documentation and schema. A case is a
// <test>; its Suite is the names of the suites around it, joined by dots. Its own <status> decides: PASS, FAIL, SKIP and
// NOT RUN; those of keywords, loops and branches within it do not. A failed test that version 3 calls not critical is
// skipped, which is what version 4 made of it. A suite that failed although none of its tests did failed in its teardown:
// it counts as one errored case. Messages of level ERROR and FAIL outside tests (a library that cannot be imported, say)
// are left to the tests that they break.
var robotXML = format{
	name:  "robot-xml",
	sniff: func(head []byte) bool { return xmlRoot(head) == "robot" },
	parse: func(in *input, to *recorder) error {
		r := robot{xmlReader: newXMLReader(in, in.limits.Name+len(cut)), to: to}
		for {
			kind, err := r.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			switch kind {
			case xmlStart:
				err = r.opens()
			case xmlText:
				r.reads()
			case xmlEnd:
				r.closes()
			}
			if err != nil {
				return err
			}
		}
		if !r.seen {
			return in.errorf(0, "the report has no suite")
		}
		return nil
	},
}

type robot struct {
	*xmlReader
	to     *recorder
	seen   bool // a suite
	suites []robotSuite
	test   *Case
	depth  int              // of the test or, outside a test, of the innermost suite
	status *strings.Builder // text of the status that is being read, when it is one that counts
}

type robotSuite struct {
	name, source string
	depth        int
	failed       bool // by its own status
	failure      Case
	unsuccessful bool // a test below it failed
}

// opens begins a suite or a test, or reads the status of the one that is open.
func (r *robot) opens() error {
	depth := len(r.starts)
	switch name := string(r.name); {
	case depth == 1 && name != "robot":
		return r.errorf("the root element is <%s>, not <robot>", name)
	case r.test != nil && depth > r.depth+1: // within a keyword
	case name == "status" && (r.test != nil || len(r.suites) > 0) && depth == r.depth+1:
		return r.readStatus()
	case r.test != nil: // a keyword, a tag
	case name == "suite" && (depth == 2 || len(r.suites) > 0 && depth == r.depth+1):
		suite := robotSuite{name: string(r.attr("name")), source: string(r.attr("source")), depth: depth}
		if n := len(r.suites); n > 0 {
			suite.name = r.suites[n-1].name + "." + suite.name
		}
		r.suites = append(r.suites, suite)
		r.seen, r.depth = true, depth
	case (name == "test" || name == "task") && len(r.suites) > 0 && depth == r.depth+1:
		suite := r.suites[len(r.suites)-1]
		r.test = &Case{Name: string(r.attr("name")), Suite: suite.name, File: suite.source}
		r.depth = depth
	}
	return nil
}

func (r *robot) readStatus() error {
	r.status = &strings.Builder{}
	status, took := string(r.attr("status")), r.elapsed()
	if r.test == nil {
		suite := &r.suites[len(r.suites)-1]
		suite.failed = status == "FAIL"
		if len(r.suites) == 1 {
			r.to.took(took)
		}
		return nil
	}
	r.test.Duration = took
	switch status {
	case "PASS":
		r.test.Status = Passed
	case "FAIL":
		r.test.Status = Failed
		if string(r.attr("critical")) == "no" {
			r.test.Status = Skipped
		}
	case "SKIP", "NOT RUN", "NOT_RUN":
		r.test.Status = Skipped
	default:
		return r.errorf("status %q of test %q is not known", status, r.test.Name)
	}
	return nil
}

// elapsed is what version 7 writes in seconds, and older ones as the times between which it ran.
func (r *robot) elapsed() time.Duration {
	if s, err := strconv.ParseFloat(string(r.attr("elapsed")), 64); err == nil {
		return seconds(s)
	}
	const layout = "20060102 15:04:05.000"
	from, err := time.Parse(layout, string(r.attr("starttime")))
	if err != nil {
		return 0
	}
	to, err := time.Parse(layout, string(r.attr("endtime")))
	if err != nil {
		return 0
	}
	return max(to.Sub(from), 0)
}

// reads keeps the text of a status that counts.
func (r *robot) reads() {
	if r.status == nil || len(r.starts) != r.depth+1 {
		return
	}
	if left := r.in.limits.Message + len(cut) - r.status.Len(); left > 0 {
		r.status.Write(r.text[:min(left, len(r.text))])
	}
}

// closes ends a status, a test or a suite.
func (r *robot) closes() {
	switch depth := len(r.starts) + 1; {
	case r.status != nil && depth == r.depth+1:
		message := strings.TrimSpace(r.status.String())
		r.status = nil
		if r.test != nil {
			r.test.Message = message
			return
		}
		suite := &r.suites[len(r.suites)-1]
		suite.failure.Message = message
	case r.test != nil && depth == r.depth:
		r.endTest()
	case r.test == nil && len(r.suites) > 0 && depth == r.depth:
		r.endSuite()
	}
}

func (r *robot) endTest() {
	suite := &r.suites[len(r.suites)-1]
	suite.unsuccessful = suite.unsuccessful || r.test.Unsuccessful() || r.test.Status == ""
	if r.test.Status == "" {
		r.test.Status, r.test.Message = Errored, "the test has no status: it did not end"
	}
	r.to.add(*r.test)
	r.test, r.depth = nil, suite.depth
}

func (r *robot) endSuite() {
	last := len(r.suites) - 1
	suite := r.suites[last]
	r.suites = r.suites[:last]
	if suite.failed && !suite.unsuccessful {
		c := suite.failure
		c.Name, c.Suite, c.File, c.Status = "teardown", suite.name, suite.source, Errored
		r.to.add(c)
		suite.unsuccessful = true
	}
	if r.depth = 0; last > 0 {
		above := &r.suites[last-1]
		above.unsuccessful = above.unsuccessful || suite.unsuccessful
		r.depth = above.depth
	}
}
