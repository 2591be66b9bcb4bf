//go:build e2e

package services

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/testdata/stack"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

// rules are what services that are folders need, for the kinds of the folder below. Namespaces are made by the Run, so the
// rights are the whole cluster's.
const rules = `
apiVersion: v1
kind: Namespace
metadata: {name: assay-system}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: assay, namespace: assay-system}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: assay-services}
rules:
  - apiGroups: [""]
    resources: [namespaces]
    verbs: [create, get, list, delete]
  - apiGroups: [""]
    resources: [configmaps, services]
    verbs: [create, get]
  - apiGroups: [apps]
    resources: [deployments]
    verbs: [create, get, list, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: assay-services}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: assay-services}
subjects: [{kind: ServiceAccount, name: assay, namespace: assay-system}]
`

// idle is a folder whose Deployment is ready without a node: it wants no pod.
var idle = map[string]string{
	"kustomization.yaml": "resources: [db.yaml]\nconfigMapGenerator: [{name: settings, literals: [a=b]}]\n",
	"db.yaml": `
apiVersion: apps/v1
kind: Deployment
metadata: {name: db}
spec:
  replicas: 0
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: postgres}]}
---
apiVersion: v1
kind: Service
metadata: {name: my-db}
spec: {selector: {app: db}, ports: [{port: 5432}]}
`,
}

func TestRealServices(t *testing.T) {
	cluster := stack.StartCluster(t, stack.Options{Controllers: true})
	cluster.Apply(t, rules)
	config := cluster.ConfigFor(t, "assay-system", "assay")
	client, err := dynamic.NewForConfig(config)
	require.NoError(t, err)
	asked, err := discovery.NewDiscoveryClientForConfig(config)
	require.NoError(t, err)
	withServices := func(i *inner) *Runner {
		r, err := New(i, Options{Client: client, Discovery: memory.NewMemCacheClient(asked), Builder: render.NewBuilder(nil), Orphan: time.Second})
		require.NoError(t, err)
		return r
	}
	there := func(id string) bool {
		namespace, err := client.Resource(namespaces).Get(t.Context(), namespaceOf(id), metav1.GetOptions{})
		return err == nil && namespace.GetDeletionTimestamp() == nil
	}
	gone := func(t *testing.T, id string) {
		require.Eventually(t, func() bool {
			_, err := client.Resource(namespaces).Get(t.Context(), namespaceOf(id), metav1.GetOptions{})
			return apierrors.IsNotFound(err)
		}, patience, 50*time.Millisecond)
	}

	t.Run("up, run, down", func(t *testing.T) {
		i := &inner{}
		i.meanwhile = func() { require.True(t, there("run-1")) }
		result := start(t, withServices(i), jobWith(t, idle)).end()
		require.Equal(t, runner.Exited, result.End, result.Reason)
		require.Equal(t, "my-db."+namespaceOf("run-1")+".svc:5432", i.jobs[0].Env["ASSAY_SERVICE_MY_DB"])
		require.Empty(t, result.Notes)
		gone(t, "run-1")
	})
	t.Run("never ready", func(t *testing.T) {
		job := jobWith(t, map[string]string{"kustomization.yaml": idle["kustomization.yaml"] + "replicas: [{name: db, count: 1}]\n", "db.yaml": idle["db.yaml"]})
		job.ID = "run-2"
		job.Suite.Spec.Services[0].Timeout.Duration = 2 * time.Second
		result := start(t, withServices(&inner{}), job).end()
		require.Equal(t, runner.NotStarted, result.End)
		require.Contains(t, result.Reason, "services: db was not ready within 2s: Deployment db: ")
		gone(t, "run-2")
	})
	t.Run("what the role does not allow", func(t *testing.T) {
		job := jobWith(t, map[string]string{
			"kustomization.yaml": "resources: [s.yaml]\n", "s.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n",
		})
		job.ID = "run-3"
		result := start(t, withServices(&inner{}), job).end()
		require.Equal(t, runner.NotStarted, result.End)
		require.Contains(t, result.Reason, "Assay may not create Secret s")
		gone(t, "run-3")
	})
	t.Run("leftovers of an Assay that died", func(t *testing.T) {
		job := jobWith(t, idle)
		job.ID = "run-4"
		_, err := withServices(&inner{}).makeNamespace(t.Context(), job)
		require.NoError(t, err)
		require.NoError(t, withServices(&inner{}).Recover(t.Context()))
		gone(t, "run-4")
	})
	t.Run("restart of the API server", func(t *testing.T) {
		job := jobWith(t, idle)
		job.ID = "run-5"
		i := &inner{}
		i.meanwhile = func() { cluster.RestartAPIServer(t, time.Second) }
		result := start(t, withServices(i), job).end()
		require.Equal(t, runner.Exited, result.End, result.Reason)
		require.Empty(t, result.Notes)
		gone(t, "run-5")
	})
}
