//go:build e2e

package kubernetes

import (
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

func TestRealPods(t *testing.T) {
	c := newReal(t)
	r := c.runner(t)
	ends := map[string]struct {
		job    runner.Job
		end    runner.End
		code   int
		reason string
	}{
		"pass":           {job: choreJob("pass", "say=hello"), end: runner.Exited},
		"fail":           {job: choreJob("fail", "exit=3"), end: runner.Exited, code: 3},
		"no such file":   {job: choreJob("absent"), end: runner.NotStarted, code: -1, reason: "/no-such-program"},
		"no image":       {job: choreJob("unpulled"), end: runner.NotStarted, code: -1, reason: "registry.local/absent:1"},
		"out of memory":  {job: choreJob("hungry", "eat"), end: runner.Killed, code: -1, reason: "out of memory"},
		"deadline":       {job: choreJob("slow", "report=100", "rest=10m"), end: runner.TimedOut, code: -1, reason: "2s"},
		"no such secret": {job: choreJob("secretless"), end: runner.NotStarted, code: -1, reason: "absent"},
		"unschedulable":  {job: choreJob("homeless"), end: runner.NotStarted, code: -1, reason: "no node takes its pod"},
	}
	ends["no such file"].job.Suite.Spec.Command[0] = "/no-such-program"
	ends["no image"].job.Suite.Spec.Image = "registry.local/absent:1"
	ends["out of memory"].job.Suite.Spec.Resources.Limits.Memory = "256Mi"
	ends["deadline"].job.Suite.Spec.Timeout.Duration = 2 * time.Second
	ends["deadline"].job.Suite.Spec.Reports = []tests.ReportSource{{Path: "report.xml"}}
	ends["no such secret"].job.Suite.Spec.Env = []tests.EnvVar{secretVariable("PASSWORD", "absent", "password")}
	ends["unschedulable"].job.Suite.Spec.Pod.NodeSelector = map[string]string{"absent": "true"}
	r.options.Bounds.Schedule = 2 * time.Second
	for name, test := range ends {
		t.Run(name, func(t *testing.T) {
			result := attempt(t, r, test.job)
			require.Equal(t, test.end, result.End, result.Reason)
			require.Equal(t, test.code, result.ExitCode)
			require.Contains(t, result.Reason, test.reason)
			if name == "deadline" {
				require.Len(t, result.Reports, 1, "what a report says so far is kept")
			}
		})
	}
	t.Run("wrapper killed", func(t *testing.T) { c.testWrapperKilled(t, r) })
	t.Run("evicted", func(t *testing.T) { c.testEvicted(t, r) })
	t.Run("services", func(t *testing.T) { c.testServices(t, r) })
	t.Run("pod deleted", func(t *testing.T) { c.testDeleted(t, r) })
	t.Run("secrets and privileges", func(t *testing.T) { c.testSecrets(t, r) })
	t.Run("secrets of others", func(t *testing.T) { c.testReach(t, r) })
	t.Run("50 MB of logs, a report of 20 MB", func(t *testing.T) { c.testLarge(t, r) })
	t.Run("shards and matrix", func(t *testing.T) { c.testVariants(t, r) })
	t.Run("cancel", func(t *testing.T) { c.testCancel(t, r) })
	t.Run("adoption", func(t *testing.T) { c.testAdoption(t) })
}

func (c *real) testDeleted(t *testing.T, r *Runner) {
	results := begin(t.Context(), t, r, choreJob("deleted", "say=running", "rest=10m"), "running")
	c.Kubectl(t, "delete", "pod", "-n", namespace, "--all", "--wait=false")
	result := <-results
	require.Equal(t, runner.Killed, result.End, result.Reason)
	require.Contains(t, string(result.Output), "running")
	require.NoError(t, r.Forget(t.Context(), "deleted"))
}

func (c *real) testWrapperKilled(t *testing.T, r *Runner) {
	results := begin(t.Context(), t, r, choreJob("orphan", "report=100", "say=running", "rest=10m"), "running")
	require.NoError(t, syscall.Kill(c.wrapper(t, "orphan"), syscall.SIGKILL))
	result := <-results
	require.Equal(t, runner.Killed, result.End, result.Reason)
	require.Contains(t, result.Reason, "137")
	require.Empty(t, result.Reports)
	require.NoError(t, r.Forget(t.Context(), "orphan"))
}

func (c *real) testSecrets(t *testing.T, r *Runner) {
	job := choreJob("secrets", "whoami", "account", "peek", "kill", "env=PASSWORD", "env=ASSAY_POD_TOKEN", "say=running", "rest=3s")
	job.Suite.Spec.Env = []tests.EnvVar{secretVariable("PASSWORD", "login", "password")}
	results := begin(t.Context(), t, r, job, "running")
	logs := c.Kubectl(t, "logs", "-n", namespace, "job/"+objectName("secrets"))
	spec := c.Kubectl(t, "get", "jobs,pods", "-n", namespace, "-o", "yaml")
	result := <-results
	require.Equal(t, runner.Exited, result.End, result.Reason)
	want := "user 65532, group 65532\naccount token: false\nthe wrapper's environment: open /proc/1/environ: permission denied\nthe wrapper lives\n***\n\nrunning\n"
	require.Equal(t, want, string(result.Output))
	require.Contains(t, logs, "***")
	for _, text := range []string{logs, spec} {
		require.NotContains(t, text, "correct-horse")
	}
	require.NoError(t, r.Forget(t.Context(), "secrets"))
}

func (c *real) testLarge(t *testing.T, r *Runner) {
	job := choreJob("large", "print=50000000", "report=20000000")
	job.Suite.Spec.Reports = []tests.ReportSource{{Path: "report.xml"}}
	log := &seen{}
	job.Log = log
	result := attempt(t, r, job)
	require.Equal(t, runner.Exited, result.End, result.Reason)
	require.Zero(t, result.ExitCode)
	require.EqualValues(t, 50_000_000, result.OutputBytes)
	require.Len(t, result.Reports, 1)
	file, err := result.Reports[0].Open()
	require.NoError(t, err)
	defer file.Close()
	size, err := io.Copy(io.Discard, file)
	require.NoError(t, err)
	require.Greater(t, size, int64(20_000_000-64))
	t.Logf("the log got %d bytes; notes: %q", log.len(), result.Notes)
}

func (c *real) testVariants(t *testing.T, r *Runner) {
	job := choreJob("variants", "env=BROWSER", "env=ASSAY_SHARD")
	job.Suite.Spec.Shards = 4
	job.Suite.Spec.Matrix = map[string][]string{"BROWSER": {"firefox", "chrome"}}
	jobs, err := runner.Plan(job)
	require.NoError(t, err)
	var mu sync.Mutex
	var printed []string
	var group errgroup.Group
	began := time.Now()
	for _, job := range jobs {
		group.Go(func() error {
			result, err := r.Run(t.Context(), job)
			mu.Lock()
			defer mu.Unlock()
			printed = append(printed, strings.ReplaceAll(string(result.Output), "\n", " "))
			return err
		})
	}
	require.NoError(t, group.Wait())
	t.Logf("%d runs at once after %s", len(jobs), time.Since(began).Round(time.Millisecond))
	slices.Sort(printed)
	require.Equal(t, []string{"chrome 0 ", "chrome 1 ", "chrome 2 ", "chrome 3 ", "firefox 0 ", "firefox 1 ", "firefox 2 ", "firefox 3 "}, printed)
	for _, job := range jobs {
		require.NoError(t, r.Forget(t.Context(), job.ID))
	}
}

func (c *real) testCancel(t *testing.T, r *Runner) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	results := begin(ctx, t, r, choreJob("cancelled", "say=running", "rest=10m"), "running")
	cancel()
	result := <-results
	require.Equal(t, runner.Cancelled, result.End, result.Reason)
	pods, err := c.client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: labelRun + "=" + strings.TrimPrefix(objectName("cancelled"), namePrefix)})
	require.NoError(t, err)
	require.Empty(t, pods.Items, "its pod is gone")
	require.NoError(t, r.Forget(t.Context(), "cancelled"))
}

// An Assay that stops in the middle of a Run is followed by another one, with another disk.
func (c *real) testAdoption(t *testing.T) {
	first := c.runner(t)
	ctx, stop := context.WithCancelCause(t.Context())
	job := choreJob("adopted", "say=running", "rest=8s", "say=done", "report=3000000")
	job.Suite.Spec.Reports = []tests.ReportSource{{Path: "report.xml"}}
	results := begin(ctx, t, first, job, "running")
	stop(runner.ErrStopping)
	require.Equal(t, runner.Cancelled, (<-results).End)
	jobs, err := c.client.BatchV1().Jobs(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)

	second := c.runner(t)
	log := &seen{}
	job.Log = log
	result := attempt(t, second, job)
	require.Equal(t, runner.Exited, result.End, result.Reason)
	require.Equal(t, "running\ndone\n", string(result.Output))
	require.Equal(t, "running\ndone\n", log.text.String(), "the log begins anew")
	require.Len(t, result.Reports, 1)
	after, err := c.client.BatchV1().Jobs(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Equal(t, jobs.Items[0].UID, after.Items[0].UID, "the same Job")
}
