package resource

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/discovery/cached/memory"
	fakediscovery "k8s.io/client-go/discovery/fake"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"
	"sigs.k8s.io/yaml"

	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
	"github.com/assay-dev/assay/sources/tests"
)

const namespace = "assay-runs"

var (
	probes    = schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "probes"}
	testRuns  = schema.GroupVersionResource{Group: "k6.io", Version: "v1alpha1", Resource: "testruns"}
	batchJobs = schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}
	events    = schema.GroupVersionResource{Version: "v1", Resource: "events"}
)

// fakeCluster is an API server with a few kinds, and no controller.
type fakeCluster struct {
	*fake.FakeDynamicClient
	discovery *fakediscovery.FakeDiscovery
}

func newCluster(t *testing.T) *fakeCluster {
	t.Helper()
	client := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{
		probes: "ProbeList", testRuns: "TestRunList", batchJobs: "JobList", events: "EventList",
	})
	client.PrependReactor("create", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		object := action.(clienttesting.CreateAction).GetObject().(*unstructured.Unstructured)
		object.SetUID(uuid.NewUUID())
		object.SetCreationTimestamp(metav1.NewTime(time.Now()))
		return false, nil, nil
	})
	discovery := &fakediscovery.FakeDiscovery{Fake: &clienttesting.Fake{}}
	verbs := metav1.Verbs{"create", "list", "delete", "watch", "get"}
	discovery.Resources = []*metav1.APIResourceList{
		{GroupVersion: "example.com/v1", APIResources: []metav1.APIResource{
			{Name: "probes", Kind: "Probe", Namespaced: true, Verbs: verbs}, {Name: "planets", Kind: "Planet", Verbs: verbs},
		}},
		{GroupVersion: "k6.io/v1alpha1", APIResources: []metav1.APIResource{{Name: "testruns", Kind: "TestRun", Namespaced: true, Verbs: verbs}}},
		{GroupVersion: "batch/v1", APIResources: []metav1.APIResource{{Name: "jobs", Kind: "Job", Namespaced: true, Verbs: verbs}}},
		{GroupVersion: "v1", APIResources: []metav1.APIResource{{Name: "secrets", Kind: "Secret", Namespaced: true, Verbs: verbs}}},
	}
	return &fakeCluster{client, discovery}
}

func (c *fakeCluster) runner(t *testing.T) *Runner {
	t.Helper()
	r, err := New(Options{Client: c, Discovery: memory.NewMemCacheClient(c.discovery), Namespaces: cluster.Namespaces{Default: namespace}})
	require.NoError(t, err)
	return r
}

func (c *fakeCluster) in(resource schema.GroupVersionResource) dynamic.ResourceInterface {
	return c.Resource(resource).Namespace(namespace)
}

// only is the one object of a kind.
func (c *fakeCluster) only(t *testing.T, resource schema.GroupVersionResource) *unstructured.Unstructured {
	t.Helper()
	list, err := c.in(resource).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
	return &list.Items[0]
}

func (c *fakeCluster) none(t *testing.T, resource schema.GroupVersionResource) {
	t.Helper()
	list, err := c.in(resource).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Empty(t, list.Items)
}

// say writes a status, as the object's controller would.
func (c *fakeCluster) say(t *testing.T, resource schema.GroupVersionResource, status string) {
	t.Helper()
	object := c.only(t, resource)
	object.Object["status"] = parsed(t, status)
	_, err := c.in(resource).Update(t.Context(), object, metav1.UpdateOptions{})
	require.NoError(t, err)
}

// refuse makes the API server answer requests of one verb so, the given number of times.
func (c *fakeCluster) refuse(verb, resource string, err *apierrors.StatusError, times int) {
	var mu sync.Mutex
	reaction := func(clienttesting.Action) (bool, runtime.Object, error) {
		mu.Lock()
		defer mu.Unlock()
		times--
		return times >= 0, nil, err
	}
	c.PrependReactor(verb, resource, reaction)
}

// probe is a Job of a Suite whose resource is a Probe.
func probe(id string) runner.Job {
	suite := &tests.Suite{Origin: tests.Origin{File: "suites/probe/suite.yaml", Name: "probe"}}
	suite.Metadata.Name = "probe"
	suite.Spec.Resource = &tests.Resource{
		File: "probe.yaml", Success: "object.status.phase == 'Done'", Failure: "object.status.phase == 'Bad'", Inconclusive: "object.status.phase == 'Lost'",
		Message: "object.status.message", Metrics: "{'p95': object.status.p95}",
	}
	suite.Default()
	return runner.Job{
		ID: id, Environment: "staging", Suite: suite, Shards: 1, Env: map[string]string{"ASSAY_REVISION": "12345678"},
		Files: fstest.MapFS{"suites/probe/probe.yaml": {Data: []byte("apiVersion: example.com/v1\nkind: Probe\nspec: {revision: \"${ASSAY_REVISION}\"}\n")}},
	}
}

// flight is a Run in the background.
type flight struct {
	cancel  context.CancelFunc
	results chan runner.Result
	errors  chan error
}

func start(t *testing.T, r *Runner, job runner.Job) *flight {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	f := &flight{cancel: cancel, results: make(chan runner.Result, 1), errors: make(chan error, 1)}
	go func() {
		result, err := r.Run(ctx, job)
		f.errors <- err
		f.results <- result
	}()
	return f
}

func (f *flight) end(t *testing.T) runner.Result {
	t.Helper()
	defer f.cancel()
	require.NoError(t, <-f.errors)
	return <-f.results
}

// read is the report that a Run left.
func read(t *testing.T, result runner.Result) *report.Report {
	t.Helper()
	require.Len(t, result.Reports, 1)
	file := result.Reports[0]
	require.Equal(t, tests.ResourceReport, file.Path)
	opened, err := file.Open()
	require.NoError(t, err)
	data, err := io.ReadAll(opened)
	require.NoError(t, err)
	require.True(t, json.Valid(data))
	require.EqualValues(t, len(data), file.Size)
	got, err := report.Parse(t.Context(), bytes.NewReader(data), report.Options{Name: file.Path, Format: file.Format})
	require.NoError(t, err)
	return got
}

// parsed reads YAML as the API server's JSON is read.
func parsed(t *testing.T, text string) map[string]any {
	t.Helper()
	var object map[string]any
	data, err := yaml.YAMLToJSON([]byte(text))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &object))
	return object
}

func asYAML(t *testing.T, value any) string {
	t.Helper()
	data, err := yaml.Marshal(value)
	require.NoError(t, err)
	return string(data)
}
