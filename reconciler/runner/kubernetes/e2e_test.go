//go:build e2e

package kubernetes

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clients "k8s.io/client-go/kubernetes"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
	"github.com/assay-dev/assay/reconciler/runner/kubernetes/courier"
	"github.com/assay-dev/assay/reconciler/runner/kubernetes/pod"
	"github.com/assay-dev/assay/sources/tests"
	"github.com/assay-dev/assay/testdata/stack"
)

const (
	assayImage = "registry.local/assay:1"
	choreImage = "registry.local/chore:1"
	serveImage = "registry.local/serve:1"
	visitImage = "registry.local/visit:1"
)

// real is a cluster with pods, and a place where they find Assay.
type real struct {
	*stack.Cluster
	client  *clients.Clientset
	address *address
}

func newReal(t testing.TB) *real {
	c := stack.StartCluster(t, stack.Options{Pods: true})
	c.LoadProgram(t, assayImage, "./cmd/assay")
	c.LoadProgram(t, choreImage, "./reconciler/runner/kubernetes/testdata/chore")
	c.Apply(t, `
apiVersion: v1
kind: Namespace
metadata: {name: runs, labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: v1
kind: Secret
metadata: {name: login, namespace: runs}
stringData: {password: correct-horse-battery}
`)
	c.Apply(t, runnerRole)
	listener, err := net.Listen("tcp", net.JoinHostPort(c.BridgeAddress(), "0"))
	require.NoError(t, err)
	a := newAddress(t)
	server := &http.Server{Handler: a.Config.Handler}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
	a.URL = "http://" + listener.Addr().String()
	client, err := clients.NewForConfig(c.ConfigFor(t, "default", "assay"))
	require.NoError(t, err)
	return &real{Cluster: c, client: client, address: a}
}

// runnerRole is all that this package needs.
const runnerRole = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: assay, namespace: default}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: assay-runner, namespace: runs}
rules:
- {apiGroups: [batch], resources: [jobs], verbs: [create, get, list, watch, delete]}
- {apiGroups: [""], resources: [pods], verbs: [list, watch]}
- {apiGroups: [""], resources: [secrets], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: assay-runner, namespace: runs}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: assay-runner}
subjects: [{kind: ServiceAccount, name: assay, namespace: default}]
`

func (c *real) runner(t testing.TB) *Runner {
	r, err := New(c.client, Options{
		Dir: t.TempDir(), Key: key, URL: c.address.URL, Image: assayImage, Namespaces: cluster.Namespaces{Default: namespace},
		Rules:  Rules{DefaultImage: choreImage, PullPolicy: corev1.PullNever, ServiceAccounts: []string{"reader"}, Token: true},
		Bounds: Bounds{Pull: 5 * time.Second, Configure: 15 * time.Second, Unreachable: 5 * time.Second, Lost: 5 * time.Second},
		Limits: courier.Limits{Grace: time.Second}, Services: Sidecars,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	require.NoError(t, r.Recover(t.Context()))
	handler := r.Handler()
	c.address.handler.Store(&handler)
	return r
}

// choreJob is a Job of chores in an image that holds no shell.
func choreJob(id string, chores ...string) runner.Job {
	job := jobOf(id, "")
	job.Suite.Spec.Command = append([]string{"/chore"}, chores...)
	return job
}

// attempt runs a Job and forgets it.
func attempt(t *testing.T, r *Runner, job runner.Job) runner.Result {
	t.Helper()
	began := time.Now()
	result, err := r.Run(t.Context(), job)
	require.NoError(t, err)
	t.Logf("%s: %s %d %q after %s", job.ID, result.End, result.ExitCode, result.Reason, time.Since(began).Round(time.Millisecond))
	t.Cleanup(func() { require.NoError(t, r.Forget(context.Background(), job.ID)) })
	return result
}

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

func secretVariable(variable, name, key string) tests.EnvVar {
	return tests.EnvVar{Name: variable, ValueFrom: &tests.EnvVarSource{SecretKeyRef: tests.SecretKeyRef{Name: name, Key: key}}}
}

// seen is a log that tells when it has seen a text.
type seen struct {
	mu    sync.Mutex
	text  bytes.Buffer
	want  string
	found chan struct{}
}

func newSeen(want string) *seen { return &seen{want: want, found: make(chan struct{})} }

func (s *seen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(b)
	if s.want != "" && bytes.Contains(s.text.Bytes(), []byte(s.want)) {
		s.want = ""
		close(s.found)
	}
	return len(b), nil
}

func (s *seen) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Len()
}

// begin runs a Job until its log shows that it runs.
func (c *real) begin(ctx context.Context, t *testing.T, r *Runner, job runner.Job) <-chan runner.Result {
	log := newSeen("running")
	job.Log = log
	results := make(chan runner.Result, 1)
	go func() {
		result, err := r.Run(ctx, job)
		if err != nil {
			result.Reason = err.Error()
		}
		results <- result
	}()
	select {
	case <-log.found:
	case result := <-results:
		t.Fatalf("it ended before it ran: %s %s", result.End, result.Reason)
	case <-time.After(time.Minute):
		t.Fatal("it does not run")
	}
	return results
}

func (c *real) testDeleted(t *testing.T, r *Runner) {
	results := c.begin(t.Context(), t, r, choreJob("deleted", "say=running", "rest=10m"))
	c.Kubectl(t, "delete", "pod", "-n", namespace, "--all", "--wait=false")
	result := <-results
	require.Equal(t, runner.Killed, result.End, result.Reason)
	require.Contains(t, string(result.Output), "running")
	require.NoError(t, r.Forget(t.Context(), "deleted"))
}

func (c *real) testWrapperKilled(t *testing.T, r *Runner) {
	results := c.begin(t.Context(), t, r, choreJob("orphan", "report=100", "say=running", "rest=10m"))
	require.NoError(t, syscall.Kill(c.wrapper(t, "orphan"), syscall.SIGKILL))
	result := <-results
	require.Equal(t, runner.Killed, result.End, result.Reason)
	require.Contains(t, result.Reason, "137")
	require.Empty(t, result.Reports)
	require.NoError(t, r.Forget(t.Context(), "orphan"))
}

// wrapper is the process of a Run's wrapper, which is one of this machine.
func (c *real) wrapper(t *testing.T, run string) int {
	found, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(t, err)
	var wrappers []int
	for _, name := range found {
		text, err := os.ReadFile(name)
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err == nil && bytes.Contains(text, []byte(pod.URLVariable+"="+c.address.URL+"/runs/"+run+"\x00")) {
			wrappers = append(wrappers, pid)
		}
	}
	require.Len(t, wrappers, 1)
	return wrappers[0]
}

func (c *real) testSecrets(t *testing.T, r *Runner) {
	job := choreJob("secrets", "whoami", "account", "peek", "kill", "env=PASSWORD", "env=ASSAY_POD_TOKEN", "say=running", "rest=3s")
	job.Suite.Spec.Env = []tests.EnvVar{secretVariable("PASSWORD", "login", "password")}
	results := c.begin(t.Context(), t, r, job)
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
	log := newSeen("")
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
	results := c.begin(ctx, t, r, choreJob("cancelled", "say=running", "rest=10m"))
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
	results := c.begin(ctx, t, first, job)
	stop(runner.ErrStopping)
	require.Equal(t, runner.Cancelled, (<-results).End)
	jobs, err := c.client.BatchV1().Jobs(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)

	second := c.runner(t)
	log := newSeen("")
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

// BenchmarkRealRun takes turns: the same command as a Suite's Job, and in a bare Job. What it reports are the middle ones of their times,
// and by how much the first is longer.
func BenchmarkRealRun(b *testing.B) {
	c := newReal(b)
	r := c.runner(b)
	admin, err := clients.NewForConfig(c.Config())
	require.NoError(b, err)
	var suites, bares []time.Duration
	for b.Loop() {
		n := len(suites)
		job := choreJob(fmt.Sprintf("bench-%d", n))
		job.Files = fstest.MapFS{}
		began := time.Now()
		result, err := r.Run(b.Context(), job)
		suites = append(suites, time.Since(began))
		require.NoError(b, err)
		require.Equal(b, runner.Exited, result.End, result.Reason)
		require.NoError(b, r.Forget(b.Context(), job.ID))

		began = time.Now()
		bare(b, admin, fmt.Sprintf("bare-%d", n))
		bares = append(bares, time.Since(began))
	}
	slices.Sort(suites)
	slices.Sort(bares)
	suite, alone := suites[len(suites)/2].Seconds(), bares[len(bares)/2].Seconds()
	b.ReportMetric(suite, "suite-s")
	b.ReportMetric(alone, "bare-s")
	b.ReportMetric(100*(suite-alone)/alone, "overhead-%")
	b.ReportMetric(0, "ns/op")
}

// bare runs the same command in a Job that nobody watches over, until it is complete.
func bare(b *testing.B, admin *clients.Clientset, name string) {
	jobs := admin.BatchV1().Jobs("default")
	_, err := jobs.Create(b.Context(), &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever, AutomountServiceAccountToken: new(false),
			Containers: []corev1.Container{{Name: "chore", Image: choreImage, ImagePullPolicy: corev1.PullNever}},
		}}},
	}, metav1.CreateOptions{})
	require.NoError(b, err)
	require.Eventually(b, func() bool {
		job, err := jobs.Get(b.Context(), name, metav1.GetOptions{})
		return err == nil && conditionOf(job, batchv1.JobComplete) != nil
	}, time.Minute, 10*time.Millisecond)
}
