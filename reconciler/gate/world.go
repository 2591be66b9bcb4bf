package gate

import (
	"maps"
	"slices"

	"github.com/google/cel-go/cel"

	"github.com/assay-dev/assay/reconciler/report"
)

// world is what conditions see, and what of it is not known.
type world struct {
	vars    map[string]any
	unknown []*cel.AttributePatternType
}

func newWorld(suites []Suite, baseline *Baseline) world {
	now := Baseline{Suites: map[string]Numbers{}}
	aliases := map[string]string{}
	outcomes := map[string]Outcome{}
	w := world{}
	for _, s := range suites {
		aliases[s.Name] = s.Alias
		outcomes[s.Name] = s.Outcome
		if s.Outcome == Inconclusive {
			w.unknown = append(w.unknown, cel.AttributePattern(varSuites).QualString(s.Name))
			if s.Alias != "" {
				w.unknown = append(w.unknown, cel.AttributePattern(varSuites).QualString(s.Alias))
			}
			continue
		}
		now.Suites[s.Name] = s.Numbers
	}
	if len(w.unknown) > 0 {
		w.unknown = append(w.unknown, cel.AttributePattern(varResults), cel.AttributePattern(varMetrics))
	}
	w.vars = now.vars(aliases, outcomes)
	w.vars[varBaseline] = map[string]any{}
	if baseline != nil {
		w.vars[varBaseline] = baseline.vars(aliases, nil)
	}
	return w
}

// vars are the sums and the single Suites, under their names and their aliases.
func (b Baseline) vars(aliases map[string]string, outcomes map[string]Outcome) map[string]any {
	suites, metrics := map[string]any{}, map[string]any{}
	var sum report.Counts
	var seconds float64
	for _, name := range slices.Sorted(maps.Keys(b.Suites)) { // the order tells which of two metrics of one name counts
		n := b.Suites[name]
		one := counts(n.Counts, n.Seconds)
		outcome := Passed
		if outcomes != nil {
			outcome = outcomes[name]
		}
		one["outcome"], one["passed"] = string(outcome), outcome == Passed
		one["metrics"] = numbers(n.Metrics)
		suites[name] = one
		if alias := aliases[name]; alias != "" {
			suites[alias] = one
		}
		for k, v := range n.Metrics {
			metrics[k] = v
		}
		sum = sum.Plus(n.Counts)
		seconds += n.Seconds
	}
	results := counts(sum, seconds)
	results["passed"] = sum.Passed
	return map[string]any{varSuites: suites, varResults: results, varMetrics: metrics}
}

func counts(c report.Counts, seconds float64) map[string]any {
	return map[string]any{
		"total": c.Total, "failed": c.Failed, "errored": c.Errored, "skipped": c.Skipped, "flaky": c.Flaky, "seconds": seconds,
	}
}

func numbers(m map[string]float64) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// missingBaseline marks what a condition looks up below baseline and is not there: a new metric must not keep a Gate from ever passing.
func (w world) missingBaseline(paths [][]string) []*cel.AttributePatternType {
	var missing []*cel.AttributePatternType
	for _, path := range paths {
		pattern := cel.AttributePattern(varBaseline)
		at := w.vars[varBaseline].(map[string]any)
		for _, key := range path {
			pattern = pattern.QualString(key)
			next, found := at[key]
			if !found {
				missing = append(missing, pattern)
				break
			}
			at, _ = next.(map[string]any)
		}
	}
	return missing
}
