package report

import (
	"encoding/json"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sharedReports holds what real tools wrote, with the truth about each file; it lies beside the checkout.
const sharedReports = "../../../shared/data/reports"

func openShared(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(sharedReports); err != nil {
		t.Skip("the collection of real reports is absent: no shared/data/reports beside the checkout")
	}
	return sharedReports
}

// truth is what an expected file says. What stands in InReport overrides the rest: it is what the report alone can tell.
type truth struct {
	Format                                string
	Total, Passed, Failed, Errored, Flaky int
	Skipped, Warnings, Risky              int
	FailedNames                           []string
	DurationSecondsApprox                 *float64
	Metrics                               map[string]float64
	InReport                              json.RawMessage
}

func readTruth(t *testing.T, path string) truth {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var want truth
	require.NoError(t, json.Unmarshal(text, &want))
	if len(want.InReport) > 0 {
		want.Warnings, want.Risky = 0, 0
		require.NoError(t, json.Unmarshal(want.InReport, &want))
	}
	return want
}

// namesNotInReport are failed cases that the project knows by names that its report does not hold.
var namesNotInReport = map[string][]string{
	"kubeconform/mixed.tap": {"no-schema"},
}

func TestReportsOfRealTools(t *testing.T) {
	root := openShared(t)
	files := 0
	require.NoError(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		file, expects := strings.CutSuffix(path, ".expected.json")
		if err != nil || !expects {
			return err
		}
		files++
		name, err := filepath.Rel(root, file)
		require.NoError(t, err)
		t.Run(name, func(t *testing.T) {
			checkReal(t, name, file, readTruth(t, path))
		})
		return nil
	}))
	require.Greater(t, files, 50)
}

func checkReal(t *testing.T, name, path string, want truth) {
	got, err := parseFile(t, path)
	if !slices.Contains(Formats(), want.Format) {
		require.Errorf(t, err, "format %s is not supported, so the file must be refused", want.Format)
		return
	}
	require.NoError(t, err)
	require.Equal(t, want.Format, got.Format)
	require.Equal(t, Counts{
		Total: want.Total, Passed: want.Passed, Failed: want.Failed, Errored: want.Errored, Skipped: want.Skipped,
		Warned: want.Warnings + want.Risky, Flaky: want.Flaky,
	}, got.Counts)
	requireInvariants(t, got, Limits{})
	for _, failed := range want.FailedNames {
		known := slices.ContainsFunc(got.Cases, func(c Case) bool {
			return c.Unsuccessful() && strings.Contains(c.FullName(), failed)
		})
		require.Equalf(t, !slices.Contains(namesNotInReport[name], failed), known, "case %q among %+v", failed, got.Cases)
	}
	if approx := want.DurationSecondsApprox; approx != nil && got.Duration > 0 {
		require.InDelta(t, *approx, got.Duration.Seconds(), 0.05+*approx/5)
	}
	for metric, value := range want.Metrics {
		require.Contains(t, got.Metrics, metric)
		require.InDelta(t, value, got.Metrics[metric], math.Abs(value)/1e6, metric)
	}
	ok, reason := got.OK()
	if want.Failed+want.Errored > 0 || want.Total == 0 && len(got.Metrics) == 0 {
		require.False(t, ok)
		require.NotEmpty(t, reason)
	}
}

// hostileTruth is an entry of hostile/expected.json. A count may be a number or "0 or 1".
type hostileTruth struct {
	Expect, Overall, Why                           string
	Total, Passed, Failed, Errored, Skipped, Flaky any
	Names                                          []string
	Durations                                      map[string]float64
}

func TestHostileReports(t *testing.T) {
	folder := filepath.Join(openShared(t), "hostile")
	text, err := os.ReadFile(filepath.Join(folder, "expected.json"))
	require.NoError(t, err)
	var all map[string]hostileTruth
	require.NoError(t, json.Unmarshal(text, &all))
	large := makeLarge(t, folder)
	for name, want := range all {
		path := filepath.Join(folder, name)
		if _, err := os.Stat(path); err != nil {
			if path = filepath.Join(large, name); large == "" {
				continue // made by a script that cannot run here
			}
		}
		t.Run(name, func(t *testing.T) { checkHostile(t, path, want) })
	}
}

// makeLarge writes the reports that are too large to keep, and returns their folder, or "" without Python.
func makeLarge(t *testing.T, folder string) string {
	python, err := exec.LookPath("python3")
	if err != nil {
		return ""
	}
	into := t.TempDir()
	output, err := exec.CommandContext(t.Context(), python, filepath.Join(folder, "make-big.py"), into).CombinedOutput()
	require.NoError(t, err, string(output))
	return into
}

func checkHostile(t *testing.T, path string, want hostileTruth) {
	got, err := parseFile(t, path)
	if err != nil {
		require.Contains(t, want.Expect, "reject", want.Why)
		var at *ParseError
		require.ErrorAs(t, err, &at)
		require.NotEmpty(t, at.Reason)
		require.Equal(t, path, at.File)
		return
	}
	requireInvariants(t, got, Limits{})
	ok, _ := got.OK()
	require.NotEqual(t, "reject", want.Expect, want.Why)
	if want.Total == nil {
		require.False(t, ok, want.Why)
		return
	}
	for count, pair := range map[string][2]any{
		"total": {want.Total, got.Counts.Total}, "passed": {want.Passed, got.Counts.Passed},
		"failed": {want.Failed, got.Counts.Failed}, "errored": {want.Errored, got.Counts.Errored},
		"skipped": {want.Skipped, got.Counts.Skipped},
	} {
		requireCount(t, count, pair[0], pair[1].(int))
	}
	if want.Overall == "failed" {
		require.False(t, ok, want.Why)
	}
	for _, name := range want.Names {
		require.True(t, slices.ContainsFunc(got.Cases, func(c Case) bool { return c.Name == name }), name)
	}
	for _, c := range got.Cases {
		if seconds, known := want.Durations[c.Name]; known {
			require.InDelta(t, seconds, c.Duration.Seconds(), 1e-9, c.Name)
		}
	}
}

func requireCount(t *testing.T, name string, want any, got int) {
	t.Helper()
	switch want := want.(type) {
	case float64:
		require.Equal(t, int(want), got, name)
	case string: // such as "0 or 1"
		require.Contains(t, []string{want[:1], want[len(want)-1:]}, string(rune('0'+got)), name)
	}
}

func parseFile(t *testing.T, path string) (*Report, error) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	return Parse(t.Context(), file, Options{Name: path})
}

// requireInvariants holds for whatever Parse returns without an error.
func requireInvariants(t *testing.T, r *Report, limits Limits) {
	t.Helper()
	limits = limits.withDefaults()
	n := r.Counts
	require.Equal(t, n.Total, n.Passed+n.Failed+n.Errored+n.Skipped+n.Warned)
	require.LessOrEqual(t, n.Flaky, n.Passed)
	require.LessOrEqual(t, len(r.Cases), limits.FailingCases+limits.OtherCases)
	require.LessOrEqual(t, len(r.Problems), limits.Problems)
	require.LessOrEqual(t, len(r.Metrics), limits.Metrics)
	require.Contains(t, Formats(), r.Format)
	require.GreaterOrEqual(t, r.Duration, 0*r.Duration)
	var kept Counts
	for _, c := range r.Cases {
		kept.add(c.Status, c.Flaky)
		require.LessOrEqual(t, len(c.Name), limits.Name)
		require.LessOrEqual(t, len(c.Suite), limits.Name)
		require.LessOrEqual(t, len(c.File), limits.Name)
		require.LessOrEqual(t, len(c.Message), limits.Message)
		require.LessOrEqual(t, len(c.Detail), limits.Detail)
		require.GreaterOrEqual(t, c.Duration, 0*c.Duration)
		require.True(t, clean(c.Name) || strings.Contains(c.Name, "\uFFFD"))
	}
	if !r.Truncated {
		require.Equal(t, n, kept, "every case is kept")
	}
	for name, value := range r.Metrics {
		require.False(t, math.IsNaN(value) || math.IsInf(value, 0), name)
	}
	if ok, _ := r.OK(); ok {
		require.Zero(t, n.Failed+n.Errored)
		require.Empty(t, r.Problems)
	}
	_, err := json.Marshal(Summarize("x", r, nil))
	require.NoError(t, err)
}
