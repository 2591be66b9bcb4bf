package report

import (
	"fmt"
	"maps"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// recorder collects what a format finds, within the limits. Every case must pass through add, which counts it.
type recorder struct {
	limits    Limits
	counts    Counts
	failing   []Case // unsuccessful and flaky
	others    []Case
	problems  []string
	metrics   map[string]float64
	caseTime  time.Duration // sum over all cases
	duration  time.Duration // of the run, when the file tells
	truncated bool
}

func newRecorder(limits Limits) *recorder {
	return &recorder{limits: limits, metrics: map[string]float64{}}
}

// add counts the case and keeps as much of it as the limits allow.
func (rec *recorder) add(c Case) {
	rec.counts.add(c.Status, c.Flaky)
	rec.caseTime += c.Duration
	if !rec.keeps(c.Status, c.Flaky) {
		rec.truncated = true
		return
	}
	c.Name, c.Suite, c.File = rec.bound(c.Name, rec.limits.Name), rec.bound(c.Suite, rec.limits.Name), rec.bound(c.File, rec.limits.Name)
	c.Message = rec.bound(c.Message, rec.limits.Message)
	if c.Unsuccessful() || c.Flaky {
		c.Detail = rec.bound(c.Detail, rec.limits.Detail)
		rec.failing = append(rec.failing, c)
		return
	}
	c.Detail = ""
	rec.others = append(rec.others, c)
}

// keeps tells whether a case that ended so would still be kept. Formats that meet millions of cases ask it before they
// build one; add decides the same.
func (rec *recorder) keeps(status Status, flaky bool) bool {
	if status == Failed || status == Errored || flaky {
		return len(rec.failing) < rec.limits.FailingCases
	}
	return len(rec.others) < rec.limits.OtherCases
}

// problem records what is wrong outside any case. A report with a problem is never OK.
func (rec *recorder) problem(format string, args ...any) {
	if len(rec.problems) == rec.limits.Problems {
		rec.truncated = true
		return
	}
	rec.problems = append(rec.problems, rec.bound(fmt.Sprintf(format, args...), rec.limits.Message))
}

// metric records a number. NaN and infinities are no numbers, so they are left out; of one name the last value stays.
func (rec *recorder) metric(name string, value float64) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return
	}
	name = rec.bound(name, rec.limits.Name)
	if _, known := rec.metrics[name]; !known && len(rec.metrics) == rec.limits.Metrics {
		rec.truncated = true
		return
	}
	rec.metrics[name] = value
}

// took records the duration of the whole run.
func (rec *recorder) took(d time.Duration) { rec.duration = d }

func (rec *recorder) report(format string) *Report {
	duration := rec.duration
	if duration == 0 {
		duration = rec.caseTime
	}
	return &Report{
		Format:    format,
		Counts:    rec.counts,
		Cases:     append(rec.failing, rec.others...),
		Problems:  rec.problems,
		Metrics:   maps.Clone(rec.metrics),
		Duration:  duration,
		Truncated: rec.truncated,
	}
}

const cut = "…"

// bound shortens s to at most limit bytes and replaces what no terminal or page should be given: invalid UTF-8 and
// control characters except tab and newline. Replacing can make a text longer, hence the second cut.
func (rec *recorder) bound(s string, limit int) string {
	s = rec.shorten(s, limit)
	if clean(s) {
		return s
	}
	return rec.shorten(strings.Map(printable, strings.ToValidUTF8(s, "\uFFFD")), limit)
}

// shorten always copies, so that a short text does not hold the long one in memory that it is a part of.
func (rec *recorder) shorten(s string, limit int) string {
	if len(s) <= limit {
		return strings.Clone(s)
	}
	rec.truncated = true
	end := max(limit-len(cut), 0)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + cut
}

func clean(s string) bool {
	for _, r := range s {
		if r == utf8.RuneError || printable(r) != r {
			return false
		}
	}
	return true
}

func printable(r rune) rune {
	if r < ' ' && r != '\t' && r != '\n' || r == 0x7f {
		return '\uFFFD'
	}
	return r
}
