package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOKAsksForEvidence(t *testing.T) {
	for reason, r := range map[string]Report{
		"":                                       {Counts: Counts{Total: 2, Passed: 1, Skipped: 1}},
		"the report holds no case and no metric": {},
		"all 2 cases were skipped":               {Counts: Counts{Total: 2, Skipped: 2}},
		"1 of 2 cases failed":                    {Counts: Counts{Total: 2, Passed: 1, Failed: 1}},
		"1 of 2 cases ended in an error":         {Counts: Counts{Total: 2, Passed: 1, Errored: 1}},
		"there is no plan":                       {Counts: Counts{Total: 1, Passed: 1}, Problems: []string{"there is no plan"}},
		"1 of 3 cases failed; 1 of 3 cases ended in an error; cut": {
			Counts: Counts{Total: 3, Passed: 1, Failed: 1, Errored: 1}, Problems: []string{"cut"},
		},
	} {
		ok, got := r.OK()
		require.Equal(t, reason, got)
		require.Equal(t, reason == "", ok)
	}
	ok, _ := (&Report{Metrics: map[string]float64{"http_reqs.count": 1}}).OK()
	require.True(t, ok, "metrics are evidence")
}

func TestFullNameTellsCasesApart(t *testing.T) {
	require.Equal(t, "suite: name", Case{Suite: "suite", Name: "name"}.FullName())
	require.Equal(t, "name", Case{Name: "name"}.FullName())
	require.Equal(t, "name", Case{Suite: "name", Name: "name"}.FullName())
}

func TestRecorderKeepsOutWhatIsNoTextOrNumber(t *testing.T) {
	to := newRecorder(Limits{}.withDefaults())
	to.add(Case{Name: "red \x1b[31m \xff \t ö", Status: "unheard of"})
	to.metric("nan", math.NaN())
	to.metric("inf", math.Inf(1))
	to.metric("fine", 1)
	r := to.report("junit")
	require.Equal(t, "red \uFFFD[31m \uFFFD \t ö", r.Cases[0].Name)
	require.Equal(t, Counts{Total: 1, Errored: 1}, r.Counts, "a status that nobody defined is no pass")
	require.Equal(t, map[string]float64{"fine": 1}, r.Metrics)
}

func TestRecorderBoundsMetrics(t *testing.T) {
	to := newRecorder(Limits{Metrics: 2}.withDefaults())
	for i, name := range []string{"a", "b", "c", "a"} {
		to.metric(name, float64(i))
	}
	r := to.report("junit")
	require.Equal(t, map[string]float64{"a": 3, "b": 1}, r.Metrics)
	require.True(t, r.Truncated)
}

func TestMergePutsShardsTogether(t *testing.T) {
	one := &Report{
		Format: "junit", Counts: Counts{Total: 2, Passed: 1, Failed: 1}, Duration: time.Second,
		Cases:   []Case{{Name: "bad", Status: Failed}, {Name: "good", Status: Passed}},
		Metrics: map[string]float64{"http_reqs.count": 2, "latency.p95": 10, "latency.min": 3, "only.here": 1},
	}
	two := &Report{
		Format: "junit", Counts: Counts{Total: 30_000, Passed: 30_000, Flaky: 1}, Duration: time.Second, Truncated: true,
		Cases:    []Case{{Name: "in the end", Status: Passed, Flaky: true}},
		Problems: []string{"no plan"},
		Metrics:  map[string]float64{"http_reqs.count": 3, "latency.p95": 9, "latency.min": 1},
	}
	got := Merge(one, two)
	require.Equal(t, &Report{
		Format: "junit", Counts: Counts{Total: 30_002, Passed: 30_001, Failed: 1, Flaky: 1}, Duration: 2 * time.Second, Truncated: true,
		Cases:    []Case{{Name: "bad", Status: Failed}, {Name: "in the end", Status: Passed, Flaky: true}, {Name: "good", Status: Passed}},
		Problems: []string{"no plan"},
		Metrics:  map[string]float64{"http_reqs.count": 5, "latency.p95": 10, "latency.min": 1, "only.here": 1},
	}, got)
	require.Equal(t, "mixed", Merge(one, &Report{Format: "tap"}).Format)
	ok, _ := Merge().OK()
	require.False(t, ok, "nothing is no evidence")
}

func TestParseSeconds(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"2": 2 * time.Second, "0.25": 250 * time.Millisecond, " 0.5 ": 500 * time.Millisecond, "1.5E-2": 15 * time.Millisecond,
		"1.000000001": time.Second + 1, "1.0000000012": time.Second + 1, "2.": 2 * time.Second, ".5": 500 * time.Millisecond,
		"1,234.5": 1234*time.Second + 500*time.Millisecond, "1,234,567": 1234567 * time.Second,
		"": 0, "0,25": 0, "1,23.5": 0, "1,234": 0, "-1": 0, "NaN": 0, "Infinity": 0, "12ms": 0, "00:01:02": 0, "1e300": 0, ".": 0, "x": 0,
	} {
		require.Equal(t, want, parseSeconds([]byte(text)), "%q", text)
	}
}

func TestSummaryIsWhatUsersReadAsJSON(t *testing.T) {
	failing, err := parseText(t, `<testsuite time="1.5"><testcase classname="c" name="bad"><failure/></testcase></testsuite>`, Options{})
	require.NoError(t, err)
	passing, err := parseText(t, "1..1\nok 1 - a\n", Options{})
	require.NoError(t, err)
	_, cut := parseText(t, "<testsuite>", Options{Name: "cut.xml"})
	require.Error(t, cut)

	all := Summary{Files: []FileSummary{Summarize("bad.xml", failing, nil), Summarize("a.tap", passing, nil), Summarize("cut.xml", nil, cut)}}
	text, err := json.MarshalIndent(all, "", " ")
	require.NoError(t, err)
	require.JSONEq(t, `{"files": [
		{"path": "bad.xml", "format": "junit", "total": 1, "passed": 0, "failed": 1, "errored": 0, "skipped": 0, "flaky": 0,
		 "failedNames": ["bad"], "durationSeconds": 1.5, "metrics": {}, "notOK": "1 of 1 cases failed"},
		{"path": "a.tap", "format": "tap", "total": 1, "passed": 1, "failed": 0, "errored": 0, "skipped": 0, "flaky": 0,
		 "failedNames": [], "durationSeconds": 0, "metrics": {}},
		{"path": "cut.xml", "format": "", "total": 0, "passed": 0, "failed": 0, "errored": 0, "skipped": 0, "flaky": 0,
		 "failedNames": [], "durationSeconds": 0, "metrics": {}, "error": "cut.xml:1: the document is cut short inside <testsuite>"}
	]}`, string(text))

	require.Equal(t, 2, all.ExitCode())
	require.Equal(t, 1, Summary{Files: all.Files[:2]}.ExitCode())
	require.Equal(t, 0, Summary{Files: all.Files[1:2]}.ExitCode())
	require.Equal(t, 0, Summary{Files: []FileSummary{{NotOK: "all 2 cases were skipped"}}}.ExitCode(), "nothing failed")
	require.Equal(t, 2, Summary{}.ExitCode())
	require.Equal(t, 2, Summary{Files: []FileSummary{Summarize("x", nil, errors.New("gone"))}}.ExitCode())
}

func ExampleParse() {
	r, err := Parse(context.Background(), strings.NewReader(`<testsuites><testsuite name="scale">
		<testcase name="weighs" time="0.1"/>
		<testcase name="tares" time="0.2"><failure message="1 is not 0"/></testcase>
	</testsuite></testsuites>`), Options{Name: "report.xml"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ok, reason := r.OK()
	fmt.Println(ok, reason)
	fmt.Println(r.Cases[0].FullName(), "-", r.Cases[0].Message)
	// Output:
	// false 1 of 2 cases failed
	// scale: tares - 1 is not 0
}
