package resource

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
)

func TestEnds(t *testing.T) {
	for name, test := range map[string]struct {
		status string
		end    runner.End
		code   int
		reason string
		counts report.Counts
	}{
		"success":      {status: "{phase: Done, message: all well, p95: 0.2}", end: runner.Exited, counts: report.Counts{Total: 1, Passed: 1}},
		"failure":      {status: "{phase: Bad, message: too slow, p95: 9}", end: runner.Exited, code: 1, counts: report.Counts{Total: 1, Failed: 1}},
		"inconclusive": {status: "{phase: Lost, message: evicted}", end: runner.Killed, code: -1, reason: "evicted"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCluster(t)
				r := c.runner(t)
				f := start(t, r, probe("run-1"))
				synctest.Wait()
				c.say(t, probes, "{phase: Running}")
				synctest.Wait()
				c.say(t, probes, test.status)
				result := f.end(t)
				require.Equal(t, test.end, result.End)
				require.Equal(t, test.code, result.ExitCode)
				require.Equal(t, test.reason, result.Reason)
				require.Contains(t, string(result.Output), "phase Running\n")
				if test.end == runner.Exited {
					got := read(t, result)
					require.Equal(t, test.counts, got.Counts)
					require.Contains(t, got.Metrics, "p95")
				}
				require.NoError(t, r.Forget(t.Context(), "run-1"))
				c.none(t, probes)
				require.NoError(t, r.Forget(t.Context(), "run-1"), "there is nothing to forget")
			})
		})
	}
}

func TestWhatIsCreated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		f := start(t, c.runner(t), probe("run-1"))
		synctest.Wait()
		object := c.only(t, probes)
		require.Regexp(t, "^probe-[0-9a-f]{12}$", object.GetName())
		require.Equal(t, namespace, object.GetNamespace())
		require.Equal(t, "run-1", object.GetAnnotations()[cluster.RunID])
		require.Equal(t, "staging", object.GetLabels()[cluster.Environment])
		require.Equal(t, "assay", object.GetLabels()[cluster.ManagedBy])
		revision, _, err := unstructured.NestedString(object.Object, "spec", "revision")
		require.NoError(t, err)
		require.Equal(t, "12345678", revision, "what is quoted stays a text")
		c.say(t, probes, "{phase: Done}")
		require.Equal(t, runner.Exited, f.end(t).End)
	})
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		f := start(t, c.runner(t), probe("run-1"))
		synctest.Wait()
		c.say(t, probes, "{phase: Running, p95: 3}")
		began := time.Now()
		result := f.end(t)
		require.Equal(t, runner.TimedOut, result.End)
		require.Equal(t, 10*time.Minute, time.Since(began))
		require.Contains(t, result.Reason, "did not end within 10m0s; it was last seen at phase Running")
		require.Equal(t, map[string]float64{"p95": 3}, read(t, result).Metrics, "what is known so far is kept")
		c.none(t, probes)
	})
}

func TestAConditionThatCannotTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		job := probe("run-1")
		job.Suite.Spec.Resource.Success = "object.status.phaze == 'Done'"
		f := start(t, c.runner(t), job)
		synctest.Wait()
		c.say(t, probes, "{phase: Done}")
		result := f.end(t)
		require.Equal(t, runner.TimedOut, result.End)
		require.Contains(t, result.Reason, "condition of success cannot be computed: no such key: phaze")
	})
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		f := start(t, c.runner(t), probe("run-1"))
		synctest.Wait()
		f.cancel()
		result := f.end(t)
		require.Equal(t, runner.Cancelled, result.End)
		c.none(t, probes)
	})
}

func TestDeletedBySomebody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		f := start(t, c.runner(t), probe("run-1"))
		synctest.Wait()
		require.NoError(t, c.in(probes).Delete(t.Context(), c.only(t, probes).GetName(), metav1.DeleteOptions{}))
		result := f.end(t)
		require.Equal(t, runner.Killed, result.End)
		require.Contains(t, result.Reason, "was deleted before it had ended")
	})
}

func TestNotStarted(t *testing.T) {
	group := probes.GroupResource()
	for name, test := range map[string]struct {
		change func(c *fakeCluster, job *runner.Job)
		reason string
	}{
		"no such kind": {
			func(_ *fakeCluster, job *runner.Job) {
				job.Suite.Spec.Resource.File, job.Suite.Spec.Resource.Template = "", map[string]any{"apiVersion": "example.com/v1", "kind": "Comet"}
			}, "the cluster has no kind Comet of example.com/v1: install its CustomResourceDefinition",
		},
		"no part of a namespace": {
			func(_ *fakeCluster, job *runner.Job) {
				job.Suite.Spec.Resource.File, job.Suite.Spec.Resource.Template = "", map[string]any{"apiVersion": "example.com/v1", "kind": "Planet"}
			}, "no part of a namespace",
		},
		"no file": {func(_ *fakeCluster, job *runner.Job) { job.Suite.Spec.Resource.File = "absent.yaml" }, "absent.yaml"},
		"forbidden": {func(c *fakeCluster, _ *runner.Job) {
			c.refuse("create", "probes", apierrors.NewForbidden(group, "p", nil), 1<<30)
		}, "Assay may not create probes.example.com"},
		"invalid": {func(c *fakeCluster, _ *runner.Job) {
			c.refuse("create", "probes", apierrors.NewBadRequest("spec.url: required"), 1)
		}, "spec.url: required"},
		"a secret": {
			func(_ *fakeCluster, job *runner.Job) { job.Suite.Spec.Env = secretEnv() }, "variable TOKEN is a secret",
		},
		"a variable without a value": {func(_ *fakeCluster, job *runner.Job) { delete(job.Env, "ASSAY_REVISION") }, "give the variable a value in env or a default"},
		"may not be watched": {func(c *fakeCluster, _ *runner.Job) {
			c.refuse("list", "probes", apierrors.NewForbidden(group, "p", nil), 1<<30)
		}, "Assay may not watch"},
		"no condition": {func(_ *fakeCluster, job *runner.Job) { job.Suite.Spec.Resource.Success = "" }, "does not know when a Probe of example.com/v1 has succeeded"},
		"no resource":  {func(_ *fakeCluster, job *runner.Job) { job.Suite.Spec.Resource = nil }, "the Suite has no resource"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, job := newCluster(t), probe("run-1")
				test.change(c, &job)
				result := start(t, c.runner(t), job).end(t)
				require.Equal(t, runner.NotStarted, result.End)
				require.Equal(t, -1, result.ExitCode)
				require.Contains(t, result.Reason, test.reason)
			})
		})
	}
}

func TestAnAPIServerThatIsAwayForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		away := apierrors.NewServiceUnavailable("restarting")
		for _, verb := range []string{"create", "list", "watch", "delete"} {
			c.refuse(verb, "probes", away, 3)
		}
		r := c.runner(t)
		f := start(t, r, probe("run-1"))
		require.Eventually(t, func() bool { return created(c) }, time.Minute, time.Second)
		c.say(t, probes, "{phase: Done}")
		require.Equal(t, runner.Exited, f.end(t).End)
		require.NoError(t, r.Forget(t.Context(), "run-1"))
		c.none(t, probes)
	})
}

func created(c *fakeCluster) bool {
	for _, action := range c.Actions() {
		if action.Matches("watch", "probes") {
			objects, err := c.Tracker().List(probes, probes.GroupVersion().WithKind("Probe"), namespace)
			if err == nil && len(objects.(*unstructured.UnstructuredList).Items) == 1 {
				return true
			}
		}
	}
	return false
}

func TestAdoption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		before := start(t, c.runner(t), probe("run-1"))
		synctest.Wait()
		uid := c.only(t, probes).GetUID()
		c.say(t, probes, "{phase: Running}")

		time.Sleep(4 * time.Minute) // of the bubble
		after := start(t, c.runner(t), probe("run-1"))
		synctest.Wait()
		require.Equal(t, uid, c.only(t, probes).GetUID(), "nothing is run twice")
		result := after.end(t)
		require.Equal(t, runner.TimedOut, result.End, "the time counts from the creation")
		before.end(t)

		c = newCluster(t)
		first := start(t, c.runner(t), probe("run-1"))
		synctest.Wait()
		c.say(t, probes, "{phase: Done}")
		first.end(t)
		again := start(t, c.runner(t), probe("run-1")).end(t)
		require.Equal(t, runner.Exited, again.End, "what has ended meanwhile is its own answer")

		other := probe("run-1")
		other.Env["ASSAY_REVISION"] = "87654321"
		result = start(t, c.runner(t), other).end(t)
		require.Equal(t, runner.NotStarted, result.End)
		require.Contains(t, result.Reason, "was not created for this run")
	})
}

func TestRecover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		for _, id := range []string{"kept", "orphan"} {
			before := c.runner(t)
			object, err := before.objectOf(probe(id))
			require.NoError(t, err)
			_, err = c.in(probes).Create(t.Context(), object, metav1.CreateOptions{})
			require.NoError(t, err)
		}
		somebodys := &unstructured.Unstructured{Object: parsed(t, "{apiVersion: example.com/v1, kind: Probe, metadata: {name: theirs}}")}
		_, err := c.in(probes).Create(t.Context(), somebodys, metav1.CreateOptions{})
		require.NoError(t, err)

		r := c.runner(t)
		require.NoError(t, r.Recover(t.Context()))
		f := start(t, r, probe("kept"))
		time.Sleep(9 * time.Minute) // of the bubble
		require.Len(t, names(t, c), 3, "an object may be asked for again for a while")
		time.Sleep(2 * time.Minute)
		f.end(t)
		require.NotContains(t, names(t, c), "orphan")
		require.Contains(t, names(t, c), "", "that of somebody else")
	})
}

// names are the IDs of the Runs that the Probes belong to.
func names(t *testing.T, c *fakeCluster) []string {
	t.Helper()
	list, err := c.in(probes).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	ids := []string{}
	for _, object := range list.Items {
		ids = append(ids, object.GetAnnotations()[cluster.RunID])
	}
	return ids
}

func TestJobsAndEventsOfTheObject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		job := probe("run-1")
		job.Suite.Spec.Resource.File, job.Suite.Spec.Resource.Success, job.Suite.Spec.Resource.Failure = "", "", ""
		job.Suite.Spec.Resource.Inconclusive, job.Suite.Spec.Resource.Message, job.Suite.Spec.Resource.Metrics = "", "", ""
		job.Suite.Spec.Resource.Template = parsed(t, "{apiVersion: k6.io/v1alpha1, kind: TestRun, spec: {parallelism: 1, arguments: '--tag run=${ASSAY_RUN}'}}")
		var log bytes.Buffer
		job.Log = &log
		f := start(t, c.runner(t), job)
		synctest.Wait()
		c.say(t, testRuns, "{stage: finished}")
		run := c.only(t, testRuns)
		event := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "Event", "metadata": map[string]any{"name": "e"}, "type": "Warning", "reason": "Slow", "message": "no node",
			"involvedObject": map[string]any{"uid": string(run.GetUID())},
		}}
		_, err := c.in(events).Create(t.Context(), event, metav1.CreateOptions{})
		require.NoError(t, err)
		synctest.Wait()
		require.Empty(t, f.results, "that it is finished says nothing of the thresholds")

		runners := &unstructured.Unstructured{Object: parsed(t, "{apiVersion: batch/v1, kind: Job, metadata: {name: t-1, labels: {runner: 'true'}}, status: {failed: 1}}")}
		runners.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "k6.io/v1alpha1", Kind: "TestRun", Name: run.GetName(), UID: run.GetUID()}})
		_, err = c.in(batchJobs).Create(t.Context(), runners, metav1.CreateOptions{})
		require.NoError(t, err)
		result := f.end(t)
		require.Equal(t, runner.Exited, result.End)
		require.Equal(t, 1, result.ExitCode)
		require.Equal(t, report.Counts{Total: 1, Failed: 1}, read(t, result).Counts)
		require.Contains(t, log.String(), "Warning Slow: no node\n")
	})
}
