package kubernetes

import (
	"context"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

const patience = 30 * time.Second

// An Assay that stops leaves its Run to the next one, whose disk is another.
func TestAdoption(t *testing.T) {
	k, a := newCluster(t), newAddress(t)
	gate := t.TempDir() + "/gate"
	job := jobOf("adopted", "echo before; while ! test -e "+gate+"; do sleep 0.05; done; echo after; echo report > report.xml")
	job.Suite.Spec.Reports = []tests.ReportSource{{Path: "report.xml"}}
	ctx, stop := context.WithCancelCause(t.Context())
	first := begin(ctx, t, newRunner(t, k, a, nil), job, "before")
	stop(runner.ErrStopping)
	require.Equal(t, runner.Cancelled, (<-first).End)

	second := newRunner(t, k, a, nil)
	results := begin(t.Context(), t, second, job, "before")
	require.NoError(t, os.WriteFile(gate, nil, 0o600))
	result := <-results
	require.Equal(t, runner.Exited, result.End, result.Reason)
	require.Equal(t, "before\nafter\n", string(result.Output))
	require.Len(t, result.Reports, 1)
	require.Equal(t, 1, k.jobs(), "no Job twice")

	again, err := second.Run(t.Context(), job)
	require.NoError(t, err)
	require.Equal(t, result.Output, again.Output, "the same Job, until it is forgotten")
	require.Equal(t, 1, k.jobs())
}

// A result that went to an Assay whose disk is gone is lost, and the Run with it: it runs anew.
func TestLostResultRunsAnew(t *testing.T) {
	k, a := newCluster(t), newAddress(t)
	job := jobOf("lost", "echo ran")
	_, err := newRunner(t, k, a, nil).Run(t.Context(), job)
	require.NoError(t, err)
	result, err := newRunner(t, k, a, nil).Run(t.Context(), job)
	require.NoError(t, err)
	require.Equal(t, runner.Exited, result.End, result.Reason)
	require.Equal(t, 2, k.jobs())
}

// Jobs that nobody asks for go, those that are asked for stay.
func TestOrphans(t *testing.T) {
	k, a := newCluster(t), newAddress(t)
	var later atomic.Int64
	r := newRunner(t, k, a, func(o *Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	})
	ctx, stop := context.WithCancelCause(t.Context())
	orphan := begin(ctx, t, r, jobOf("orphan", "echo ready; sleep 60"), "ready")
	stop(runner.ErrStopping)
	<-orphan
	wanted, cancel := context.WithCancel(t.Context())
	defer cancel()
	own := begin(wanted, t, r, jobOf("own", "echo ready; sleep 60"), "ready")
	require.Eventually(t, func() bool { return len(r.watch.all()) == 2 }, patience, time.Millisecond)

	unclaimed := r.sweepOnce(t.Context(), map[types.UID]time.Time{})
	require.Len(t, unclaimed, 1, "none is deleted at once")
	later.Store(int64(r.options.Bounds.Orphan))
	require.Empty(t, r.sweepOnce(t.Context(), unclaimed))
	jobs, err := k.client.BatchV1().Jobs(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Len(t, jobs.Items, 1)
	require.Equal(t, "own", jobs.Items[0].Annotations[annotationRun])
	cancel()
	require.Equal(t, runner.Cancelled, (<-own).End)
}

func TestWrapperIsKilled(t *testing.T) {
	k := newCluster(t)
	wrappers := make(chan *os.Process, 1)
	k.started = func(process *os.Process) { wrappers <- process }
	r := newRunner(t, k, newAddress(t), nil)
	job := jobOf("killed", "echo '<testsuite/>' > report.xml; echo ready; sleep 60")
	job.Suite.Spec.Reports = []tests.ReportSource{{Path: "report.xml"}}
	results := begin(t.Context(), t, r, job, "ready")
	require.NoError(t, (<-wrappers).Kill())
	result := <-results
	require.Equal(t, runner.Killed, result.End)
	require.Contains(t, result.Reason, "137")
	require.Equal(t, "ready\n", string(result.Output), "what it printed is kept")
	require.Empty(t, result.Reports)
}

func TestHoldsOnlySoLong(t *testing.T) {
	k := newCluster(t)
	k.tamper = func(made *corev1.Pod) bool {
		k.update(made, func(s *corev1.PodStatus) {
			s.ContainerStatuses = []corev1.ContainerStatus{{Name: runContainer, Image: "shop:1", State: waits("ImagePullBackOff", "Back-off")}}
		})
		return false
	}
	r := newRunner(t, k, newAddress(t), func(o *Options) { o.Bounds.Pull = 20 * time.Millisecond })
	result, err := r.Run(t.Context(), jobOf("unpulled", "exit 0"))
	require.NoError(t, err)
	require.Equal(t, runner.NotStarted, result.End)
	require.Contains(t, result.Reason, "image shop:1 cannot be pulled")
}

func TestJobIsDeletedByOthers(t *testing.T) {
	k := newCluster(t)
	r := newRunner(t, k, newAddress(t), nil)
	results := begin(t.Context(), t, r, jobOf("deleted", "echo ready; sleep 60"), "ready")
	require.NoError(t, k.client.BatchV1().Jobs(namespace).Delete(t.Context(), objectName("deleted"), metav1.DeleteOptions{}))
	result := <-results
	require.Equal(t, runner.Killed, result.End, result.Reason)
}

// All but the cluster: the files, the Job, the pod with its three processes, the result.
func BenchmarkRun(b *testing.B) {
	k := newCluster(b)
	r := newRunner(b, k, newAddress(b), nil)
	b.ReportAllocs()
	for b.Loop() {
		result, err := r.Run(b.Context(), jobOf("bench", "#!/bin/true\n"))
		require.NoError(b, err)
		require.Equal(b, runner.Exited, result.End, result.Reason)
		require.NoError(b, r.Forget(b.Context(), "bench"))
	}
}
