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
// successful is a problem of the run.
var sarifJSON = format{
	name:  "sarif",
	sniff: jsonHas("version", "runs"),
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
		return s.finish(found, "runs")
	},
}

type sarif struct {
	*jsonReader
	to    *recorder
	rules []sarifRule // of the driver of the current run
}

type sarifRule struct {
	id, level string
	explained bool // has a help text, a page or settings of its own
}

func (s *sarif) run() {
	s.rules = nil
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
			for range s.array() {
				if result := s.result(); s.rules != nil {
					s.add(result)
				} else {
					early = append(early, result)
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
			s.rules = append(s.rules, rule)
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
	if known && v >= 0 && v < jsonMaxNames {
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
	for _, rule := range s.rules {
		if rule.id == r.rule {
			return rule
		}
	}
	return sarifRule{}
}
