//go:build linux || darwin

package process

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/runnertest"
	"github.com/assay-dev/assay/sources/tests"
)

// victimVariable makes this binary an Assay of its own that is there to be killed: it holds the directory, and what follows tell the
// level and the script of the one Run.
const victimVariable, victimLevel, victimScript = "VICTIM_DIR", "VICTIM_LEVEL", "VICTIM_SCRIPT"

func victim(dir string) (code int) {
	r, err := New(context.Background(), Options{Dir: dir, Isolation: Level(os.Getenv(victimLevel))})
	if err == nil {
		job := jobOf("victim", os.Getenv(victimScript))
		job.Log = os.Stdout
		_, err = r.Run(context.Background(), job)
	}
	fmt.Println("not killed:", err)
	return 1
}

func TestMain(m *testing.M) {
	Main()
	if dir := os.Getenv(victimVariable); dir != "" {
		os.Exit(victim(dir))
	}
	goleak.VerifyTestMain(m)
}

// jobOf is a Job with a script.
func jobOf(id, script string) runner.Job {
	suite := &tests.Suite{Origin: tests.Origin{File: "suite.yaml"}}
	suite.Metadata.Name = "hostile"
	suite.Spec.Script = script
	suite.Spec.Timeout.Duration = time.Minute
	suite.Default()
	return runner.Job{ID: id, Environment: "staging", Suite: suite, Shards: 1, Files: fstest.MapFS{}}
}

// openDir is a directory that every user may pass through, unlike t.TempDir.
func openDir(t testing.TB) string {
	dir := t.TempDir()
	for parent := dir; parent != os.TempDir() && parent != "/"; parent = filepath.Dir(parent) {
		require.NoError(t, os.Chmod(parent, 0o711))
	}
	return dir
}

func newRunner(t testing.TB, options Options) *Runner {
	t.Helper()
	r, err := New(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	require.NoError(t, r.Recover(t.Context()))
	return r
}

// levels that work here.
func workingLevels(t *testing.T) (working []Level) {
	for _, level := range []Level{Namespaces, UserNamespace, OwnUser, None} {
		r, err := New(t.Context(), Options{Dir: openDir(t), Isolation: level})
		if err != nil {
			t.Logf("not tested here: %v", err)
			continue
		}
		require.NoError(t, r.Close())
		working = append(working, level)
	}
	return working
}

// Root's best two levels and those of nobody, as whom TestAsNobody runs this again, are all there are.
func TestConformance(t *testing.T) {
	levels := workingLevels(t)
	for _, level := range levels[:min(len(levels), 2)] {
		t.Run(string(level), func(t *testing.T) {
			const maxOutput = 16 << 10
			secrets := openDir(t)
			runnertest.Test(t, runnertest.Harness{
				MaxOutput: maxOutput,
				New: func(t *testing.T) runner.Runner {
					return newRunner(t, Options{
						Dir: openDir(t), MaxOutput: maxOutput, Isolation: level, Grace: 50 * time.Millisecond,
						Secrets: SecretDirs{runnertest.Environment: secrets},
					})
				},
				SetSecret: func(t *testing.T, name, key, value string) {
					require.NoError(t, os.MkdirAll(filepath.Join(secrets, name), 0o700))
					require.NoError(t, os.WriteFile(filepath.Join(secrets, name, key), []byte(value), 0o600))
				},
			})
		})
	}
}

// The time from the call of Run to the start of the command, and of the whole of a run that does nothing.
func BenchmarkRun(b *testing.B) {
	for _, level := range []Level{Namespaces, UserNamespace, OwnUser, None} {
		b.Run(string(level), func(b *testing.B) {
			if err := possible(level); err != nil {
				b.Skip(err)
			}
			r := newRunner(b, Options{Dir: openDir(b), Isolation: level})
			var starts []time.Duration
			b.ReportAllocs()
			for b.Loop() {
				called := time.Now()
				result, err := r.Run(b.Context(), jobOf("bench", "#!/bin/true\n"))
				require.NoError(b, err)
				require.Equal(b, runner.Exited, result.End, result.Reason)
				starts = append(starts, result.Started.Sub(called))
			}
			slices.Sort(starts)
			b.ReportMetric(float64(starts[len(starts)/2].Microseconds())/1000, "p50-ms-to-start")
			b.ReportMetric(float64(starts[len(starts)*99/100].Microseconds())/1000, "p99-ms-to-start")
		})
	}
}
