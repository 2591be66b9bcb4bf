package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/cmd/assay/internal/settings"
	"github.com/assay-dev/assay/cmd/assay/internal/wire"
	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/git/gittest"
)

// BenchmarkRevertCommand takes all recorded reverts of the konflux repository, each in a new process, and reports the most memory that one
// of them held.
func BenchmarkRevertCommand(b *testing.B) {
	recorded, err := os.ReadFile(gittest.Data(b, "konflux-reverts.json"))
	require.NoError(b, err)
	var rows []struct{ Onto, Culprit string }
	require.NoError(b, json.Unmarshal(recorded, &rows))
	dir := gittest.Clone(b, "konflux-config.bundle")
	program := buildAssay(b)
	var peak int64
	for b.Loop() {
		for _, row := range rows {
			cmd := exec.Command(program, "revert", "--repo", dir, "--onto", row.Onto, "--commit", row.Culprit, "--dry-run", "--output", "json")
			_ = cmd.Run() // a few conflict
			require.Contains(b, []int{exitYes, exitConflict}, cmd.ProcessState.ExitCode())
			usage, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
			peak = max(peak, usage.Maxrss) // in KiB, and never less than this process holds, which Linux counts before the child's exec
		}
	}
	b.ReportMetric(milliseconds(b.Elapsed())/float64(b.N*len(rows)), "ms/revert")
	b.ReportMetric(float64(peak)/1024, "peak-MiB")
}

// syncsPerOp is how many Syncs one operation of BenchmarkSyncToTest takes, so that percentiles mean something.
const syncsPerOp = 100

// BenchmarkSyncToTest brings one revision after the other live under a running Assay, with its history on disk and its Runs isolated as
// well as works here. It measures from the moment when the Sync is seen until the test process, once it runs, reads the clock.
func BenchmarkSyncToTest(b *testing.B) {
	dir := b.TempDir()
	for parent := dir; parent != os.TempDir() && parent != "/"; parent = filepath.Dir(parent) {
		require.NoError(b, os.Chmod(parent, 0o711)) // Runs with a user id of their own pass through it
	}
	live := filepath.Join(dir, "live")
	config, _ := repositoryOf(b, files{"shop/kustomization.yaml": "resources: [shop.yaml]\n", "shop/shop.yaml": configMap(0)})
	suites, _ := repositoryOf(b, files{
		"staging/kustomization.yaml": "resources: [all.yaml]\n",
		"staging/all.yaml": document("Suite", "clock", `{command: [date, "+%s%N"]}`) +
			document("Gate", "shop", "{after: [{kind: Site}], suites: [{name: clock}]}") +
			document("Site", "shop", fmt.Sprintf("{repository: {url: %q, branch: main}, path: shop, live: {file: %q, interval: 10ms}}", config, live)),
	})
	log := slog.New(slog.NewTextHandler(b.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := settings.Read([]string{
		"ASSAY_ENVIRONMENTS=staging", "ASSAY_DATA_DIR=" + filepath.Join(dir, "data"),
		"ASSAY_STAGING_TESTS_URL=" + suites, "ASSAY_STAGING_TESTS_OVERLAY=staging",
	}, nil)
	require.NoError(b, err)
	wired, err := wiring(b.Context(), s, log)
	require.NoError(b, err)
	runs, judged := make(chan history.Run, 1), make(chan struct{}, 1)
	wired.Announce = func(e reconciler.Event) {
		switch {
		case e.Kind == reconciler.RunFinished:
			runs <- e.Run
		case e.Kind == reconciler.Decided && e.Action == "Judge":
			judged <- struct{}{}
		}
	}
	a := startLoop(b, wired)
	isolation, _ := a.Process.Isolation()
	b.Log(isolation)

	revision := 0
	next := func() time.Duration {
		revision++
		write(b, config, files{"shop/shop.yaml": configMap(revision)})
		commit := commitAll(b, config)
		require.NoError(b, os.WriteFile(live+".part", []byte(commit), 0o600))
		require.NoError(b, os.Rename(live+".part", live))
		run := <-runs
		<-judged
		ran, err := strconv.ParseInt(strings.TrimSpace(run.Output), 10, 64)
		require.NoError(b, err, "%+v", run)
		seen, err := a.History.Syncs(b.Context(), history.Filter{Limit: 1})
		require.NoError(b, err)
		require.Equal(b, commit, seen[0].Revisions[0].Commit)
		return time.Unix(0, ran).Sub(seen[0].At)
	}
	next() // the first time is for what is done once
	var times []time.Duration
	for b.Loop() {
		for range syncsPerOp {
			times = append(times, next())
		}
	}
	slices.Sort(times)
	b.ReportMetric(milliseconds(times[len(times)/2]), "p50-ms")
	b.ReportMetric(milliseconds(times[len(times)*99/100]), "p99-ms")
	b.ReportMetric(0, "ns/op") // is mostly the time that Git takes to make commits
}

// startLoop runs an Assay in this process until the benchmark ends.
func startLoop(b *testing.B, wired wire.Settings) *wire.Assay {
	a, err := wire.New(b.Context(), wired)
	require.NoError(b, err)
	stopped := make(chan error, 1)
	ctx := b.Context() // ends just before what follows
	b.Cleanup(func() {
		require.NoError(b, <-stopped)
		require.NoError(b, a.Close())
	})
	go func() { stopped <- a.Loop.Run(ctx) }()
	return a
}

func document(kind, name, spec string) string {
	return fmt.Sprintf("apiVersion: assay.dev/v1alpha1\nkind: %s\nmetadata: {name: %s}\nspec: %s\n---\n", kind, name, spec)
}

func configMap(revision int) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata: {revision: \"%d\"}\n", revision)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
