//go:build e2e

package watch_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/assay-dev/assay/sources/sync/watch"
	"github.com/assay-dev/assay/testdata/stack"
)

// follow runs a Cluster against a real API server.
func follow(t *testing.T, config *rest.Config) *watch.Cluster {
	t.Helper()
	cluster, err := watch.NewForConfig(config)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var tasks sync.WaitGroup
	tasks.Go(func() { cluster.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		tasks.Wait()
	})
	return cluster
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	require.Eventually(t, is, time.Minute, 10*time.Millisecond, what)
}

const aKustomization = `
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: %s, namespace: default}
spec: {sourceRef: {kind: GitRepository, name: none}, path: ./%s, interval: 10m, prune: true}
`

func TestRealDefinitionsComeLateAndTheServerRestarts(t *testing.T) {
	c := stack.StartCluster(t, stack.Options{})
	n := &told{}
	kind := watch.Follow(follow(t, c.Config()), kustomizations, watch.Selection{}, trim, n.notify)
	eventually(t, "the cluster is known not to have it", func() bool { return kind.Synced() && kind.Absent() })

	c.InstallFluxCRDs(t)
	c.Apply(t, fmt.Sprintf(aKustomization, "one", "one"))
	eventually(t, "the object is there", func() bool { return len(kind.List()) == 1 && kind.Reason() == "" })

	restarted := make(chan struct{})
	go func() {
		defer close(restarted)
		c.RestartAPIServer(t, 5*time.Second)
	}()
	eventually(t, "the server is away", func() bool { return kind.Reason() != "" })
	require.Len(t, kind.List(), 1, "what was known last")
	<-restarted
	c.Apply(t, fmt.Sprintf(aKustomization, "two", "two"))
	eventually(t, "the server is back", func() bool { return len(kind.List()) == 2 && kind.Reason() == "" })

	c.Kubectl(t, "delete", "crd", "kustomizations.kustomize.toolkit.fluxcd.io")
	eventually(t, "it is gone", func() bool { return kind.Absent() && len(kind.List()) == 0 })
}

func TestRealForbiddenKindsAreToldUntilTheyAreAllowed(t *testing.T) {
	c := stack.StartCluster(t, stack.Options{})
	c.InstallFluxCRDs(t)
	c.Apply(t, fmt.Sprintf(aKustomization, "one", "one"))
	c.Apply(t, "{apiVersion: v1, kind: ServiceAccount, metadata: {name: assay, namespace: default}}")
	n := &told{}
	kind := watch.Follow(follow(t, c.ConfigFor(t, "default", "assay")), kustomizations, watch.Selection{}, trim, n.notify)
	eventually(t, "it may not be read", func() bool { return kind.Forbidden() })
	require.Contains(t, kind.Reason(), "allow it to get, list and watch them")
	c.Apply(t, `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: assay}
rules: [{apiGroups: [kustomize.toolkit.fluxcd.io], resources: [kustomizations], verbs: [get, list, watch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: assay}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: assay}
subjects: [{kind: ServiceAccount, name: assay, namespace: default}]
`)
	eventually(t, "it may", func() bool { return len(kind.List()) == 1 && kind.Reason() == "" })
}

// TestRealMemory says what 5,000 objects of a kind take, listed and kept.
func TestRealMemory(t *testing.T) {
	const many = 5000
	c := stack.StartCluster(t, stack.Options{})
	c.InstallFluxCRDs(t)
	objects, err := dynamic.NewForConfig(c.Config())
	require.NoError(t, err)
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for i := w; i < many; i += 8 {
				u := &unstructured.Unstructured{}
				name := fmt.Sprintf("app-%04d", i)
				u.SetAPIVersion("kustomize.toolkit.fluxcd.io/v1")
				u.SetKind("Kustomization")
				u.SetName(name)
				u.Object["spec"] = map[string]any{
					"sourceRef": map[string]any{"kind": "GitRepository", "name": "fleet"}, "path": "./" + name, "interval": "10m", "prune": true,
				}
				_, err := objects.Resource(kustomizations).Namespace("default").Create(t.Context(), u, metav1.CreateOptions{})
				require.NoError(t, err)
			}
		})
	}
	writers.Wait()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n := &told{}
	began := time.Now()
	kind := watch.Follow(follow(t, c.Config()), kustomizations, watch.Selection{}, trim, n.notify)
	eventually(t, "all are there", func() bool { return kind.Synced() && len(kind.List()) == many })
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	peak := after.HeapSys
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d objects in %v: %d bytes each, the heap grew to %d MiB", many, took.Round(time.Millisecond),
		(after.HeapAlloc-before.HeapAlloc)/many, peak>>20)
	runtime.KeepAlive(kind)
}
