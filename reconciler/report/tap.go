package report

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// TAP, the Test Anything Protocol, versions 12 to 14, as prove, Bats, Mocha, Node and kubeconform write it. Cases are the
// test lines at the left margin; what is indented belongs to them: subtests, whose outcome their parent's line repeats,
// YAML diagnostics and free text. A "todo" that fails and every "skip", also a "not ok" one, are skipped.
//
// The plan ("1..N") is what tells a whole stream from a cut one. A stream whose plan names another number of tests than
// ran has an errored case more, "plan 4, ran 1"; one without a plan, with two, or with a number twice has a problem.
//
// "tap13" is TAP that uses what version 13 added, YAML diagnostics. The version line alone says nothing: tools write it
// without using the version.

var (
	tapPlan = regexp.MustCompile(`^1\.\.([0-9]+)\s*(?:#.*)?$`)

	tapDirective = regexp.MustCompile(`(?i)(?:^|\s)#\s*(?:(skip)\S*|(todo)(?:\s|$))\s*(.*)$`)

	// batsTiming is what `bats --timing` appends to names.
	batsTiming = regexp.MustCompile(`^(.*) in ([0-9]+)(ms|s|sec)$`)
)

const tapHighestNumber = 1 << 24 // higher test numbers are not checked for repetition

func sniffTAP(head []byte) bool {
	for line := range bytes.Lines(head) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		return bytes.HasPrefix(line, []byte("TAP version ")) || bytes.HasPrefix(line, []byte("Bail out!")) ||
			tapPlan.Match(line) || isTAPTest(string(line))
	}
	return false
}

func isTAPTest(line string) bool {
	_, found := readTAPTest(line)
	return found
}

func sniffTAP13(head []byte) bool {
	return bytes.HasPrefix(head, []byte("TAP version 13")) && bytes.Contains(head, []byte("\n  ---\n")) && sniffTAP(head)
}

func parseTAP(in *input, to *recorder) error {
	p := &tapParser{to: to, planned: -1}
	for lines := in.lines(); ; {
		line, _, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		p.number = lines.number
		p.line(string(line))
	}
	p.endTest()
	if p.planned < 0 && p.ran == 0 && !p.bailed {
		return in.errorf(0, "no line of TAP: neither a plan nor a test")
	}
	p.checkPlan()
	return nil
}

type tapParser struct {
	to      *recorder
	number  int // of the current line
	planned int // -1: no plan yet
	ran     int
	bailed  bool
	seen    []uint64 // bit set of the test numbers

	open    bool // a test line was read, what belongs to it may follow
	subtest bool // what belongs to the next test line is being read
	test    Case
	detail  []byte // what belongs to the open or the next test
}

func (p *tapParser) line(line string) {
	switch {
	case line == "":
	case line[0] == ' ' || line[0] == '\t':
		p.diagnostic(line)
	case strings.HasPrefix(line, "# Subtest"): // its lines come before the test line that they belong to
		p.endTest()
		p.subtest = true
	case line[0] == '#':
		p.diagnostic(strings.TrimPrefix(line[1:], " "))
	case strings.HasPrefix(line, "Bail out!"):
		p.bailOut(strings.TrimSpace(strings.TrimPrefix(line, "Bail out!")))
	default:
		if test, found := readTAPTest(line); found {
			p.startTest(test)
		} else if match := tapPlan.FindStringSubmatch(line); match != nil {
			p.plan(match[1])
		}
	}
}

func (p *tapParser) plan(count string) {
	p.endTest()
	n, err := strconv.Atoi(count)
	switch {
	case err != nil:
		p.to.problem("line %d: the plan 1..%s is no number of tests", p.number, count)
	case p.planned >= 0:
		p.to.problem("line %d: a second plan, 1..%d after 1..%d: several streams in one file?", p.number, n, p.planned)
	}
	p.planned = n
}

// tapTest is a line such as "not ok 7 - description".
type tapTest struct {
	notOK       bool
	number      string // empty when there is none
	dash        bool
	description string
}

func readTAPTest(line string) (test tapTest, found bool) {
	line, test.notOK = strings.CutPrefix(line, "not ")
	line, found = strings.CutPrefix(line, "ok")
	if !found || line != "" && line[0] != ' ' {
		return tapTest{}, false
	}
	line = strings.TrimLeft(line, " ")
	rest := strings.TrimLeft(line, "0123456789")
	if rest == "" || rest[0] == ' ' {
		test.number, line = line[:len(line)-len(rest)], strings.TrimLeft(rest, " ")
	}
	test.description, test.dash = strings.CutPrefix(line, "- ")
	return test, true
}

func (p *tapParser) startTest(test tapTest) {
	p.endTest()
	p.ran++
	p.open, p.subtest = true, false
	p.test = Case{Status: Passed}
	if test.notOK {
		p.test.Status = Failed
	}
	description := test.description
	if at := directiveIn(description); at != nil {
		todo := at[4] >= 0
		if !todo || test.notOK {
			p.test.Status = Skipped
			p.test.Message = strings.TrimSpace(description[at[6]:])
		}
		description = description[:at[0]]
	}
	p.test.Name = unescapeTAP(strings.TrimSpace(description))
	if match := timingIn(p.test.Name, test.dash); match != nil {
		p.test.Name, p.test.Duration = match[1], tapTiming(match[2], match[3])
	}
	if p.test.Name == "" {
		p.test.Name = "test " + strconv.Itoa(p.ran)
	}
	p.see(test.number)
}

// see checks that no test number stands twice.
func (p *tapParser) see(number string) {
	n, err := strconv.Atoi(number)
	if err != nil || n >= tapHighestNumber {
		return
	}
	word, bit := n/64, uint64(1)<<(n%64)
	for len(p.seen) <= word {
		p.seen = append(p.seen, 0)
	}
	if p.seen[word]&bit != 0 {
		p.to.problem("line %d: there is a second test %d", p.number, n)
	}
	p.seen[word] |= bit
}

// diagnostic keeps a line that belongs to the open test, or to the next one when it is of a subtest.
func (p *tapParser) diagnostic(line string) {
	if !p.open && !p.subtest {
		return
	}
	if took, found := strings.CutPrefix(line, "  duration_ms: "); found && p.open { // Node's YAML
		if ms, err := strconv.ParseFloat(strings.TrimSpace(took), 64); err == nil {
			p.test.Duration = milliseconds(ms)
		}
	}
	if len(p.detail) <= p.to.limits.Detail {
		p.detail = append(append(p.detail, line...), '\n')
	}
}

func (p *tapParser) endTest() {
	if !p.open {
		return
	}
	p.open = false
	if p.test.Unsuccessful() {
		p.test.Detail = strings.TrimRight(string(p.detail), "\n")
		p.test.Message = tapMessage(p.test.Detail)
	}
	p.detail = p.detail[:0]
	p.to.add(p.test)
}

func (p *tapParser) bailOut(reason string) {
	p.endTest()
	p.bailed = true
	p.to.add(Case{Name: "Bail out!", Status: Errored, Message: reason})
}

func (p *tapParser) checkPlan() {
	switch {
	case p.bailed: // says already that the rest did not run
	case p.planned < 0:
		p.to.problem("there is no plan (1..N), so nothing tells whether the stream is whole")
	case p.planned != p.ran:
		p.to.add(Case{
			Name:    "plan " + strconv.Itoa(p.planned) + ", ran " + strconv.Itoa(p.ran),
			Status:  Errored,
			Message: "the plan announces another number of tests than ran",
		})
	}
}

// tapMessage finds what says most in diagnostics: the message or error of YAML, else the subtest that failed, else the
// first line that is neither a mark nor a key of YAML.
func tapMessage(detail string) string {
	first, subtest := "", ""
	for line := range strings.Lines(detail) {
		line = strings.TrimSpace(line)
		key, value, _ := strings.Cut(line, ":")
		switch {
		case line == "", line == "---", line == "...", key == "duration_ms", key == "type", key == "location", tapPlan.MatchString(line):
			continue
		case key == "message" || key == "error":
			if value = strings.Trim(strings.TrimLeft(value, "|>- "), `'" `); value != "" {
				return value
			}
		case strings.HasPrefix(line, "not ok ") && subtest == "":
			subtest = line
		case first == "":
			first = line
		}
	}
	return cmp.Or(subtest, first)
}

func tapTiming(number, unit string) time.Duration {
	n, err := strconv.ParseFloat(number, 64)
	switch {
	case err != nil:
		return 0
	case unit == "ms":
		return milliseconds(n)
	}
	return seconds(n)
}

// directiveIn finds a directive. Most lines hold no hash, and looking for one is cheaper than matching.
func directiveIn(description string) []int {
	if !strings.Contains(description, "#") {
		return nil
	}
	return tapDirective.FindStringSubmatchIndex(description)
}

// timingIn finds what Bats appends to a name; Bats writes no dash before names.
func timingIn(name string, dash bool) []string {
	if dash || !strings.Contains(name, " in ") {
		return nil
	}
	return batsTiming.FindStringSubmatch(name)
}

// unescapeTAP undoes what producers do to names with a hash or a backslash.
func unescapeTAP(name string) string {
	if !strings.Contains(name, `\`) {
		return name
	}
	return strings.NewReplacer(`\#`, "#", `\\`, `\`).Replace(name)
}
