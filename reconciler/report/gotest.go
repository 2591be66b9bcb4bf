package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// The events of `go test -json` (see `go doc test2json`), one JSON object a line. Every test and subtest is a case. What
// is not a test can fail as well: a package that does not compile is an errored case, "path [build failed]"; a package
// that fails although none of its tests did (in TestMain or init, by os.Exit, by a timeout) is a problem, as is one that
// never ends. A test that never ends, which is what a panic or a timeout of another leaves behind, is errored.
//
// Lines that are no JSON are what the tests or the go command wrote around the events; they are passed over, which is
// safe because a lost event leaves a test or package without an end. Only a last line that is cut short is an error. A
// test that fails and later passes in the same stream, as rerunners do it, is a flaky pass.

const (
	goMaxOpen   = 50_000 // tests or packages that run at once
	goOpenBytes = 32 << 20
)

// goEvent is one line. Package and Test are absent from build events, which carry ImportPath.
type goEvent struct {
	Action      string
	Package     string
	ImportPath  string
	Test        string
	Output      string
	Elapsed     float64
	FailedBuild string
}

func sniffGoTest(head []byte) bool {
	for line := range bytes.Lines(head) {
		var e goEvent
		if json.Unmarshal(line, &e) == nil && e.Action != "" && (e.Package != "" || e.ImportPath != "") {
			return true
		}
	}
	return false
}

func parseGoTest(in *input, to *recorder) error {
	p := &goParser{
		in: in, to: to, attempts: newAttempts(to),
		packages: map[string]*goPackage{}, builds: map[string][]byte{},
	}
	for lines := in.lines(); ; {
		line, complete, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		var e goEvent
		switch err := json.Unmarshal(line, &e); {
		case err == nil:
			if err := p.event(e, lines.number); err != nil {
				return err
			}
		case !complete && bytes.HasPrefix(line, []byte("{")):
			return in.errorf(lines.number, "the last line is cut short: %v", err)
		}
	}
	p.end()
	return nil
}

// goPackage is what is known of a package's latest run.
type goPackage struct {
	path         string
	number       int // orders it among the others
	tests        map[string]*goOpenTest
	ended        bool
	unsuccessful int    // tests that failed or did not end
	problem      string // why the package itself failed
	took         time.Duration
	output       []byte
}

// goOpenTest is a test that has not ended.
type goOpenTest struct {
	name   string
	number int // orders it among the others
	output []byte
}

type goParser struct {
	in       *input
	to       *recorder
	attempts *attempts
	packages map[string]*goPackage
	builds   map[string][]byte // output by import path
	started  int               // tests and packages so far
	open     int               // tests that have not ended
	buffered int               // bytes of output of what is open
}

func (p *goParser) event(e goEvent, line int) error {
	switch {
	case e.Action == "build-output":
		return p.buildOutput(e, line)
	case e.Package == "":
		return nil
	case e.Test == "":
		return p.packageEvent(e, line)
	}
	return p.testEvent(e, line)
}

func (p *goParser) testEvent(e goEvent, line int) error {
	pkg, err := p.packageOf(e.Package, line)
	if err != nil {
		return err
	}
	test := pkg.tests[e.Test]
	if test == nil {
		if p.open == goMaxOpen {
			return p.in.errorf(line, "more than %d tests run at once", goMaxOpen)
		}
		p.open++
		p.started++
		test = &goOpenTest{name: e.Test, number: p.started}
		pkg.tests[e.Test] = test
	}
	switch e.Action {
	case "output":
		p.keep(&test.output, e.Output)
	case "pass", "bench":
		p.endTest(pkg, test, Passed, seconds(e.Elapsed))
	case "fail":
		p.endTest(pkg, test, Failed, seconds(e.Elapsed))
	case "skip":
		p.endTest(pkg, test, Skipped, seconds(e.Elapsed))
	}
	return nil
}

// endTest records a test and forgets it.
func (p *goParser) endTest(pkg *goPackage, test *goOpenTest, status Status, took time.Duration) {
	delete(pkg.tests, test.name)
	p.open--
	p.buffered -= len(test.output)
	c := Case{Name: test.name, Suite: pkg.path, Status: status, Duration: took}
	id := pkg.path + "\x00" + test.name
	switch {
	case c.Unsuccessful():
		pkg.unsuccessful++
		c.Detail = strings.TrimRight(string(test.output), "\n")
		c.Message = goMessage(c.Detail)
		if status == Errored {
			c.Message = "the test never ended"
		}
		p.attempts.failed(id, c)
	case status == Passed && p.attempts.passed([]byte(id), took): // is held, and flaky now
	default:
		if status == Skipped {
			c.Message = goMessage(string(test.output))
		}
		p.to.add(c)
	}
}

// endOpenTests records the tests of a package that will not end any more, in the order in which they began.
func (p *goParser) endOpenTests(pkg *goPackage) {
	open := slices.SortedFunc(maps.Values(pkg.tests), func(a, b *goOpenTest) int { return a.number - b.number })
	for _, test := range open {
		p.endTest(pkg, test, Errored, 0)
	}
}

func (p *goParser) packageEvent(e goEvent, line int) error {
	pkg, err := p.packageOf(e.Package, line)
	if err != nil {
		return err
	}
	switch e.Action {
	case "start":
		p.endOpenTests(pkg) // of a run before that was cut off
		p.buffered -= len(pkg.output)
		*pkg = goPackage{path: pkg.path, number: pkg.number, tests: pkg.tests, took: pkg.took}
	case "output":
		p.keep(&pkg.output, e.Output)
	case "pass", "skip", "fail":
		p.endPackage(e, pkg)
	}
	return nil
}

func (p *goParser) endPackage(e goEvent, pkg *goPackage) {
	p.endOpenTests(pkg)
	pkg.ended = true
	pkg.took += seconds(e.Elapsed)
	output := string(pkg.output)
	p.buffered -= len(pkg.output)
	pkg.output = nil
	switch {
	case e.Action != "fail":
	case e.FailedBuild != "", strings.Contains(output, "[build failed]"), strings.Contains(output, "[setup failed]"):
		p.failedBuild(e, output)
	case pkg.unsuccessful == 0:
		pkg.problem = "package " + e.Package + " failed outside its tests: " + firstLine(strings.TrimPrefix(output, "PASS\n"))
	}
}

func (p *goParser) failedBuild(e goEvent, output string) {
	outcome := " [build failed]"
	if strings.Contains(output, "[setup failed]") {
		outcome = " [setup failed]"
	}
	if build := p.builds[e.FailedBuild]; len(build) > 0 {
		output = string(build)
	}
	p.to.add(Case{Name: e.Package + outcome, Status: Errored, Message: goMessage(output), Detail: strings.TrimRight(output, "\n")})
}

func (p *goParser) buildOutput(e goEvent, line int) error {
	if len(p.builds) == goMaxOpen {
		return p.in.errorf(line, "more than %d packages do not compile", goMaxOpen)
	}
	output := p.builds[e.ImportPath]
	p.keep(&output, e.Output)
	p.builds[e.ImportPath] = output
	return nil
}

func (p *goParser) packageOf(path string, line int) (*goPackage, error) {
	pkg := p.packages[path]
	if pkg == nil {
		if len(p.packages) == goMaxOpen {
			return nil, p.in.errorf(line, "more than %d packages", goMaxOpen)
		}
		p.started++
		pkg = &goPackage{path: path, number: p.started, tests: map[string]*goOpenTest{}}
		p.packages[path] = pkg
	}
	return pkg, nil
}

// keep appends output up to what a case may hold, and to what all that is open may hold together.
func (p *goParser) keep(buffer *[]byte, output string) {
	output = output[:min(len(output), p.to.limits.Detail+1-len(*buffer))]
	if room := goOpenBytes - p.buffered; len(output) > room {
		output = output[:room]
		p.to.truncated = true
	}
	*buffer = append(*buffer, output...)
	p.buffered += len(output)
}

// end closes what the stream left open.
func (p *goParser) end() {
	packages := slices.SortedFunc(maps.Values(p.packages), func(a, b *goPackage) int { return a.number - b.number })
	var took time.Duration
	for _, pkg := range packages {
		p.endOpenTests(pkg)
		took += pkg.took
		switch {
		case !pkg.ended:
			p.to.problem("package %s never ended: the stream is cut short", pkg.path)
		case pkg.problem != "":
			p.to.problem("%s", pkg.problem)
		}
	}
	p.attempts.flush()
	p.to.took(took)
}

// goMessage finds the first line that a test or the compiler itself wrote, past what the go command prints around it.
func goMessage(output string) string {
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") && !strings.HasPrefix(line, "# ") {
			return line
		}
	}
	return ""
}
