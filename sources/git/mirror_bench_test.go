package git_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/git/gittest"
)

// BenchmarkRefreshUnchanged is the price of a poll: one look at the references.
func BenchmarkRefreshUnchanged(b *testing.B) {
	r := newRemoteRepo(b, 1000)
	for name, url := range map[string]string{"path": r.dir, "http": r.serve()} {
		b.Run(name, func(b *testing.B) {
			m := open(b, url, git.Auth{})
			refreshed(b, m)
			b.ReportAllocs()
			for b.Loop() {
				refreshed(b, m)
			}
		})
	}
}

// BenchmarkRefreshOneCommit fetches a new commit each time.
func BenchmarkRefreshOneCommit(b *testing.B) {
	for _, name := range []string{"path", "http"} {
		b.Run(name, func(b *testing.B) {
			r := newRemoteRepo(b, 1000)
			url := r.dir
			if name == "http" {
				url = r.serve()
			}
			m := open(b, url, git.Auth{})
			refreshed(b, m)
			next := 1000
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				r.fill("main", next, next+1)
				next++
				b.StartTimer()
				refreshed(b, m)
			}
		})
	}
}

// BenchmarkOpenMirror is what a restart costs per mirror.
func BenchmarkOpenMirror(b *testing.B) {
	r := newRemoteRepo(b, 1000)
	m := open(b, r.dir, git.Auth{})
	refreshed(b, m)
	b.ReportAllocs()
	for b.Loop() {
		_, err := git.OpenMirror(m.Dir(), r.dir, git.Auth{})
		require.NoError(b, err)
	}
}

// BenchmarkCloneKonflux mirrors a real config repository with 9,400 commits, at
// the usual depth and whole.
func BenchmarkCloneKonflux(b *testing.B) {
	r := remoteRepo{b, gittest.Clone(b, "konflux-config.bundle")}
	for name, url := range map[string]string{"path": r.dir, "http": r.serve()} {
		for _, depth := range []int{1, 50, 1 << 20} {
			b.Run(fmt.Sprintf("%s/depth=%d", name, depth), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					refreshed(b, open(b, url, git.Auth{}, git.WithDepth(depth)))
				}
				b.StopTimer()
				var memory runtime.MemStats
				runtime.ReadMemStats(&memory)
				b.ReportMetric(float64(memory.Sys)/(1<<20), "MB-from-OS")
			})
		}
	}
}
