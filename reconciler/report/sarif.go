package report

import (
	"cmp"
	"strconv"
)

// sarifJSON reads SARIF 2.1.0. A result is a case. It is named by its rule when the tool explains the rule, else (as
// for conftest, whose rules are only "deny" and "warn") by its message.
//
// What a result means (SARIF 2.1.0, sections 3.27.9 and 3.27.10): kind "pass" is a pass, "notApplicable" is skipped, and
// any other kind but "fail" (which is the default) leaves nothing to report. A result that its tool calls "fail" in so
// many words has failed. Otherwise its level decides, or its rule's default level, or "warning": "error" has failed,
// "warning" and "note" are warnings, "none" is no finding. A suppressed result is skipped. An invocation that was not
// successful is a problem of the run. The metric "results" is the number of all results; it is there even if a tool found
// nothing, which is a success, but not if it has not looked.
var sarifJSON = format{
	name:  "sarif",
	sniff: func(head []byte) bool { return jsonHas("version", "runs")(head) || jsonHas("runs/#/tool")(head) },
	parse: func(in *input, to *recorder) error {
		s := sarif{jsonReader: newJSONReader(in), to: to}
		found := false
		for name := range s.object() {
			if name == "runs" {
				found = true
				for range s.array() {
					s.run()
				}
			}
		}
		if s.looked {
			to.metric("results", float64(s.results))
		}
		return s.finish(found, "runs")
	},
}

type sarif struct {
	*jsonReader
	to      *recorder
	rules   []sarifRule    // of the driver of the current run
	byID    map[string]int // index in rules
	looked  bool           // a run has a list of results
	results int
}

// What a run may hold: rules that are known, and results that stand before the rules.
const (
	sarifMaxRules = 1 << 16
	sarifMaxEarly = 5_000
)

type sarifRule struct {
	id, level string
	explained bool // has a help text, a page or settings of its own
}

func (s *sarif) run() {
	s.rules, s.byID = nil, map[string]int{}
	var early []sarifResult // written before the rules are known
	for name := range s.object() {
		switch name {
		case "tool":
			for name := range s.object() {
				if name == "driver" {
					s.driver()
				}
			}
		case "results":
			s.looked = s.looked || s.kind() == '['
			for range s.array() {
				s.results++
				switch result := s.result(); {
				case s.rules != nil:
					s.add(result)
				case len(early) < sarifMaxEarly:
					early = append(early, result)
				default:
					s.fail("more than %d results stand before the tool that they belong to", sarifMaxEarly)
				}
			}
		case "invocations":
			for range s.array() {
				s.invocation()
			}
		}
	}
	for _, result := range early {
		s.add(result)
	}
}

func (s *sarif) driver() {
	s.rules = []sarifRule{}
	for name := range s.object() {
		if name != "rules" {
			continue
		}
		for range s.array() {
			var rule sarifRule
			for name := range s.object() {
				switch name {
				case "id":
					rule.id = s.text()
				case "help", "helpUri":
					rule.explained = true
				case "defaultConfiguration":
					rule.explained = true
					for name := range s.object() {
						if name == "level" {
							rule.level = s.text()
						}
					}
				}
			}
			if len(s.rules) < sarifMaxRules {
				s.byID[rule.id] = len(s.rules)
				s.rules = append(s.rules, rule)
			}
		}
	}
}

func (s *sarif) invocation() {
	var failed bool
	var why string
	for name := range s.object() {
		switch name {
		case "executionSuccessful":
			failed = s.kind() == 'f'
		case "exitCodeDescription", "processStartFailureMessage":
			why = cmp.Or(s.text(), why)
		}
	}
	if failed {
		s.to.problem("the tool did not run to its end: %s", cmp.Or(why, "executionSuccessful is false"))
	}
}

type sarifResult struct {
	Case
	rule        string
	index       int // of the rule, -1 when not told
	level, kind string
	suppressed  bool
}

func (s *sarif) result() sarifResult {
	r := sarifResult{index: -1}
	for name := range s.object() {
		switch name {
		case "ruleId":
			r.rule = s.text()
		case "ruleIndex":
			r.ruleIndex(s.number())
		case "rule":
			for name := range s.object() {
				switch name {
				case "id":
					r.rule = s.text()
				case "index":
					r.ruleIndex(s.number())
				}
			}
		case "level":
			r.level = s.text()
		case "kind":
			r.kind = s.text()
		case "message":
			for name := range s.object() {
				if name == "text" {
					r.Message = s.text()
				}
			}
		case "locations":
			s.location(&r.Case)
		case "suppressions":
			r.suppressed = s.suppressed()
		}
	}
	return r
}

func (r *sarifResult) ruleIndex(v float64, known bool) {
	if known && v >= 0 && v < sarifMaxRules {
		r.index = int(v)
	}
}

// location reads the first place of a result.
func (s *sarif) location(c *Case) {
	for n := range s.array() {
		if n > 0 {
			continue
		}
		line := 0
		for name := range s.object() {
			if name != "physicalLocation" {
				continue
			}
			for name := range s.object() {
				switch name {
				case "artifactLocation":
					for name := range s.object() {
						if name == "uri" {
							c.File = s.text()
						}
					}
				case "region":
					for name := range s.object() {
						if name == "startLine" {
							line = s.count()
						}
					}
				}
			}
		}
		if c.Detail = c.File; line > 0 {
			c.Detail += ":" + strconv.Itoa(line)
		}
	}
}

// suppressed tells whether at least one suppression holds: one that is under review or was rejected does not.
func (s *sarif) suppressed() bool {
	holds := false
	for range s.array() {
		status := "accepted"
		for name := range s.object() {
			if name == "status" {
				status = s.text()
			}
		}
		holds = holds || status == "accepted"
	}
	return holds
}

// add records what the result means.
func (s *sarif) add(r sarifResult) {
	if s.err != nil {
		return
	}
	rule := s.ruleOf(r)
	c := r.Case
	c.Name = cmp.Or(r.Message, r.rule, rule.id)
	if rule.explained {
		c.Name = cmp.Or(r.rule, rule.id)
	}
	if c.File != "" {
		c.Detail = c.Detail + ": " + c.Message
	}
	level := cmp.Or(r.level, rule.level, "warning")
	switch {
	case r.kind == "pass":
		c.Status = Passed
	case r.kind == "notApplicable" || r.suppressed:
		c.Status = Skipped
	case r.kind != "" && r.kind != "fail" || level == "none":
		return
	case r.kind == "fail" || level == "error":
		c.Status = Failed
	default:
		c.Status = Warned
	}
	s.to.add(c)
}

// ruleOf finds the rule of a result by its index, else by its id.
func (s *sarif) ruleOf(r sarifResult) sarifRule {
	if r.index >= 0 && r.index < len(s.rules) {
		return s.rules[r.index]
	}
	if index, known := s.byID[r.rule]; known {
		return s.rules[index]
	}
	return sarifRule{}
}
