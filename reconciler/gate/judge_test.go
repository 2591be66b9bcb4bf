package gate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/sources/tests"
)

func passed(name string, metrics map[string]float64) gate.Suite {
	return gate.Suite{Name: "staging-" + name, Alias: name, Outcome: gate.Passed, Numbers: gate.Numbers{
		Counts: report.Counts{Total: 3, Passed: 3}, Metrics: metrics, Seconds: 2,
	}}
}

func failed(name string) gate.Suite {
	s := passed(name, nil)
	s.Outcome, s.Reason, s.Counts = gate.Failed, "1 of 3 cases failed", report.Counts{Total: 3, Passed: 2, Failed: 1}
	s.Report = cases(report.Failed)
	return s
}

func inconclusive(name string) gate.Suite {
	return gate.Suite{Name: "staging-" + name, Alias: name, Outcome: gate.Inconclusive, Reason: "no report"}
}

func TestJudge(t *testing.T) {
	p95 := func(ms float64) map[string]float64 { return map[string]float64{"p95": ms} }
	before := gate.NumbersOf(gate.Verdict{Suites: []gate.Suite{passed("smoke", nil), passed("load", p95(100))}})
	for name, tt := range map[string]struct {
		pass     []string
		suites   []gate.Suite
		baseline *gate.Baseline
		outcome  gate.Outcome
		reason   string
	}{
		"every suite passed":                   {nil, []gate.Suite{passed("smoke", nil), passed("load", nil)}, nil, gate.Passed, "all 2 suites passed"},
		"one failed":                           {nil, []gate.Suite{passed("smoke", nil), failed("load")}, nil, gate.Failed, "staging-load: 1 of 3"},
		"one failed and one is unknown":        {nil, []gate.Suite{inconclusive("smoke"), failed("load")}, nil, gate.Failed, "staging-load"},
		"one is unknown":                       {nil, []gate.Suite{passed("smoke", nil), inconclusive("load")}, nil, gate.Inconclusive, "no report"},
		"no evidence at all":                   {[]string{"true"}, []gate.Suite{inconclusive("load")}, nil, gate.Inconclusive, "no suite gave any evidence"},
		"a condition by the suite's name":      {[]string{`suites["staging-smoke"].passed`}, []gate.Suite{passed("smoke", nil)}, nil, gate.Passed, "its condition holds"},
		"a condition by the name as written":   {[]string{`suites.smoke.total == 3`}, []gate.Suite{passed("smoke", nil)}, nil, gate.Passed, "holds"},
		"a condition that allows a failure":    {[]string{`results.failed <= 1`}, []gate.Suite{passed("smoke", nil), failed("load")}, nil, gate.Passed, "holds"},
		"a condition that does not hold":       {[]string{`metrics["p95"] < 50`}, []gate.Suite{passed("load", p95(90))}, nil, gate.Failed, `metrics["p95"] < 50`},
		"false whatever the unknown one says":  {[]string{`suites.smoke.passed && suites.load.passed`}, []gate.Suite{inconclusive("smoke"), failed("load")}, nil, gate.Failed, "does not hold"},
		"true whatever the unknown one says":   {[]string{`suites.smoke.passed || suites.load.passed`}, []gate.Suite{inconclusive("smoke"), passed("load", nil)}, nil, gate.Passed, "holds"},
		"hangs on the unknown one":             {[]string{`suites.smoke.passed`, `suites.load.passed`}, []gate.Suite{inconclusive("smoke"), passed("load", nil)}, nil, gate.Inconclusive, `suites["smoke"]`},
		"sums are unknown with one of them":    {[]string{`results.failed == 0`}, []gate.Suite{inconclusive("smoke"), passed("load", nil)}, nil, gate.Inconclusive, "results"},
		"a metric that no suite left":          {[]string{`metrics["p95"] < 50`}, []gate.Suite{passed("load", nil)}, nil, gate.Inconclusive, "no such key"},
		"compared with the last pass, holds":   {[]string{`metrics["p95"] < 1.2 * baseline.metrics["p95"]`}, []gate.Suite{passed("load", p95(110))}, &before, gate.Passed, "holds"},
		"compared with the last pass, worse":   {[]string{`metrics["p95"] < 1.2 * baseline.metrics["p95"]`}, []gate.Suite{passed("load", p95(130))}, &before, gate.Failed, "does not hold"},
		"no last pass yet":                     {[]string{`metrics["p95"] < 1.2 * baseline.metrics["p95"]`}, []gate.Suite{passed("load", p95(130))}, nil, gate.Passed, "staging-load passed"},
		"no last pass yet, and a failed suite": {[]string{`100.0 < baseline.metrics["p95"]`}, []gate.Suite{failed("load")}, nil, gate.Failed, "1 of 3"},
		"a metric that the last pass had not":  {[]string{`metrics["p50"] < baseline.metrics["p50"]`}, []gate.Suite{passed("load", map[string]float64{"p50": 1})}, &before, gate.Passed, "passed"},
		"a suite of the last pass":             {[]string{`suites.load.metrics["p95"] <= baseline.suites["load"].metrics["p95"]`}, []gate.Suite{passed("load", p95(100))}, &before, gate.Passed, "holds"},
	} {
		t.Run(name, func(t *testing.T) {
			g := &tests.Gate{}
			for _, expr := range tt.pass {
				g.Spec.Pass = append(g.Spec.Pass, tests.Condition{Expr: expr})
			}
			v := gate.Judge(g, tt.suites, tt.baseline)
			require.Equal(t, tt.outcome, v.Outcome, v.Reason)
			require.Contains(t, v.Reason, tt.reason)
			require.Equal(t, v, gate.Judge(g, tt.suites, tt.baseline), "the same input always gives the same verdict")
		})
	}
}

func TestJudgeNamesWhatFailed(t *testing.T) {
	v := gate.Judge(&tests.Gate{}, []gate.Suite{passed("smoke", nil), failed("load")}, nil)
	require.Equal(t, []gate.FailedCase{{Suite: "staging-load", Name: "a"}}, v.Failing)
}

func TestCheck(t *testing.T) {
	suites := []*tests.Suite{suite("staging-smoke")}
	suites[0].Origin.Name = "smoke"
	for expr, want := range map[string]string{
		`suites["smoke"].passed`:                        "",
		`suites["staging-smoke"].failed == 0`:           "",
		`suites.all(name, suites[name].passed)`:         "",
		`suites["smok"].passed`:                         `no such suite; it has smoke, staging-smoke`,
		`suites.load.passed`:                            `suites["load"]`,
		`metrics["p95"] <`:                              "Syntax error",
		`metrics["p95"] < "fast"`:                       "no matching overload",
		`metrics["p95"]`:                                "true or false",
		`result.failed == 0`:                            "undeclared reference to 'result'",
		`math.least(metrics["a"], metrics["b"]) < 10.0`: "",
	} {
		err := gate.Check(nil, suites, expr)
		if want == "" {
			require.NoError(t, err, expr)
			continue
		}
		require.ErrorContains(t, err, want, expr)
	}
}

func TestConditionsAreCostLimited(t *testing.T) {
	list := "[" + strings.Repeat("1,", 200) + "1]"
	expr := list + ".all(a, " + list + ".all(b, " + list + ".all(c, a + b + c > 0)))"
	v := gate.Judge(&tests.Gate{Spec: tests.GateSpec{Pass: []tests.Condition{{Name: "endless", Expr: expr}}}}, []gate.Suite{passed("smoke", nil)}, nil)
	require.Equal(t, gate.Inconclusive, v.Outcome)
	require.Contains(t, v.Reason, "endless: ")
	require.Contains(t, v.Reason, "cost limit")
}

func BenchmarkJudge(b *testing.B) {
	g := &tests.Gate{Spec: tests.GateSpec{Pass: []tests.Condition{
		{Expr: `suites.all(name, suites[name].passed)`}, {Expr: `metrics["p95"] < 500.0`},
	}}}
	suites := []gate.Suite{passed("smoke", nil), passed("load", map[string]float64{"p95": 100})}
	b.ReportAllocs()
	for b.Loop() {
		if v := gate.Judge(g, suites, nil); v.Outcome != gate.Passed {
			b.Fatal(v.Reason)
		}
	}
}
