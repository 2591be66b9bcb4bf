//go:build e2e

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/cmd/assay/internal/wire"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/sync"
)

// fleetOfEach is how many Kustomizations there are, and how many Applications.
const fleetOfEach = 5000

// fleetBurst is the time within which all of a fleet applies a commit, and fleetRest for how long Assay is then left alone: longer than the
// two minutes after which the runtime collects what an idle process has left, and gives it back.
const (
	fleetBurst = time.Minute
	fleetRest  = 3 * time.Minute
)

// BenchmarkRealFleet has one Assay follow 5,000 Kustomizations and 5,000 Applications: started, at rest, and while all of them apply a new
// commit within a minute, some a second one right after it. It fails where one is lost, or told of in another order.
func BenchmarkRealFleet(b *testing.B) {
	f := newFleet(b, fleetOfEach, 3)
	data := b.TempDir()
	suites, _ := repositoryOf(b, files{"staging/kustomization.yaml": "resources: [all.yaml]\n", "staging/all.yaml": f.tests()})
	cmd := exec.Command(buildAssay(b), "run", "--data-dir", data)
	cmd.Env = append(os.Environ(), "ASSAY_KUBECONFIG="+f.cluster.Kubeconfig, "ASSAY_ENVIRONMENTS=staging", "ASSAY_STAGING_TESTS_URL="+suites,
		"ASSAY_STAGING_TESTS_OVERLAY=staging", "ASSAY_STAGING_RUNNER=process", "ASSAY_EVENTS=false", "GOGC=50", // as manifests/ has it
		"ASSAY_ADDR=127.0.0.1:0", "ASSAY_METRICS_ADDR=127.0.0.1:0", "ASSAY_HEALTH_ADDR=127.0.0.1:0")
	began := time.Now()
	startChild(b, cmd, false)
	w := &fleetWatch{b: b, dir: filepath.Join(data, wire.HistoryDir), fleet: f, pid: cmd.Process.Pid}

	w.measure("start", func(report func(float64, string)) {
		w.await("every Target to be known", func() bool { return len(w.syncs()) == 2*fleetOfEach })
		report(time.Since(began).Seconds(), "s-until-known")
		w.await("every Gate to be verified", func() bool { return w.verified(0) })
		report(time.Since(began).Seconds(), "s-until-verified")
	})
	w.measure("rest", func(func(float64, string)) { <-time.After(fleetRest) })
	burst := f.burst()
	w.measure("burst", func(report func(float64, string)) {
		began := time.Now()
		f.spread(burst, fleetBurst)
		last := time.Now()
		report(last.Sub(began).Seconds(), "s-burst")
		w.await("every Sync to be recorded", func() bool { return w.recorded() })
		report(time.Since(last).Seconds(), "s-until-recorded")
		w.await("every Gate to be verified again", func() bool { return w.verified(1) })
		report(time.Since(last).Seconds(), "s-until-settled")
	})
	w.measure("rest-again", func(func(float64, string)) { <-time.After(fleetRest) })
	w.inOrder()
}

// measure does a part of the story, once, and reports what it says together with what Assay took meanwhile.
func (w *fleetWatch) measure(name string, do func(report func(value float64, unit string))) {
	said := map[string]float64{}
	began, used := time.Now(), cpuTime(w.b, w.pid)
	do(func(value float64, unit string) { said[unit] = value })
	used = cpuTime(w.b, w.pid) - used
	said["cpu-s"], said["cpu-%"] = used.Seconds(), 100*float64(used)/float64(time.Since(began))
	said["rss-MiB"], said["peak-MiB"] = memory(strconv.Itoa(w.pid), "VmRSS"), memory(strconv.Itoa(w.pid), "VmHWM")
	w.b.Run(name, func(b *testing.B) {
		b.ReportMetric(0, "ns/op") // it was measured once, above
		for unit, value := range said {
			b.ReportMetric(value, unit)
		}
	})
}

// burst is what the controllers write when all Targets apply the second commit, and every tenth the third right after it.
func (f *fleet) burst() [][]status {
	all := make([][]status, f.size)
	f.each(func(_ context.Context, n int) {
		for commit := 1; commit <= f.newest(n); commit++ {
			all[n] = append(all[n], f.synced(n, commit)...)
		}
	})
	return all
}

// spread writes them evenly spread over a time, or as fast as the API server takes them.
func (f *fleet) spread(all [][]status, over time.Duration) {
	pace := time.NewTicker(over / time.Duration(len(all)))
	defer pace.Stop()
	f.each(func(ctx context.Context, n int) {
		<-pace.C
		for _, s := range all[n] {
			f.write(ctx, s)
		}
	})
}

// newest is the commit that both Targets of a number apply last.
func (f *fleet) newest(n int) int {
	if n%10 == 0 {
		return 2
	}
	return 1
}

// fleetWatch reads the history of the Assay that follows a fleet.
type fleetWatch struct {
	b     *testing.B
	dir   string
	pid   int
	fleet *fleet
}

func (w *fleetWatch) await(what string, is func() bool) {
	tick, late := time.NewTicker(time.Second), time.After(10*time.Minute)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-late:
			require.FailNow(w.b, "waited in vain for "+what)
		}
	}
}

func (w *fleetWatch) read(look func(past *history.Store)) {
	if _, err := os.Stat(w.dir); err != nil {
		return
	}
	past, err := history.OpenReadOnly(w.b.Context(), w.dir)
	require.NoError(w.b, err)
	look(past)
	require.NoError(w.b, past.Close())
}

// syncs are the commits that were recorded of each Target, in that order.
func (w *fleetWatch) syncs() map[sync.Target][]int {
	commits := map[sync.Target][]int{}
	w.read(func(past *history.Store) {
		all, err := past.Syncs(w.b.Context(), history.Filter{})
		require.NoError(w.b, err)
		for _, s := range slices.Backward(all) {
			commits[s.Target] = append(commits[s.Target], slices.Index(w.fleet.commits, s.Revisions[0].Commit))
		}
	})
	return commits
}

// recorded tells whether the last Sync of every Target is that of its newest commit.
func (w *fleetWatch) recorded() bool {
	commits := w.syncs()
	for n := range fleetOfEach {
		for _, t := range fleetTargets(n) {
			if of := commits[t]; len(of) == 0 || of[len(of)-1] != w.fleet.newest(n) {
				return false
			}
		}
	}
	return true
}

// inOrder fails where a Target went back.
func (w *fleetWatch) inOrder() {
	for target, commits := range w.syncs() {
		require.True(w.b, slices.IsSorted(commits), "%s: %v", target, commits)
	}
}

func fleetTargets(n int) []sync.Target {
	return []sync.Target{
		{Kind: "Kustomization", Namespace: teamOf(n), Name: named(n)}, {Kind: "Application", Namespace: teamOf(n), Name: named(n)},
	}
}

// verified tells whether the newest Verification of every Gate passed, of all its Targets, each at a commit of at least this number.
func (w *fleetWatch) verified(least int) bool {
	done := map[string]bool{}
	w.read(func(past *history.Store) {
		all, err := past.Verifications(w.b.Context(), history.Filter{})
		require.NoError(w.b, err)
		for _, v := range all { // newest first
			if _, newer := done[v.Key.Gate]; newer {
				continue
			}
			done[v.Key.Gate] = v.Phase == history.Done && v.Verdict.Outcome == "Passed" && len(v.Targets) == fleetPerGate &&
				!slices.ContainsFunc(v.Targets, func(t history.TargetState) bool {
					return slices.Index(w.fleet.commits, t.Revisions[0].Commit) < least
				})
		}
	})
	for _, is := range done {
		if !is {
			return false
		}
	}
	return len(done) == 2*fleetOfEach/fleetPerGate
}
