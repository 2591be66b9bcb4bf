package argo_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/sync/argo"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// BenchmarkApplications starts with 5,000 Applications and then has all of them sync another commit.
func BenchmarkApplications(b *testing.B) {
	const many = 5_000
	b.ReportAllocs()
	for b.Loop() {
		w := newWorld(b)
		w.options.Rollout = nil
		var put func(*unstructured.Unstructured)
		write := func(edits fields) {
			like := w.edited(w.load("shop"), edits)
			for i := range many {
				u := like.DeepCopy()
				u.SetName(fmt.Sprintf("shop-%d", i))
				u.SetResourceVersion(fmt.Sprint(w.Version + i + 1))
				put(u)
			}
			w.Version += many
		}
		put = func(u *unstructured.Unstructured) {
			require.NoError(b, w.Objects.Tracker().Create(resources["Application"], u, u.GetNamespace()))
		}
		write(nil)
		// The fake's own watch takes no more than 100 changes at a time.
		changes := apiwatch.NewFakeWithChanSize(many, false)
		w.Objects.PrependWatchReactor("applications", func(clienttesting.Action) (bool, apiwatch.Interface, error) { return true, changes, nil })
		put = func(u *unstructured.Unstructured) { changes.Modify(u) }
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		began := time.Now()
		cluster := watch.New(w.Objects, w.Metadata)
		source := argo.New(cluster, w.Objects, w.Mirrors, render.NewBuilder([]byte("key")), clock.RealClock{}, w.options)
		ctx, cancel := context.WithCancel(b.Context())
		var tasks sync.WaitGroup
		tasks.Go(func() { cluster.Run(ctx) })
		tasks.Go(func() { source.Run(ctx) })
		all := func(commit string) func() bool {
			return func() bool {
				states, err := source.Targets(ctx)
				if err != nil || len(states) != many {
					return false
				}
				for _, s := range states {
					if s.Sync == nil || s.Sync.Revisions[0].Commit != w.Commits[commit] {
						return false
					}
				}
				return true
			}
		}
		require.Eventually(b, all("SECOND"), time.Minute, 10*time.Millisecond)
		b.ReportMetric(time.Since(began).Seconds(), "start-s")
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/many, "heap-B/app")
		began = time.Now()
		write(fields{"status.sync.revision": "\"{{ELSEWHERE}}\""})
		require.Eventually(b, all("ELSEWHERE"), time.Minute, 10*time.Millisecond)
		b.ReportMetric(time.Since(began).Seconds(), "burst-s")
		cancel()
		tasks.Wait()
	}
}
