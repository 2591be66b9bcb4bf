package flux_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/assay-dev/assay/sources/sync/track/tracktest"
)

// many is how many Kustomizations a large cluster has.
const many = 5000

// member is one Kustomization of a large cluster, with an inventory of 20 objects.
func member(b *testing.B, w *world, i int, commit string) *unstructured.Unstructured {
	u := tracktest.Object(b, strings.ReplaceAll(read(b, "testdata/shop.yaml"), "{{SECOND}}", w.Commits[commit]))
	u.SetName(fmt.Sprintf("app-%04d", i))
	var entries []any
	for n := range 20 {
		entries = append(entries, map[string]any{"id": fmt.Sprintf("shop_app-%04d-%d_apps_Deployment", i, n), "v": "v1"})
	}
	require.NoError(b, unstructured.SetNestedSlice(u.Object, entries, "status", "inventory", "entries"))
	return u
}

func (w *world) synced(commit string) (n int) {
	states, _ := w.source.Targets(w.T.Context()) // the error says that not all of them are here yet
	for _, s := range states {
		if s.Sync != nil && s.Sync.Revisions[0].Commit == w.Commits[commit] {
			n++
		}
	}
	return n
}

// BenchmarkFleet is a large cluster: started, asked, at one change, and at a commit that all of it applies.
func BenchmarkFleet(b *testing.B) {
	w := newWorld(b)
	w.apply(read(b, "testdata/source.yaml"))
	for i := range many {
		w.Write(member(b, w, i, "SECOND"))
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := time.Now()
	w.run()
	for w.synced("SECOND") < many {
		<-w.source.Changed()
	}
	took := time.Since(began)
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.Run("start", func(b *testing.B) {
		b.ReportMetric(0, "ns/op") // it was measured once, above
		b.ReportMetric(took.Seconds(), "s")
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/many, "B/Target")
	})
	b.Run("targets", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := w.source.Targets(b.Context())
			require.NoError(b, err)
		}
	})
	b.Run("change", func(b *testing.B) {
		b.ReportAllocs()
		commits, want := []string{"ELSEWHERE", "SECOND"}, []int{1, many}
		for n := 0; b.Loop(); n++ {
			w.Write(member(b, w, 7, commits[n%2]))
			for w.synced(commits[n%2]) != want[n%2] {
				<-w.source.Changed()
			}
		}
	})
	b.Run("burst", func(b *testing.B) {
		commits := []string{"RELEASE", "SECOND"}
		for n := 0; b.Loop(); n++ {
			for i := range many {
				w.Write(member(b, w, i, commits[n%2]))
			}
			for w.synced(commits[n%2]) < many {
				<-w.source.Changed()
			}
		}
	})
}
