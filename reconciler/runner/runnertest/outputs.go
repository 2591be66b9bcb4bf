package runnertest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

func reportsAt(globs ...string) (sources []tests.ReportSource) {
	for _, glob := range globs {
		sources = append(sources, tests.ReportSource{Path: glob})
	}
	return sources
}

func (h Harness) testReports(t *testing.T) {
	r := h.New(t)
	job := script("reports", `mkdir -p out/deep shots
echo one > out/junit-1.xml; echo two > out/deep/junit-2.xml; echo three > out/other.txt; echo four > metrics.json
echo png > shots/a.png; echo trace > trace.zip; exit 1`)
	job.Suite.Spec.Reports = []tests.ReportSource{
		{Path: "out/**/junit-*.xml", Format: "junit"}, {Path: "metrics.json"}, {Path: "absent.xml"}, {Path: "out/*.xml"},
	}
	job.Suite.Spec.Artifacts = []string{"shots/*", "*.zip", "shots/**"}
	result := run(t, r, job)
	require.Equal(t, runner.Exited, result.End)
	require.Equal(t, 1, result.ExitCode)

	found := map[string]string{}
	for _, f := range result.Reports {
		found[f.Path] = f.Format + ":" + content(t, f)
		require.EqualValues(t, len(content(t, f)), f.Size)
	}
	require.Equal(t, map[string]string{
		"out/junit-1.xml": "junit:one\n", "out/deep/junit-2.xml": "junit:two\n", "metrics.json": ":four\n",
	}, found)
	require.Len(t, result.Reports, 3, "a file that two globs find is one report")
	require.ElementsMatch(t, []string{"shots/a.png", "trace.zip"}, paths(result.Artifacts))
}

func (h Harness) testReportOnStdout(t *testing.T) {
	r := h.New(t)
	job := script("stdout", `echo '{"Action":"pass"}'; echo noise >&2`)
	job.Suite.Spec.Reports = []tests.ReportSource{{Stdout: true, Format: "gotest"}}
	result, output := passes(t, r, job)
	require.Len(t, result.Reports, 1)
	require.Equal(t, "stdout", result.Reports[0].Path)
	require.Equal(t, "gotest", result.Reports[0].Format)
	require.Equal(t, "{\"Action\":\"pass\"}\n", content(t, result.Reports[0]))
	require.Contains(t, output, "noise")

	silent := script("silent", "exit 0")
	silent.Suite.Spec.Reports = job.Suite.Spec.Reports
	result, _ = passes(t, r, silent)
	require.Empty(t, result.Reports, "what prints nothing reports nothing")
}

func (h Harness) testUntrustedReports(t *testing.T) {
	cases := map[string]string{
		"link to a system file":   "ln -s /etc/passwd report.xml",
		"link up":                 "ln -s ../../../../../../../etc/passwd report.xml",
		"folder linked elsewhere": "ln -s /etc out",
		"loop":                    "ln -s report.xml report.xml",
		"pipe":                    "mkfifo report.xml",
		"folder":                  "mkdir report.xml",
		"unreadable folder":       "mkdir -p out/locked && echo x > out/locked/passwd && chmod 000 out/locked out",
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			r := h.New(t)
			job := script("untrusted", text)
			job.Suite.Spec.Reports = reportsAt("report.xml", "out/passwd")
			job.Suite.Spec.Artifacts = []string{"report.xml", "out/*"}
			result, _ := passes(t, r, job)
			require.Empty(t, paths(result.Reports))
			require.Empty(t, paths(result.Artifacts))
			require.NoError(t, r.Forget(t.Context(), "untrusted"))
		})
	}
}

func (h Harness) testOutput(t *testing.T) {
	r := h.New(t)
	lines := 4*h.MaxOutput/10 + 10
	job := script("output", fmt.Sprintf(`echo first; i=0; awk 'BEGIN { for (i = 0; i < %d; i++) printf "%%09d\n", i }'; echo last`, lines))
	live := newLog("last\n")
	job.Log = live
	result, output := passes(t, r, job)
	require.True(t, strings.HasPrefix(output, "first\n000000000\n"), "what comes first is kept")
	require.True(t, strings.HasSuffix(output, fmt.Sprintf("%09d\nlast\n", lines-1)), "what comes last is kept")
	require.Contains(t, output, "bytes left out")
	require.LessOrEqual(t, len(output), h.MaxOutput+100)
	require.EqualValues(t, lines*10+len("first\nlast\n"), result.OutputBytes)
	live.wait(t)
}

// stuck is a live reader that reads nothing until it is let go.
type stuck chan struct{}

func (s stuck) Write(b []byte) (int, error) { <-s; return len(b), nil }

func (h Harness) testStuckReader(t *testing.T) {
	r := h.New(t)
	job := script("stuck", `awk 'BEGIN { for (i = 0; i < 400000; i++) printf "%09d\n", i }'; echo last`)
	reader := make(stuck)
	defer close(reader)
	job.Log = reader
	result, output := passes(t, r, job)
	require.True(t, strings.HasSuffix(output, "last\n"))
	require.EqualValues(t, 400000*10+len("last\n"), result.OutputBytes)
	require.NotEmpty(t, result.Notes, "people are told what the reader missed")
}

func (h Harness) testParallel(t *testing.T) {
	r := h.New(t)
	var group errgroup.Group
	for i := range 8 {
		group.Go(func() error {
			job := script(fmt.Sprintf("parallel-%d", i), `echo $ASSAY_SHARD > mine; cat mine`)
			job.Shard, job.Shards = i, 8
			result, err := r.Run(t.Context(), job)
			if want := fmt.Sprintf("%d\n", i); err == nil && string(result.Output) != want {
				return fmt.Errorf("%s %s: %q instead of %q", result.End, result.Reason, result.Output, want)
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
}

func (h Harness) testForget(t *testing.T) {
	r := h.New(t)
	job := script("forget", `echo report > report.xml; mkdir locked; touch locked/file; chmod 000 locked`)
	job.Suite.Spec.Reports = reportsAt("report.xml")
	result, _ := passes(t, r, job)
	require.NoError(t, r.Forget(t.Context(), "forget"))
	_, err := result.Reports[0].Open()
	require.Error(t, err, "a report is gone with its run")
	require.NoError(t, r.Forget(t.Context(), "forget"), "again")
	require.NoError(t, r.Forget(t.Context(), "never-seen"))

	result, _ = passes(t, r, job)
	require.Equal(t, "report\n", content(t, result.Reports[0]), "a forgotten run may run again")
}

func (h Harness) testRecover(t *testing.T) {
	r := h.New(t)
	require.NoError(t, r.Recover(t.Context()), "nothing to recover")
	passes(t, r, script("recover", "exit 0"))
	text, _ := r.Isolation()
	require.NotEmpty(t, text)
	require.NotContains(t, text, "\n")
}
