//go:build e2e

package rollout_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/metadata"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/sources/sync/rollout"
	"github.com/assay-dev/assay/sources/sync/watch"
	"github.com/assay-dev/assay/testdata/stack"
)

// TestRealRollout follows real pods: an old one that takes its time to go holds the rollout up.
func TestRealRollout(t *testing.T) {
	c := stack.StartCluster(t, stack.Options{Pods: true})
	cluster, err := watch.NewForConfig(c.Config())
	require.NoError(t, err)
	about, err := metadata.NewForConfig(c.Config())
	require.NoError(t, err)
	checker := rollout.New(cluster, about, nil, clock.RealClock{})
	ctx, cancel := context.WithCancel(t.Context())
	var tasks sync.WaitGroup
	tasks.Go(func() { cluster.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		tasks.Wait()
	})
	kinds := map[string]string{"Deployment": "web", "StatefulSet": "db", "DaemonSet": "agent"}
	apply := func(version, image string) {
		t.Helper()
		for kind, name := range kinds {
			c.Apply(t, strings.NewReplacer("KIND", kind, "NAME", name, "VERSION", version, "IMAGE", image).Replace(`
apiVersion: apps/v1
kind: KIND
metadata: {name: NAME, namespace: default}
spec:
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}, annotations: {version: "VERSION"}}
    spec:
      containers: [{name: main, image: IMAGE, imagePullPolicy: Never, lifecycle: {preStop: {sleep: {seconds: 3}}}}]
`))
		}
	}
	refs := map[string]rollout.Ref{}
	for kind, name := range kinds {
		refs[kind] = rollout.Ref{Group: "apps", Version: "v1", Kind: kind, Namespace: "default", Name: name}
	}
	// settle waits until all is over, and tells what was waited for.
	settle := func() (waited string) {
		t.Helper()
		// Written after the workloads, as a GitOps engine's own object is.
		c.Kubectl(t, "annotate", "--overwrite", "namespace/default", "applied="+time.Now().Format(time.RFC3339Nano))
		after := c.Kubectl(t, "get", "namespace/default", "--output=jsonpath={.metadata.resourceVersion}")
		require.Eventually(t, func() bool {
			over := true
			for _, ref := range refs { // all of them each time, since each waits for a moment only
				result, err := checker.Finished(t.Context(), []rollout.Ref{ref}, after)
				waited += result.Reason + "\n"
				over = over && err == nil && result.State == rollout.Done
			}
			return over
		}, 2*time.Minute, 20*time.Millisecond, &waited)
		return waited
	}
	apply("1", "registry.local/pause:1")
	settle()
	for range 2 {
		old := c.Kubectl(t, "get", "pods", "--output=jsonpath={.items[*].metadata.uid}")
		apply(time.Now().Format(time.RFC3339Nano), "registry.local/pause:1")
		waited := settle()
		require.Contains(t, waited, "of the version before is still terminating")
		// One whose containers have ended serves no more, though its object may be there a moment longer.
		serving := c.Kubectl(t, "get", "pods", "--field-selector=status.phase!=Succeeded,status.phase!=Failed", "--output=jsonpath={.items[*].metadata.uid}")
		for _, uid := range strings.Fields(old) {
			require.NotContains(t, serving, uid)
		}
	}
	apply("bad", "registry.local/none:1")
	require.Eventually(t, func() bool {
		result, err := checker.Finished(t.Context(), []rollout.Ref{refs["Deployment"]}, "")
		return err == nil && result.State == rollout.Waiting && strings.Contains(result.Reason, "ErrImageNeverPull")
	}, time.Minute, 20*time.Millisecond, "an image that is not there is named")
}
