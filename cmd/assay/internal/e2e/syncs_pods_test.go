//go:build e2e

package e2e

import (
	"context"
	"net/http"
	"strings"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/sync"
)

// serving is an app that a pod serves, also for a while after it was told to go.
func serving(version, image string) map[string]string {
	return map[string]string{"app/web.yaml": strings.NewReplacer("$VERSION", version, "$IMAGE", image).Replace(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, version: "$VERSION"}}
    spec:
      containers:
      - name: web
        image: $IMAGE
        imagePullPolicy: Never
        readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
        env: [{name: LINGER, value: 8s}]
`)}
}

const missingImage = "registry.local/missing:1"

func neverHealthy(a *app) {
	a.fluxBegins(serving("1", shopImage), fluxApp)
	a.staysIll(a.fluxBrings)
}

func argoNeverHealthy(a *app) {
	a.argoBegins(serving("1", shopImage))
	a.staysIll(a.argoBrings)
}

// staysIll: no Suite runs on what does not come up within the Gate's deadline; the commit is to blame when it does not within another one.
func (a *app) staysIll(brings func(map[string]string) string) {
	a.t.Helper()
	bad := brings(serving("2", missingImage))
	v := a.ends(gate.Failed, bad)
	require.Equal(a.t, sync.NotHealthy, v.Targets[0].Failure)
	require.Contains(a.t, v.Verdict.Reason, "not healthy within 15s")
	require.Contains(a.t, v.Verdict.Reason, "ErrImageNeverPull")
	a.blames(v, bad)
	a.ran(1, history.Done, history.Done)
	a.ends(gate.Passed, brings(serving("1", shopImage)))
	a.ran(2, history.Done, history.Done, history.Done)
}

func oldPods(a *app) {
	a.page.answers(a.oneVersionServes)
	a.fluxBegins(serving("1", shopImage), fluxApp)
	second := a.fluxBrings(serving("2", shopImage))
	a.awaits("kustomization/app", ".status.lastAppliedRevision", "main@sha1:"+second)
	require.Contains(a.t, a.versions(a.ctx), "1", "Flux is done while the old pod serves")
	a.comesAlone(second)
}

func argoOldPods(a *app) {
	a.page.answers(a.oneVersionServes)
	a.argoBegins(serving("1", shopImage))
	second := a.argoBrings(serving("2", shopImage))
	a.awaits("application/app", ".status.operationState.syncResult.revision", second)
	a.awaits("application/app", ".status.health.status", "Healthy")
	require.Contains(a.t, a.versions(a.ctx), "1", "Argo CD is done while the old pod serves")
	a.comesAlone(second)
}

// comesAlone: the Suite that comes to the new version finds no other, and comes once.
func (a *app) comesAlone(second string) {
	a.t.Helper()
	a.decided("of the version before is still terminating")
	a.ends(gate.Passed, second)
	a.ran(2, history.Done, history.Done)
}

// oneVersionServes is what a Suite finds that comes at the right time.
func (a *app) oneVersionServes(ctx context.Context) (status int) {
	if len(a.versions(ctx)) != 1 {
		return http.StatusConflict
	}
	return http.StatusOK
}

// versions of the pods that may serve: all but those whose containers have ended.
func (a *app) versions(ctx context.Context) (all []string) {
	pods, err := a.client.CoreV1().Pods(a.name).List(ctx, metav1.ListOptions{LabelSelector: "app=web"})
	if err != nil {
		return nil
	}
	for _, pod := range pods.Items {
		if pod.Status.Phase == corev1.PodPending || pod.Status.Phase == corev1.PodRunning {
			all = append(all, pod.Labels["version"])
		}
	}
	return all
}
