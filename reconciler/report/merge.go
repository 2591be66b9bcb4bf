package report

import (
	"slices"
	"strings"
)

// Merge puts the reports of one run together, such as those of its shards or of a folder with one file per class. Counts,
// durations, cases and problems add up; cases keep to the default Limits. It returns an empty Report, which is not OK,
// when there is nothing to merge.
//
// A metric that several reports hold is added up when its name ends as a count does (count, total, requests, passes,
// fails, ok, failed, errors); of any other the largest stays, or the smallest when its name ends in "min". Whoever sets
// conditions on percentiles of a sharded load test so judges its slowest shard.
func Merge(reports ...*Report) *Report {
	to := newRecorder(Limits{}.withDefaults())
	merged := &Report{}
	for _, r := range reports {
		switch merged.Format {
		case "", r.Format:
			merged.Format = r.Format
		default:
			merged.Format = "mixed"
		}
		merged.Counts = merged.Counts.Plus(r.Counts)
		merged.Duration += r.Duration
		merged.Truncated = merged.Truncated || r.Truncated
		for _, c := range r.Cases {
			to.add(c)
		}
		for _, p := range r.Problems {
			to.problem("%s", p)
		}
		for name, value := range r.Metrics {
			if before, several := to.metrics[name]; several {
				value = mergeMetric(name, before, value)
			}
			to.metric(name, value)
		}
	}
	kept := to.report(merged.Format)
	merged.Cases, merged.Problems, merged.Metrics = kept.Cases, kept.Problems, kept.Metrics
	merged.Truncated = merged.Truncated || kept.Truncated
	return merged
}

// Plus adds up the counts that reports state, which are exact even where their cases were left out.
func (n Counts) Plus(m Counts) Counts {
	return Counts{
		Total:   n.Total + m.Total,
		Passed:  n.Passed + m.Passed,
		Failed:  n.Failed + m.Failed,
		Errored: n.Errored + m.Errored,
		Skipped: n.Skipped + m.Skipped,
		Warned:  n.Warned + m.Warned,
		Flaky:   n.Flaky + m.Flaky,
	}
}

func mergeMetric(name string, a, b float64) float64 {
	last := name[strings.LastIndexAny(name, "._")+1:]
	counts := []string{"count", "total", "requests", "passes", "fails", "ok", "failed", "errors"}
	switch {
	case slices.Contains(counts, last):
		return a + b
	case last == "min":
		return min(a, b)
	}
	return max(a, b)
}
