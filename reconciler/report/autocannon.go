package report

import "strings"

// autocannonJSON reads `autocannon --json`: numbers alone, recorded by their own names ("latency.p99" in milliseconds,
// "requests.total", "non2xx", ...), and "status.CODE" for the number of answers with each status code. Answers that are
// no success count in non2xx and not in errors, and refused connections have a latency of 0: both are for conditions to
// look at.
var autocannonJSON = format{
	name:  "autocannon-json",
	sniff: jsonHas("non2xx", "latency", "requests"),
	parse: func(in *input, to *recorder) error {
		r := newJSONReader(in)
		found := false
		r.numbers("", func(name string, value float64) {
			code, isStatus := strings.CutPrefix(name, "statusCodeStats.")
			switch {
			case name == "duration":
				to.took(seconds(value))
			case isStatus:
				to.metric("status."+strings.TrimSuffix(code, ".count"), value)
			default:
				found = found || name == "requests.total"
				to.metric(name, value)
			}
		})
		return r.finish(found, "requests.total")
	},
}
