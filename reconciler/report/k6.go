package report

import (
	"maps"
	"slices"
	"strings"
)

// k6HandleSummary reads the data that k6 gives to handleSummary(), written as JSON, and k6SummaryExport what
// --summary-export writes. Cases are the thresholds, named "metric expression". The two files mean the opposite by the
// same word: in handleSummary's {"ok": true} says that a threshold held, in the other a plain true says that it was
// crossed. Metrics are named "metric.statistic" with p(95) as p95; a rate is always "metric.rate". What k6 calls passes
// of http_req_failed are failed requests. Checks are metrics, not cases, because k6 lets a run pass whatever they say:
// "checks{check:NAME}.passes", ".fails" and ".rate". Times are milliseconds.
var (
	k6HandleSummary = format{
		name: "k6-handle-summary",
		sniff: func(head []byte) bool {
			return jsonHas("metrics/*/values")(head) || jsonHas("root_group/groups/#")(head) || jsonHas("root_group/checks/#")(head)
		},
		parse: parseK6Summary,
	}
	k6SummaryExport = format{
		name:  "k6-summary-export",
		sniff: jsonHas("root_group"),
		parse: parseK6Summary,
	}
)

// k6MachineReadable reads the summary of --new-machine-readable-summary (k6 1.x). It has no thresholds.
var k6MachineReadable = format{
	name:  "k6-machine-readable",
	sniff: jsonHas("config", "metadata/k6_version", "results"),
	parse: func(in *input, to *recorder) error {
		k := k6{newJSONReader(in), to, newK6Checks()}
		found := false
		for name := range k.object() {
			switch name {
			case "config":
				for name := range k.object() {
					if name == "duration" {
						s, _ := k.number()
						to.took(seconds(s))
					}
				}
			case "results":
				found = k.results() || found
			}
		}
		k.checks.record(to)
		return k.finish(found, "results.metrics")
	},
}

func parseK6Summary(in *input, to *recorder) error {
	k := k6{newJSONReader(in), to, newK6Checks()}
	found := false
	for name := range k.object() {
		switch name {
		case "metrics":
			found = true
			for metric := range k.object() {
				k.metric(metric)
			}
		case "root_group":
			k.group()
		case "state":
			for name := range k.object() {
				if name == "testRunDurationMs" {
					ms, _ := k.number()
					to.took(milliseconds(ms))
				}
			}
		}
	}
	k.checks.record(to)
	return k.finish(found, "metrics")
}

type k6 struct {
	*jsonReader
	to     *recorder
	checks k6Checks
}

func (k *k6) results() (found bool) {
	for name := range k.object() {
		switch name {
		case "metrics":
			found = true
			for range k.array() {
				k.metric("")
			}
		case "checks":
			for name := range k.object() {
				switch name {
				case "metrics":
					for range k.array() {
						k.metric("")
					}
				case "results":
					k.each(k.check)
				}
			}
		}
	}
	return found
}

// k6MaxStatistics is more percentiles than anyone asks k6 for.
const k6MaxStatistics = 1_000

// metric reads one metric: its statistics stand below "values" or, in the summary export, beside the thresholds.
func (k *k6) metric(metric string) {
	var thresholds []Case
	values := map[string]float64{}
	keep := func(name string, value float64) {
		if len(values) < k6MaxStatistics {
			values[name] = value
		}
	}
	for name := range k.object() {
		switch name {
		case "name":
			metric = k.text()
		case "thresholds":
			for expression := range k.object() {
				thresholds = append(thresholds, k.threshold(expression))
			}
		case "values":
			k.numbers("", keep)
		default:
			k.numbers(name, keep)
		}
	}
	for _, c := range thresholds {
		c.Name = metric + " " + c.Name
		k.to.add(c)
	}
	if rate, ok := values["value"]; ok {
		if _, isRate := values["passes"]; isRate {
			values["rate"] = rate
			delete(values, "value")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		k.to.metric(metric+"."+k6Statistic(name), values[name])
	}
}

func (k *k6) threshold(expression string) Case {
	var held bool
	switch k.kind() {
	case '{':
		for name := range k.object() {
			if name == "ok" {
				held = k.truth()
			}
		}
	case 't', 'f':
		held = !k.truth()
	default:
		k.fail("the threshold %q is neither true, false nor {\"ok\": ...}", expression)
	}
	c := Case{Name: expression, Suite: "thresholds", Status: Passed}
	if !held {
		c.Status, c.Message = Failed, "threshold crossed"
	}
	return c
}

// group reads a group's checks and those of the groups within it.
func (k *k6) group() {
	for name := range k.object() {
		switch name {
		case "groups":
			k.each(k.group)
		case "checks":
			k.each(k.check)
		}
	}
}

func (k *k6) check() {
	var check string
	var passes, fails int
	for name := range k.object() {
		switch name {
		case "name":
			check = k.text()
		case "passes":
			passes = k.count()
		case "fails":
			fails = k.count()
		}
	}
	k.checks.add(check, passes, fails, k.to)
}

// each reads a list, which the summary export writes as an object and handleSummary as an array.
func (k *k6) each(read func()) {
	if k.kind() == '[' {
		for range k.array() {
			read()
		}
		return
	}
	for range k.object() {
		read()
	}
}

// k6Checks counts how often each check held, over all groups, as k6's own metric checks{check:NAME} does.
type k6Checks struct {
	series[struct{ passes, fails int }]
}

func newK6Checks() k6Checks { return k6Checks{series[struct{ passes, fails int }]{}} }

func (c k6Checks) add(name string, passes, fails int, rec *recorder) {
	if check := c.of(name, rec); check != nil {
		check.passes += passes
		check.fails += fails
	}
}

func (c k6Checks) record(rec *recorder) {
	for name, check := range c.all() {
		rec.rate("checks{check:"+name+"}", check.passes, check.fails)
	}
}

// rate records how often something was so, as PREFIX.passes, .fails and .rate.
func (rec *recorder) rate(prefix string, passes, fails int) {
	rec.metric(prefix+".passes", float64(passes))
	rec.metric(prefix+".fails", float64(fails))
	rec.metric(prefix+".rate", float64(passes)/float64(passes+fails))
}

// k6Statistic makes p95 of p(95) and leaves other names as they are.
func k6Statistic(name string) string {
	if inner, ok := strings.CutPrefix(name, "p("); ok {
		return "p" + strings.TrimSuffix(inner, ")")
	}
	return name
}
