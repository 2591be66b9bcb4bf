package report

import "strings"

// artilleryJSON reads the file that `artillery run --output` writes. It holds numbers alone: "aggregate" is the whole run,
// and its counters, rates and summaries are the metrics ("http.codes.500", "http.response_time.p95", ... in milliseconds).
// "intermediate" repeats them per period and is left out. Results of `ensure` are not in the file, so there are no cases.
// The format of Artillery 1 differs in that aggregate holds numbers without those three groups.
var artilleryJSON = format{
	name:  "artillery-json",
	sniff: jsonHas("aggregate"),
	parse: func(in *input, to *recorder) error {
		r := newJSONReader(in)
		found := false
		for name := range r.object() {
			if name != "aggregate" {
				continue
			}
			found = true
			var first, last float64 // ms since 1970
			r.numbers("", func(name string, value float64) {
				switch group, rest, _ := strings.Cut(name, "."); {
				case name == "firstMetricAt":
					first = value
				case name == "lastMetricAt":
					last = value
				case name == "period" || strings.HasSuffix(name, "CounterAt") || strings.HasSuffix(name, "HistogramAt"):
				case group == "histograms": // the same numbers as summaries, under their old name
				case group == "counters" || group == "rates" || group == "summaries":
					to.metric(rest, value)
				default:
					to.metric(name, value)
				}
			})
			to.took(milliseconds(last - first))
		}
		return r.finish(found, "aggregate")
	},
}
