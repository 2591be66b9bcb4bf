//go:build e2e

package kubernetes

import (
	"fmt"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clients "k8s.io/client-go/kubernetes"
	batch "k8s.io/client-go/kubernetes/typed/batch/v1"

	"github.com/assay-dev/assay/reconciler/runner"
)

// BenchmarkRealRun takes turns: the same command as a Suite's Job, and in a bare Job. Of each it reports the middle one of the times until
// the Job is complete, and by how much the first is longer; of the Suite also that until its result is there, which is sooner.
func BenchmarkRealRun(b *testing.B) {
	c := newReal(b)
	r := c.runner(b)
	admin, err := clients.NewForConfig(c.Config())
	require.NoError(b, err)
	var results, suites, bares []time.Duration
	for b.Loop() {
		n := len(suites)
		job := choreJob(fmt.Sprintf("bench-%d", n))
		job.Files = fstest.MapFS{}
		began := time.Now()
		result, err := r.Run(b.Context(), job)
		results = append(results, time.Since(began))
		require.NoError(b, err)
		require.Equal(b, runner.Exited, result.End, result.Reason)
		completed(b, admin.BatchV1().Jobs(namespace), objectName(job.ID))
		suites = append(suites, time.Since(began))
		require.NoError(b, r.Forget(b.Context(), job.ID))

		began = time.Now()
		bare(b, admin.BatchV1().Jobs("default"), fmt.Sprintf("bare-%d", n))
		bares = append(bares, time.Since(began))
	}
	suite, alone := median(suites).Seconds(), median(bares).Seconds()
	b.ReportMetric(median(results).Seconds(), "result-s")
	b.ReportMetric(suite, "suite-s")
	b.ReportMetric(alone, "bare-s")
	b.ReportMetric(100*(suite-alone)/alone, "overhead-%")
	b.ReportMetric(0, "ns/op")
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

// bare runs the same command in a Job that nobody watches over, until it is complete.
func bare(b *testing.B, jobs batch.JobInterface, name string) {
	_, err := jobs.Create(b.Context(), &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever, AutomountServiceAccountToken: new(false),
			Containers: []corev1.Container{{Name: "chore", Image: choreImage, ImagePullPolicy: corev1.PullNever}},
		}}},
	}, metav1.CreateOptions{})
	require.NoError(b, err)
	completed(b, jobs, name)
}

func completed(b *testing.B, jobs batch.JobInterface, name string) {
	require.Eventually(b, func() bool {
		job, err := jobs.Get(b.Context(), name, metav1.GetOptions{})
		return err == nil && conditionOf(job, batchv1.JobComplete) != nil
	}, time.Minute, 10*time.Millisecond)
}
