//go:build e2e

package e2e

import (
	"fmt"
	"time"
)

// engine is what syncs a world: Flux or Argo CD.
type engine struct {
	kind     string // of its Targets, as Gates name it
	resource string // the same, as kubectl does
	objects  func(w *world, env string) string
	look     func(w *world, env string)
}

// flux waits for what it applies to be healthy. It tries again soon: it gives up at once while a Deployment still says that
// the version before has stalled.
var flux = engine{
	kind: "Kustomization", resource: "kustomizations.kustomize.toolkit.fluxcd.io",
	objects: func(w *world, env string) string {
		return fmt.Sprintf(`
apiVersion: v1
kind: Secret
metadata: {name: config, namespace: %[1]s}
stringData: {username: %[2]q, password: %[3]q}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: config, namespace: %[1]s}
spec: {url: %[4]q, interval: 1h, ref: {branch: main}, secretRef: {name: config}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: shop, namespace: %[1]s}
spec: {sourceRef: {kind: GitRepository, name: config}, path: ./overlays/%[5]s, interval: 1h, prune: true, wait: true, timeout: 30s, retryInterval: 10s}
`, w.namespace(env), w.hub.User, w.hub.Password, w.config.url, env)
	},
	look: func(w *world, env string) { w.requestReconcile(env, "gitrepository/config") },
}

// requestReconcile does what `flux reconcile` does.
func (w *world) requestReconcile(env, object string) {
	w.t.Helper()
	w.Kubectl(w.t, "annotate", object, "--namespace="+w.namespace(env), "--overwrite",
		"reconcile.fluxcd.io/requestedAt="+time.Now().Format(time.RFC3339Nano))
}

// argo syncs by itself. The repository's Secret is where Argo CD looks for it, one for each world.
var argo = engine{
	kind: "Application", resource: "applications.argoproj.io",
	objects: func(w *world, env string) string {
		return fmt.Sprintf(`
apiVersion: v1
kind: Secret
metadata: {name: %[6]s, namespace: argocd, labels: {argocd.argoproj.io/secret-type: repository}}
stringData: {type: git, url: %[4]q, username: %[2]q, password: %[3]q}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: %[1]s}
spec:
  project: default
  source: {repoURL: %[4]q, targetRevision: main, path: overlays/%[5]s}
  destination: {server: https://kubernetes.default.svc, namespace: %[1]s}
  syncPolicy: {automated: {prune: true, selfHeal: true}}
`, w.namespace(env), w.hub.User, w.hub.Password, w.config.url, env, w.name)
	},
	look: func(w *world, env string) {
		w.Kubectl(w.t, "annotate", "application/shop", "--namespace="+w.namespace(env), "--overwrite", "argocd.argoproj.io/refresh=normal")
	},
}
