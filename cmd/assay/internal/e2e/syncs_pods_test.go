//go:build e2e

package e2e

import (
	"context"
	"net/http"
	"strings"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	syncs "github.com/assay-dev/assay/sources/sync"
)

// serving is an app that pods serve. Each takes its time to go.
func serving(version, image string) map[string]string {
	return map[string]string{
		"app/kustomization.yaml": "resources: [web.yaml]\n",
		"app/web.yaml": strings.NewReplacer("VERSION", version, "IMAGE", image).Replace(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, version: "VERSION"}}
    spec:
      containers: [{name: main, image: "IMAGE", imagePullPolicy: Never, lifecycle: {preStop: {sleep: {seconds: 8}}}}]
`)}
}

const pause = "registry.local/pause:1"

func neverHealthy(a *app) {
	a.begin(serving("1", pause), fluxApp)
	broken := a.deploy(serving("2", "registry.local/none:1"))
	v := a.ends(gate.Failed, broken)
	require.Equal(a.t, syncs.NotHealthy, v.Targets[0].Failure)
	require.Contains(a.t, v.Verdict.Reason, "not healthy within 15s")
	require.Contains(a.t, v.Verdict.Reason, "ErrImageNeverPull")
	a.blames(v, broken)
	a.ran(1, history.Done, history.Done)

	fixed := a.deploy(serving("1", pause))
	a.ends(gate.Passed, fixed)
	a.ran(2, history.Done, history.Done, history.Done)
}

// oldPods are slow to go. Each time that the Suite comes, it finds but pods of one version.
func oldPods(a *app) {
	client, err := kubernetes.NewForConfig(a.cluster.Config())
	require.NoError(a.t, err)
	pods := func(ctx context.Context) (versions []string, err error) {
		all, err := client.CoreV1().Pods(a.name).List(ctx, metav1.ListOptions{LabelSelector: "app=web"})
		if err != nil {
			return nil, err
		}
		for _, pod := range all.Items {
			versions = append(versions, pod.Labels["version"])
		}
		return versions, nil
	}
	a.page.answers(func(ctx context.Context) int {
		if versions, err := pods(ctx); err != nil || len(versions) != 1 {
			return http.StatusConflict
		}
		return http.StatusOK
	})
	a.begin(serving("1", pause), fluxApp)
	second := a.deploy(serving("2", pause))
	a.awaits("kustomization/app", ".status.lastAppliedRevision", "main@sha1:"+second)
	a.awaits("kustomization/app", `.status.conditions[?(@.type=="Ready")].status`, "True")
	versions, err := pods(a.t.Context())
	require.NoError(a.t, err)
	require.Contains(a.t, versions, "1", "Flux is done while the old pod serves")
	a.decided("of the version before is still terminating")
	a.ends(gate.Passed, second)
	a.ran(2, history.Done, history.Done)
}
