//go:build e2e

package resource

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
	"github.com/assay-dev/assay/testdata/stack"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

var (
	pipelineRuns = schema.GroupVersionResource{Group: "tekton.dev", Version: "v1", Resource: "pipelineruns"}
	workflows    = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "workflows"}
)

// rules are what the Runner needs in the namespace of the runs, for the kinds of the samples.
const rules = `
apiVersion: v1
kind: Namespace
metadata: {name: assay-runs}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: assay, namespace: assay-runs}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: assay-resources, namespace: assay-runs}
rules:
  - apiGroups: [tekton.dev, argoproj.io, k6.io]
    resources: [pipelineruns, workflows, testruns]
    verbs: [create, get, list, watch, delete]
  - apiGroups: [batch]
    resources: [jobs]
    verbs: [list, watch]
  - apiGroups: [""]
    resources: [events]
    verbs: [list, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: assay-resources, namespace: assay-runs}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: assay-resources}
subjects: [{kind: ServiceAccount, name: assay, namespace: assay-runs}]
`

// real is a real API server, and the controllers that the tests play.
type real struct {
	*stack.Cluster
	admin dynamic.Interface
	suite map[string]*tests.Suite
	files render.Tree
}

func newReal(t *testing.T) *real {
	t.Helper()
	r := &real{Cluster: stack.StartCluster(t, stack.Options{Controllers: true}), suite: map[string]*tests.Suite{}}
	crds, err := os.ReadFile("testdata/crds.yaml")
	require.NoError(t, err)
	r.Apply(t, string(crds))
	r.Apply(t, rules)
	r.admin, err = dynamic.NewForConfig(r.Config())
	require.NoError(t, err)
	tree, err := render.OpenDirectory("../../../testdata/samples/cluster")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tree.Close()) })
	r.files = tree
	set, err := tests.Load(t.Context(), render.NewBuilder(nil), tree, "overlays/staging", tests.Options{})
	require.NoError(t, err)
	for _, suite := range set.Suites {
		r.suite[suite.Name()] = suite
	}
	return r
}

func runnerOn(t *testing.T, config *rest.Config) *Runner {
	t.Helper()
	client, err := dynamic.NewForConfig(config)
	require.NoError(t, err)
	asked, err := discovery.NewDiscoveryClientForConfig(config)
	require.NoError(t, err)
	r, err := New(Options{Client: client, Discovery: memory.NewMemCacheClient(asked), Namespaces: cluster.Namespaces{Default: namespace}})
	require.NoError(t, err)
	return r
}

// runner has the rights of the rules above and no others.
func (r *real) runner(t *testing.T) *Runner {
	t.Helper()
	return runnerOn(t, r.ConfigFor(t, namespace, "assay"))
}

func (r *real) job(id, suite string) runner.Job {
	return runner.Job{
		ID: id, Environment: "staging", Suite: r.suite[suite], Files: r.files, Shards: 1,
		Env: map[string]string{"ASSAY_REVISION": "1234567"}, Matrix: map[string]string{"PRODUCT": "beans"},
	}
}

// created waits for the object of a Run.
func (r *real) created(t *testing.T, resource schema.GroupVersionResource, id string) *unstructured.Unstructured {
	t.Helper()
	var found *unstructured.Unstructured
	require.Eventually(t, func() bool {
		list, err := r.admin.Resource(resource).Namespace(namespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			return false
		}
		for _, object := range list.Items {
			if object.GetAnnotations()["assay.dev/run-id"] == id {
				found = &object
			}
		}
		return found != nil
	}, patience, 50*time.Millisecond)
	return found
}

func (r *real) gone(t *testing.T, resource schema.GroupVersionResource, name string) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, err := r.admin.Resource(resource).Namespace(namespace).Get(t.Context(), name, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	}, patience, 50*time.Millisecond)
}

// say writes a status, as the object's controller would: into the subresource, where the kind has one.
func (r *real) say(t *testing.T, resource schema.GroupVersionResource, object *unstructured.Unstructured, status string) {
	t.Helper()
	object.Object["status"] = parsed(t, status)
	subresource := []string{"status"}
	if resource == workflows {
		subresource = nil
	}
	_, err := r.admin.Resource(resource).Namespace(object.GetNamespace()).Update(t.Context(), object, metav1.UpdateOptions{}, subresource...)
	require.NoError(t, err)
}

func TestRealResources(t *testing.T) {
	r := newReal(t)
	t.Run("pipeline", r.testPipeline)
	t.Run("workflow", r.testWorkflow)
	t.Run("load test", r.testLoad)
	t.Run("not started", r.testNotStarted)
	t.Run("deleted by somebody", r.testDeleted)
	t.Run("time out", r.testTimeout)
	t.Run("cancel", r.testCancel)
	t.Run("leftovers", r.testLeftovers)
	t.Run("restart of the API server", r.testRestart)
}

func (r *real) testPipeline(t *testing.T) {
	runs := r.runner(t)
	f := start(t, runs, r.job("pipeline-1", "pipeline"))
	object := r.created(t, pipelineRuns, "pipeline-1")
	require.Equal(t, []any{
		map[string]any{"name": "url", "value": "http://checkout.shop-staging.svc"}, map[string]any{"name": "revision", "value": "1234567"},
	}, object.Object["spec"].(map[string]any)["params"])
	r.say(t, pipelineRuns, object, "{conditions: [{type: Succeeded, status: 'True', reason: Succeeded}], results: [{name: orders, value: '12'}]}")
	result := f.end(t)
	require.Equal(t, runner.Exited, result.End, result.Reason)
	require.Zero(t, result.ExitCode)
	got := read(t, result)
	require.Equal(t, report.Counts{Total: 1, Passed: 1}, got.Counts)
	require.Equal(t, map[string]float64{"orders": 12}, got.Metrics)
	require.NoError(t, runs.Forget(t.Context(), "pipeline-1"))
	r.gone(t, pipelineRuns, object.GetName())
}

func (r *real) testWorkflow(t *testing.T) {
	runs := r.runner(t)
	f := start(t, runs, r.job("workflow-1", "workflow"))
	object := r.created(t, workflows, "workflow-1")
	r.say(t, workflows, object, "{phase: Failed, message: child failed, nodes: {a: {type: Retry, name: w.find, displayName: find, phase: Succeeded}, b: {type: Retry, name: w.stock, displayName: stock, phase: Failed, message: exit code 22}}}")
	result := f.end(t)
	require.Equal(t, runner.Exited, result.End, result.Reason)
	require.Equal(t, 1, result.ExitCode)
	require.Equal(t, report.Counts{Total: 2, Passed: 1, Failed: 1}, read(t, result).Counts)
	require.NoError(t, runs.Forget(t.Context(), "workflow-1"))
}

func (r *real) testLoad(t *testing.T) {
	runs := r.runner(t)
	f := start(t, runs, r.job("load-1", "load"))
	object := r.created(t, testRuns, "load-1")
	for i, state := range []string{"{succeeded: 1}", "{failed: 1}"} {
		job := &unstructured.Unstructured{Object: parsed(t, fmt.Sprintf(`{apiVersion: batch/v1, kind: Job, metadata: {name: %s-%d, labels: {runner: 'true'}},
			spec: {suspend: true, template: {spec: {restartPolicy: Never, containers: [{name: k6, image: k6}]}}}}`, object.GetName(), i))}
		job.SetNamespace(namespace)
		job.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "k6.io/v1alpha1", Kind: "TestRun", Name: object.GetName(), UID: object.GetUID(), BlockOwnerDeletion: new(true)}})
		// The cluster's own controller sees to Jobs; one with another manager is the test's to move.
		require.NoError(t, unstructured.SetNestedField(job.Object, "example.com/test", "spec", "managedBy"))
		job, err := r.admin.Resource(batchv1.SchemeGroupVersion.WithResource("jobs")).Namespace(namespace).Create(t.Context(), job, metav1.CreateOptions{})
		require.NoError(t, err)
		r.say(t, batchv1.SchemeGroupVersion.WithResource("jobs"), job, state)
	}
	r.say(t, testRuns, object, "{stage: finished}")
	result := f.end(t)
	require.Equal(t, runner.Exited, result.End, result.Reason)
	require.Equal(t, 1, result.ExitCode, "a threshold was crossed in one of two runners")
	require.Equal(t, report.Counts{Total: 2, Passed: 1, Failed: 1}, read(t, result).Counts)
	require.NoError(t, runs.Forget(t.Context(), "load-1"))
	r.gone(t, testRuns, object.GetName())
	r.gone(t, batchv1.SchemeGroupVersion.WithResource("jobs"), object.GetName()+"-0")
}

func (r *real) testNotStarted(t *testing.T) {
	runs := r.runner(t)
	invalid := r.job("invalid", "load")
	suite := *invalid.Suite
	suite.Spec.Env = []tests.EnvVar{{Name: "CHECKOUT_URL"}, {Name: "RUNNERS", Value: "many"}}
	invalid.Suite = &suite
	unknown, forbidden := r.template("unknown", "example.com/v1", "Comet"), r.template("forbidden", "v1", "ConfigMap")
	for reason, job := range map[string]runner.Job{
		"spec.parallelism": invalid, "the cluster has no kind Comet": unknown, "Assay may not create configmaps": forbidden,
	} {
		result := start(t, runs, job).end(t)
		require.Equal(t, runner.NotStarted, result.End)
		require.Contains(t, result.Reason, reason)
	}

	r.Apply(t, crd("comets", "Comet"))
	require.Eventually(t, func() bool {
		result := start(t, runs, unknown).end(t)
		return result.End == runner.NotStarted && strings.Contains(result.Reason, "Assay may not create comets")
	}, patience, 100*time.Millisecond, "a kind that comes later is found, and refused for another reason")
}

func (r *real) testDeleted(t *testing.T) {
	f := start(t, r.runner(t), r.job("deleted-1", "pipeline"))
	object := r.created(t, pipelineRuns, "deleted-1")
	require.NoError(t, r.admin.Resource(pipelineRuns).Namespace(namespace).Delete(t.Context(), object.GetName(), metav1.DeleteOptions{}))
	result := f.end(t)
	require.Equal(t, runner.Killed, result.End)
	require.Contains(t, result.Reason, "was deleted before it had ended")
}

func (r *real) testTimeout(t *testing.T) {
	job := r.job("late-1", "pipeline")
	suite := *job.Suite
	suite.Spec.Timeout.Duration = 2 * time.Second
	job.Suite = &suite
	f := start(t, r.runner(t), job)
	object := r.created(t, pipelineRuns, "late-1")
	require.Equal(t, runner.TimedOut, f.end(t).End)
	r.gone(t, pipelineRuns, object.GetName())
}

func (r *real) testCancel(t *testing.T) {
	f := start(t, r.runner(t), r.job("cancel-1", "workflow"))
	object := r.created(t, workflows, "cancel-1")
	f.cancel()
	require.Equal(t, runner.Cancelled, f.end(t).End)
	r.gone(t, workflows, object.GetName())
}

// An Assay that died left two objects; the next one adopts what it asks for and deletes the other.
func (r *real) testLeftovers(t *testing.T) {
	for _, id := range []string{"kept", "orphan"} {
		died := r.runner(t)
		object, err := died.objectOf(r.job(id, "pipeline"))
		require.NoError(t, err)
		_, err = died.at(place{pipelineRuns, namespace, object.GetName()}).Create(t.Context(), object, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	kept, orphan := r.created(t, pipelineRuns, "kept"), r.created(t, pipelineRuns, "orphan")
	next := r.runner(t)
	next.options.Orphan = time.Second
	f := start(t, next, r.job("kept", "pipeline"))
	require.Eventually(t, func() bool { return next.asked("kept") }, patience, 10*time.Millisecond)
	require.NoError(t, next.Recover(t.Context()))
	r.gone(t, pipelineRuns, orphan.GetName())
	r.say(t, pipelineRuns, kept, "{conditions: [{type: Succeeded, status: 'True'}]}")
	require.Equal(t, runner.Exited, f.end(t).End)
}

func (r *real) testRestart(t *testing.T) {
	f := start(t, r.runner(t), r.job("restart-1", "pipeline"))
	object := r.created(t, pipelineRuns, "restart-1")
	r.RestartAPIServer(t, 2*time.Second)
	require.Eventually(t, func() bool {
		_, err := r.admin.Resource(pipelineRuns).Namespace(namespace).Get(context.WithoutCancel(t.Context()), object.GetName(), metav1.GetOptions{})
		return err == nil
	}, patience, 100*time.Millisecond)
	r.say(t, pipelineRuns, object, "{conditions: [{type: Succeeded, status: 'False', reason: Failed, message: a task failed}]}")
	result := f.end(t)
	require.Equal(t, runner.Exited, result.End, result.Reason)
	require.Equal(t, 1, result.ExitCode)
}

// template is a Job of a Suite whose resource is an empty object of that kind.
func (r *real) template(id, version, kind string) runner.Job {
	job := r.job(id, "pipeline")
	suite := *job.Suite
	suite.Spec.Resource = &tests.Resource{Success: "true", Template: map[string]any{"apiVersion": version, "kind": kind}}
	job.Suite = &suite
	return job
}

func crd(plural, kind string) string {
	return fmt.Sprintf(`{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: %s.example.com}, spec: {group: example.com, scope: Namespaced,
		names: {kind: %s, plural: %s}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}}`, plural, kind, plural)
}
