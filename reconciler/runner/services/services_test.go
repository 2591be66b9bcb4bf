package services

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
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
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
)

var (
	deployments = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	configMaps  = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	kubernetes  = schema.GroupVersionResource{Version: "v1", Resource: "services"}
)

// fakeCluster is an API server with a few kinds, and no controller.
type fakeCluster struct {
	*fake.FakeDynamicClient
	discovery *fakediscovery.FakeDiscovery
}

func newCluster() *fakeCluster {
	client := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{
		namespaces: "NamespaceList", deployments: "DeploymentList", configMaps: "ConfigMapList", kubernetes: "ServiceList",
	})
	client.PrependReactor("create", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		action.(clienttesting.CreateAction).GetObject().(*unstructured.Unstructured).SetUID(uuid.NewUUID())
		return false, nil, nil
	})
	discovery := &fakediscovery.FakeDiscovery{Fake: &clienttesting.Fake{}}
	discovery.Resources = []*metav1.APIResourceList{
		{GroupVersion: "v1", APIResources: []metav1.APIResource{
			{Name: "namespaces", Kind: "Namespace"}, {Name: "configmaps", Kind: "ConfigMap", Namespaced: true}, {Name: "services", Kind: "Service", Namespaced: true},
		}},
		{GroupVersion: "apps/v1", APIResources: []metav1.APIResource{{Name: "deployments", Kind: "Deployment", Namespaced: true}}},
		{GroupVersion: "rbac.authorization.k8s.io/v1", APIResources: []metav1.APIResource{{Name: "clusterroles", Kind: "ClusterRole"}}},
	}
	return &fakeCluster{client, discovery}
}

func (c *fakeCluster) namespaces(t *testing.T) []string {
	t.Helper()
	list, err := c.Resource(namespaces).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	names := []string{}
	for _, namespace := range list.Items {
		names = append(names, namespace.GetName())
	}
	return names
}

// say writes a status, as the object's controller would.
func (c *fakeCluster) say(t *testing.T, namespace, name string, status map[string]any) {
	t.Helper()
	client := c.Resource(deployments).Namespace(namespace)
	object, err := client.Get(t.Context(), name, metav1.GetOptions{})
	require.NoError(t, err)
	object.Object["status"] = status
	_, err = client.Update(t.Context(), object, metav1.UpdateOptions{})
	require.NoError(t, err)
}

// available is the status of a Deployment that is.
var available = map[string]any{
	"observedGeneration": int64(0), "replicas": int64(1), "updatedReplicas": int64(1), "readyReplicas": int64(1), "availableReplicas": int64(1),
	"conditions": []any{map[string]any{"type": "Available", "status": "True"}},
}

// inner is a Runner that keeps what it was asked.
type inner struct {
	mu        sync.Mutex
	jobs      []runner.Job
	forgotten []string
	recovered bool
	meanwhile func()
	end       runner.End
	err       error
}

func (i *inner) Run(_ context.Context, job runner.Job) (runner.Result, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.jobs = append(i.jobs, job)
	if i.meanwhile != nil {
		i.meanwhile()
	}
	return runner.Result{End: cmp.Or(i.end, runner.Exited)}, i.err
}

func (i *inner) Forget(_ context.Context, id string) error {
	i.forgotten = append(i.forgotten, id)
	return nil
}

func (i *inner) Recover(context.Context) error {
	i.recovered = true
	return nil
}

func (i *inner) Isolation() (string, bool) { return "well kept", true }

func (c *fakeCluster) runner(t *testing.T, i runner.Runner) *Runner {
	t.Helper()
	r, err := New(i, Options{Client: c, Discovery: memory.NewMemCacheClient(c.discovery), Builder: render.NewBuilder(nil)})
	require.NoError(t, err)
	return r
}

// database is what a folder may hold.
var database = map[string]string{
	"kustomization.yaml": "resources: [db.yaml]\nconfigMapGenerator: [{name: settings, literals: [a=b]}]\n",
	"db.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: db}\nspec: {replicas: 1}\n---\n" +
		"apiVersion: v1\nkind: Service\nmetadata: {name: my-db}\nspec: {ports: [{port: 5432}], clusterIP: None}\n",
}

// jobWith is a Job whose Suite has the folder as its service, and those files.
func jobWith(t *testing.T, files map[string]string) runner.Job {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		file := filepath.Join(dir, "suites/api/db", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(content), 0o644))
	}
	tree, err := render.OpenDirectory(dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tree.Close()) })
	suite := &tests.Suite{Origin: tests.Origin{File: "suites/api/suite.yaml", Name: "api"}}
	suite.Metadata.Name = "api"
	suite.Spec.Services = []tests.Service{{Name: "db", Path: "db"}, {Name: "redis", Image: "redis", Ports: []int{6379}}}
	suite.Default()
	return runner.Job{ID: "run-1", Environment: "staging", Suite: suite, Shards: 1, Files: tree, Env: map[string]string{"ASSAY_GATE": "shop"}}
}

type flight struct {
	cancel  context.CancelFunc
	results chan runner.Result
}

func start(t *testing.T, r runner.Runner, job runner.Job) flight {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	f := flight{cancel, make(chan runner.Result, 1)}
	go func() {
		result, err := r.Run(ctx, job)
		if err != nil {
			result.Reason = err.Error()
		}
		f.results <- result
	}()
	return f
}

func (f flight) end() runner.Result {
	defer f.cancel()
	return <-f.results
}

func TestServicesAreThereForTheRunAndGoneAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, i := newCluster(), &inner{}
		i.meanwhile = func() { require.Equal(t, []string{namespaceOf("run-1")}, c.namespaces(t)) }
		f := start(t, c.runner(t, i), jobWith(t, database))
		synctest.Wait()
		require.Empty(t, i.jobs, "the database is not ready yet")
		namespace, err := c.Resource(namespaces).Get(t.Context(), namespaceOf("run-1"), metav1.GetOptions{})
		require.NoError(t, err)
		require.Equal(t, "restricted", namespace.GetLabels()["pod-security.kubernetes.io/enforce"])
		require.Equal(t, "run-1", namespace.GetAnnotations()[cluster.RunID])

		c.say(t, namespaceOf("run-1"), "db", available)
		require.Equal(t, runner.Exited, f.end().End)
		require.Equal(t, map[string]string{
			"ASSAY_GATE": "shop", "ASSAY_SERVICES_NAMESPACE": namespaceOf("run-1"), cluster.ServicesUID: string(namespace.GetUID()),
			"ASSAY_SERVICE_MY_DB": "my-db." + namespaceOf("run-1") + ".svc:5432", "ASSAY_SERVICE_REDIS": "localhost:6379",
		}, i.jobs[0].Env)
		require.Empty(t, c.namespaces(t))
	})
}

func TestServicesThatDoNotComeUp(t *testing.T) {
	for name, test := range map[string]struct {
		files  map[string]string
		change func(c *fakeCluster, job *runner.Job)
		reason string
	}{
		"not ready in time": {files: database, reason: "services: db was not ready within 2m0s: Deployment db: "},
		"failed for good": {files: map[string]string{
			"kustomization.yaml": "resources: [db.yaml]\n",
			"db.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: db}\nspec: {}\nstatus:\n  conditions: [{type: Progressing, status: 'False', " +
				"reason: ProgressDeadlineExceeded}]\n",
		}, reason: "Deployment db has failed"},
		"of the whole cluster": {files: map[string]string{
			"kustomization.yaml": "resources: [role.yaml]\n", "role.yaml": "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: all}\n",
		}, reason: "services: db: ClusterRole all: a ClusterRole of rbac.authorization.k8s.io/v1 is no part of a namespace"},
		"a namespace": {files: map[string]string{
			"kustomization.yaml": "resources: [n.yaml]\n", "n.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: mine}\n",
		}, reason: "a Namespace of v1 is no part of a namespace"},
		"an unknown kind": {files: map[string]string{
			"kustomization.yaml": "resources: [k.yaml]\n", "k.yaml": "apiVersion: kafka.strimzi.io/v1\nkind: Kafka\nmetadata: {name: k}\n",
		}, reason: "the cluster has no kind Kafka"},
		"not to be built": {files: map[string]string{"kustomization.yaml": "resources: [absent.yaml]\n"}, reason: "absent.yaml"},
		"nothing":         {files: map[string]string{"kustomization.yaml": "nameSuffix: -x\n"}, reason: "it renders nothing"},
		"files from outside": {files: map[string]string{
			"kustomization.yaml": "resources: [../../common]\n", "../../common/kustomization.yaml": "resources: [c.yaml]\n",
			"../../common/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n",
		}, reason: "suites/common"},
		"no namespaces allowed": {files: database, change: func(c *fakeCluster, _ *runner.Job) {
			c.PrependReactor("*", "namespaces", func(clienttesting.Action) (bool, runtime.Object, error) {
				return true, nil, apierrors.NewForbidden(namespaces.GroupResource(), "x", errors.New("no"))
			})
		}, reason: "the operator has to allow services that are folders"},
		"what may not be created": {files: database, change: func(c *fakeCluster, _ *runner.Job) {
			c.PrependReactor("create", "services", func(clienttesting.Action) (bool, runtime.Object, error) {
				return true, nil, apierrors.NewForbidden(kubernetes.GroupResource(), "x", errors.New("no"))
			})
		}, reason: "db: Assay may not create Service my-db"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, i, job := newCluster(), &inner{}, jobWith(t, test.files)
				r := c.runner(t, i)
				if test.change != nil {
					test.change(c, &job)
				}
				result := start(t, r, job).end()
				require.Equal(t, runner.NotStarted, result.End, result.Reason)
				require.Contains(t, result.Reason, test.reason)
				require.Empty(t, result.Notes)
				require.Empty(t, i.jobs)
				if name != "no namespaces allowed" {
					require.Empty(t, c.namespaces(t))
				}
			})
		})
	}
}

func TestServicesAreGoneWhateverHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, i := newCluster(), &inner{}
		cancelled := start(t, c.runner(t, i), jobWith(t, database))
		synctest.Wait()
		cancelled.cancel()
		require.Equal(t, runner.Cancelled, cancelled.end().End)
		require.Empty(t, c.namespaces(t))

		i.err = errors.New("the disk is full")
		f := start(t, c.runner(t, i), jobWith(t, database))
		synctest.Wait()
		c.say(t, namespaceOf("run-1"), "db", available)
		require.Equal(t, "the disk is full", f.end().Reason)
		require.Empty(t, c.namespaces(t))
	})
}

func TestAnAPIServerThatIsAwayWhenTheRunEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, i := newCluster(), &inner{}
		away := true
		c.PrependReactor("delete", "namespaces", func(clienttesting.Action) (bool, runtime.Object, error) {
			return away, nil, apierrors.NewServiceUnavailable("restarting")
		})
		r := c.runner(t, i)
		f := start(t, r, jobWith(t, database))
		synctest.Wait()
		c.say(t, namespaceOf("run-1"), "db", available)
		result := f.end()
		require.Equal(t, runner.Exited, result.End, "its evidence is none the worse")
		require.Len(t, result.Notes, 1)
		away = false
		require.NoError(t, r.Forget(t.Context(), "run-1"))
		require.Empty(t, c.namespaces(t))
		require.Equal(t, []string{"run-1"}, i.forgotten)
	})
}

func TestARunAfterARestartFindsItsServices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, i, job := newCluster(), &inner{}, jobWith(t, database)
		before := c.runner(t, i)
		_, err := before.makeNamespace(t.Context(), job)
		require.NoError(t, err)
		orphan := job
		orphan.ID = "orphan"
		_, err = before.makeNamespace(t.Context(), orphan)
		require.NoError(t, err)
		theirs := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "kube-system"}}}
		_, err = c.Resource(namespaces).Create(t.Context(), theirs, metav1.CreateOptions{})
		require.NoError(t, err)

		r := c.runner(t, i)
		require.NoError(t, r.Recover(t.Context()))
		require.True(t, i.recovered)
		job.Suite.Spec.Services[0].Timeout.Duration = time.Hour
		f := start(t, r, job)
		require.Eventually(t, func() bool { return len(c.namespaces(t)) == 2 }, time.Hour, time.Minute)
		require.ElementsMatch(t, []string{namespaceOf("run-1"), "kube-system"}, c.namespaces(t), "nobody asks for the third")
		c.say(t, namespaceOf("run-1"), "db", available)
		require.Equal(t, runner.Exited, f.end().End)
		require.Equal(t, []string{"kube-system"}, c.namespaces(t))
	})
}

func TestSuitesWithoutFoldersNeedNoCluster(t *testing.T) {
	c, i, job := newCluster(), &inner{}, jobWith(t, nil)
	job.Suite.Spec.Services = job.Suite.Spec.Services[1:]
	result, err := c.runner(t, i).Run(t.Context(), job)
	require.NoError(t, err)
	require.Equal(t, runner.Exited, result.End)
	require.Equal(t, "localhost:6379", i.jobs[0].Env["ASSAY_SERVICE_REDIS"])
	require.Empty(t, c.Actions())
}
