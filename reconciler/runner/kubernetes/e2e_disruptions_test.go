//go:build e2e

package kubernetes

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	clients "k8s.io/client-go/kubernetes"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/kubernetes/pod"
)

// A node whose kubelet is dead runs its containers on: the command of a Run that was given up ends well, and its result comes too late. The
// next Run waits until the node is back.
func TestRealNodeLost(t *testing.T) {
	c := newReal(t)
	c.addHealthyNode(t)
	r := c.runner(t)
	refused := c.refusals("stranded")
	resume := pod.Dir + "/resume"
	job := choreJob("stranded", "say=running", "await="+resume, "say=done")
	job.Suite.Spec.Timeout.Duration = 10 * time.Minute // which the wrapper keeps, longer than anybody needs to miss a node
	results := begin(t.Context(), t, r, job, "running")
	wrapper := c.wrapper(t, "stranded")
	began := time.Now()
	c.StopNode(t)
	result := within(t, results, 5*time.Minute)
	t.Logf("given up after %s: %s", time.Since(began).Round(time.Millisecond), result.Reason)
	require.Equal(t, runner.Killed, result.End, result.Reason)
	require.Contains(t, result.Reason, "node node does not answer")
	require.Equal(t, "running\n", string(result.Output))

	require.NoError(t, os.WriteFile(fmt.Sprintf("/proc/%d/root%s", wrapper, resume), nil, 0o644))
	within(t, refused, time.Minute)
	require.NoError(t, r.Forget(t.Context(), "stranded"))
	next := make(chan runner.Result, 1)
	go func() {
		result, err := r.Run(t.Context(), choreJob("next", "say=hello"))
		if err != nil {
			result.Reason = err.Error()
		}
		next <- result
	}()
	c.StartNode(t)
	result = within(t, next, 2*time.Minute)
	require.Equal(t, runner.Exited, result.End, result.Reason)
	require.Equal(t, "hello\n", string(result.Output))
	require.NoError(t, r.Forget(t.Context(), "next"))
	c.requireNothingLeft(t)
	entries, err := os.ReadDir(r.options.Dir)
	require.NoError(t, err)
	require.Empty(t, entries, "nothing is kept of what came too late")
}

// addHealthyNode adds a node that takes no pods and beats like one that is well, until the test ends: where every node is lost, Kubernetes
// takes the network to be broken, and gives up no pod.
func (c *real) addHealthyNode(t *testing.T) {
	admin, err := clients.NewForConfig(c.Config())
	require.NoError(t, err)
	_, err = admin.CoreV1().Nodes().Create(t.Context(), &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "healthy"}, Spec: corev1.NodeSpec{Unschedulable: true},
		Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	leases := admin.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	lease, err := leases.Create(t.Context(), &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "healthy"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	var beating sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	beating.Go(func() {
		for beat := time.NewTicker(time.Second); ; {
			lease.Spec.RenewTime = &metav1.MicroTime{Time: time.Now()}
			if renewed, err := leases.Update(ctx, lease, metav1.UpdateOptions{}); err == nil {
				lease = renewed
			}
			select {
			case <-beat.C:
			case <-ctx.Done():
				beat.Stop()
				return
			}
		}
	})
	t.Cleanup(func() {
		stop()
		beating.Wait()
	})
}

// within is what comes from a channel.
func within[T any](t *testing.T, from <-chan T, most time.Duration) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(most):
		require.Failf(t, "it does not come", "within %s", most)
	}
	return value
}

// refusals is closed when a Run's pod was told, from now on, that nobody is at the Run.
func (c *real) refusals(run string) <-chan struct{} {
	serving := *c.address.handler.Load()
	refused, once := make(chan struct{}), sync.Once{}
	var handler http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &status{ResponseWriter: w}
		serving.ServeHTTP(answer, r)
		if answer.code == http.StatusServiceUnavailable && strings.HasPrefix(r.URL.Path, "/runs/"+run+"/parts/") {
			once.Do(func() { close(refused) })
		}
	})
	c.address.handler.Store(&handler)
	return refused
}

// status remembers with which code a request was answered.
type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (c *real) testEvicted(t *testing.T, r *Runner) {
	results := begin(t.Context(), t, r, choreJob("evicted", "say=running", "rest=10m"), "running")
	admin, err := clients.NewForConfig(c.Config())
	require.NoError(t, err)
	pods := admin.CoreV1().Pods(namespace)
	found, err := pods.List(t.Context(), metav1.ListOptions{LabelSelector: labelRun + "=" + strings.TrimPrefix(objectName("evicted"), namePrefix)})
	require.NoError(t, err)
	require.Len(t, found.Items, 1)
	eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: found.Items[0].Name}}
	require.NoError(t, pods.EvictV1(t.Context(), eviction))
	result := within(t, results, time.Minute)
	require.Equal(t, runner.Killed, result.End, result.Reason)
	require.Contains(t, result.Reason, "its pod was evicted")
	require.Equal(t, "running\n", string(result.Output))
	require.NoError(t, r.Forget(t.Context(), "evicted"))
}

// requireNothingLeft waits until all is gone that forgotten Runs had in the cluster.
func (c *real) requireNothingLeft(t *testing.T) {
	t.Helper()
	admin, err := clients.NewForConfig(c.Config())
	require.NoError(t, err)
	own := metav1.ListOptions{LabelSelector: labels.SelectorFromSet(Options{Instance: "assay"}.own()).String()}
	require.EventuallyWithT(t, func(now *assert.CollectT) {
		jobs, err := admin.BatchV1().Jobs(namespace).List(t.Context(), own)
		require.NoError(now, err)
		pods, err := admin.CoreV1().Pods(namespace).List(t.Context(), own)
		require.NoError(now, err)
		secrets, err := admin.CoreV1().Secrets(namespace).List(t.Context(), own)
		require.NoError(now, err)
		require.Empty(now, jobs.Items)
		require.Empty(now, pods.Items)
		require.Empty(now, secrets.Items)
	}, time.Minute, 100*time.Millisecond)
}
