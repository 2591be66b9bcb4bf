//go:build e2e

package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

var jobs = schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}

// applying is how long Flux takes at least to apply a revision after it has noted that it will.
const applying = time.Second

// BenchmarkRealSyncToJob measures from the moment when a watcher of the API server hears that a commit was applied until one hears of the
// Job that tests it. Assay has not seen the commit before Flux attempts it, or Argo CD has applied it.
func BenchmarkRealSyncToJob(b *testing.B) {
	f := newFleet(b, 1, 400)
	f.create(b.Context(), namespaces, "{apiVersion: v1, kind: Namespace, metadata: {name: assay-runs}}")
	suites, _ := repositoryOf(b, files{"staging/kustomization.yaml": "resources: [all.yaml]\n", "staging/all.yaml": f.tests()})
	cmd := exec.Command(buildAssay(b), "run", "--data-dir", b.TempDir(), "--max-parallel", "1000")
	cmd.Env = append(os.Environ(), "ASSAY_KUBECONFIG="+f.cluster.Kubeconfig, "ASSAY_ENVIRONMENTS=staging", "ASSAY_STAGING_TESTS_URL="+suites,
		"ASSAY_STAGING_TESTS_OVERLAY=staging", "ASSAY_RUN_IMAGE=registry.local/assay:1", "ASSAY_RUN_DEFAULT_IMAGE=registry.local/assay:1",
		"ASSAY_RUN_URL=http://127.0.0.1:9", "ASSAY_EVENTS=false",
		"ASSAY_ADDR=127.0.0.1:0", "ASSAY_METRICS_ADDR=127.0.0.1:0", "ASSAY_HEALTH_ADDR=127.0.0.1:0")
	created := f.watch(jobs)
	startChild(b, cmd, false)
	for range 2 { // of the states that are there
		await(created, func(n news) bool { return n.what == watch.Added })
	}
	commit := 0
	measure := func(resource schema.GroupVersionResource, sync func(), applied func(status map[string]any) any) func(b *testing.B) {
		return func(b *testing.B) {
			told := f.watch(resource)
			var times []time.Duration
			for b.Loop() {
				commit++
				sync()
				finished := await(told, func(n news) bool {
					status, _ := n.object.Object["status"].(map[string]any)
					return strings.HasSuffix(fmt.Sprint(applied(status)), f.commits[commit])
				})
				job := await(created, func(n news) bool { return n.what == watch.Added })
				times = append(times, job.at.Sub(finished.at))
			}
			slices.Sort(times)
			b.ReportMetric(milliseconds(times[len(times)/2]), "p50-ms")
			b.ReportMetric(milliseconds(times[len(times)*99/100]), "p99-ms")
			b.ReportMetric(0, "ns/op") // is mostly the time that Flux takes to apply
		}
	}
	b.Run("flux", measure(kustomizations, func() {
		f.write(b.Context(), f.status(kustomizations, f.attempting(0, commit)))
		<-time.After(applying)
		f.write(b.Context(), f.status(kustomizations, f.kustomization(0, commit)))
	}, func(status map[string]any) any { return status["lastAppliedRevision"] }))
	b.Run("argo", measure(applications, func() {
		f.write(b.Context(), f.status(applications, f.application(0, commit)))
	}, func(status map[string]any) any { return status["sync"].(map[string]any)["revision"] }))
}

// news is that something happened to an object, heard at a moment.
type news struct {
	at     time.Time
	what   watch.EventType
	object *unstructured.Unstructured
}

// watch tells what the API server tells of the objects of a kind from now on, in any namespace.
func (f *fleet) watch(resource schema.GroupVersionResource) <-chan news {
	client := f.objects.Resource(resource)
	now, err := client.List(f.b.Context(), metav1.ListOptions{})
	require.NoError(f.b, err)
	events, err := watchtools.NewRetryWatcherWithContext(f.b.Context(), now.GetResourceVersion(), &cache.ListWatch{WatchFuncWithContext: client.Watch})
	require.NoError(f.b, err)
	told := make(chan news, 1000)
	go func() {
		for e := range events.ResultChan() {
			if object, ok := e.Object.(*unstructured.Unstructured); ok {
				told <- news{time.Now(), e.Type, object}
			}
		}
	}()
	return told
}

// await is the first news of its kind.
func await(told <-chan news, is func(news) bool) news {
	for {
		if n := <-told; is(n) {
			return n
		}
	}
}
