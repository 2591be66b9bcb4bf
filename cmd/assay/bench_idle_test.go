package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/cmd/assay/internal/wire"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/git/gittest"
)

// What BenchmarkIdle has Assay watch. Each repository has a Gate and a branch that each of its Sites polls.
const (
	idleRepositories = 100
	idleSites        = 1000
	idleInterval     = 30 * time.Second
)

// BenchmarkIdle lets a process of its own watch many Sites, which nothing happens to, and reports what part of one core it takes and how
// much memory. One operation is one interval, in which each Site is asked once.
func BenchmarkIdle(b *testing.B) {
	root := b.TempDir()
	makeRepositories(b, root)
	server := exec.Command(os.Args[0], root)
	server.Env = append(os.Environ(), programVariable+"=git-server")
	url, program := startChild(b, server, true), buildAssay(b)
	b.Run("path", func(b *testing.B) { idle(b, program, root, root) })
	b.Run("http", func(b *testing.B) { idle(b, program, root, url) })
}

// idle measures an Assay that reads the repositories of root at base, a folder or a URL.
func idle(b *testing.B, program, root, base string) {
	data := b.TempDir()
	suites, _ := repositoryOf(b, files{
		"staging/kustomization.yaml": "resources: [all.yaml]\n",
		"staging/all.yaml":           idleTests(root, base),
	})
	cmd := exec.Command(program, "run", "--data-dir", data)
	cmd.Env = append(os.Environ(), "ASSAY_ENVIRONMENTS=staging", "ASSAY_STAGING_TESTS_URL="+suites, "ASSAY_STAGING_TESTS_OVERLAY=staging",
		"ASSAY_STAGING_TESTS_INTERVAL="+idleInterval.String())
	began := time.Now()
	startChild(b, cmd, false)
	awaitVerified(b, filepath.Join(data, wire.HistoryDir), idleRepositories)
	settled := time.Since(began)
	<-time.After(idleInterval) // what follows the verdicts
	pid := cmd.Process.Pid
	var used time.Duration
	for b.Loop() {
		before := cpuTime(b, pid)
		<-time.After(idleInterval)
		used += cpuTime(b, pid) - before
	}
	b.ReportMetric(100*float64(used)/float64(b.N)/float64(idleInterval), "cpu-%")
	b.ReportMetric(memory(strconv.Itoa(pid), "VmRSS"), "rss-MiB")
	b.ReportMetric(memory(strconv.Itoa(pid), "VmHWM"), "peak-MiB")
	b.ReportMetric(settled.Seconds(), "s-to-settle")
	b.ReportMetric(0, "ns/op") // is the interval
}

// makeRepositories makes the bare config repositories, and beside each the file that says what is live.
func makeRepositories(b *testing.B, root string) {
	for r := range idleRepositories {
		content := files{}
		for s := range idleSites / idleRepositories {
			folder := fmt.Sprintf("sites/s%d/", s)
			content[folder+"kustomization.yaml"] = "resources: [shop.yaml]\n"
			content[folder+"shop.yaml"] = configMap(r*1000 + s)
		}
		dir, ids := repositoryOf(b, content)
		bare := filepath.Join(root, fmt.Sprintf("r%02d.git", r))
		gittest.Run(b, dir, "clone", "-q", "--bare", dir, bare)
		require.NoError(b, os.WriteFile(liveFile(root, r), []byte(ids[0]), 0o600))
	}
}

func liveFile(root string, repository int) string {
	return filepath.Join(root, fmt.Sprintf("r%02d.live", repository))
}

// idleTests are a Suite, and the Gates and Sites of the repositories. What is live is deployed already, but for whatever is pushed next.
func idleTests(root, base string) string {
	var all strings.Builder
	all.WriteString(document("Suite", "pass", "{command: [\"true\"]}"))
	for r := range idleRepositories {
		all.WriteString(document("Gate", fmt.Sprintf("r%02d", r), fmt.Sprintf("{after: [{kind: Site, name: r%02d-*}], suites: [{name: pass}]}", r)))
		for s := range idleSites / idleRepositories {
			all.WriteString(document("Site", fmt.Sprintf("r%02d-s%d", r, s), fmt.Sprintf(
				"{repository: {url: %s/r%02d.git, branch: main}, path: sites/s%d, live: {file: %s, interval: %s}, deploy: {command: [\"false\"]}}",
				base, r, s, liveFile(root, r), idleInterval)))
		}
	}
	return all.String()
}

// awaitVerified waits until that many Gates have a final Verification.
func awaitVerified(b *testing.B, dir string, gates int) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		<-tick.C
		past, err := history.OpenReadOnly(b.Context(), dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		require.NoError(b, err)
		all, err := past.Verifications(b.Context(), history.Filter{})
		require.NoError(b, err)
		require.NoError(b, past.Close())
		done := 0
		for _, v := range all {
			if v.Phase == history.Done {
				done++
			}
		}
		if done >= gates {
			return
		}
	}
}

// clockTick is the unit of times in /proc/PID/stat; Linux has it at a hundredth of a second for every program.
const clockTick = 10 * time.Millisecond

// cpuTime is what a process and the children that it waited for have used.
func cpuTime(b *testing.B, pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Skipf("the system does not tell what a process uses: %v", err)
	}
	// After the name in parentheses, the 12th to the 15th field are the user's and the system's time, and those of children.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	ticks := 0
	for _, field := range fields[11:15] {
		n, err := strconv.Atoi(field)
		require.NoError(b, err)
		ticks += n
	}
	return time.Duration(ticks) * clockTick
}
