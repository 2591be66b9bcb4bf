//go:build e2e

package stack_test

import (
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	sdk "code.gitea.io/sdk/gitea"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/testdata/stack"
)

// TestRealGitOps has Flux and Argo CD apply, each into a namespace of its own, what one repository of one Gitea says.
func TestRealGitOps(t *testing.T) {
	began := time.Now()
	c := stack.StartCluster(t, stack.Options{Flux: true, ArgoCD: true})
	t.Logf("Flux and Argo CD after %v", time.Since(began).Round(time.Millisecond))
	began = time.Now()
	hub := stack.StartGiteaAt(t, c.BridgeAddress())
	t.Logf("Gitea after %v", time.Since(began).Round(time.Millisecond))
	url := hub.CreateRepository(t, "fleet")
	site := "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: site\ndata:\n  port: \"80\"\n"
	_, _, err := hub.Client().CreateFile(hub.User, "fleet", "deploy/site.yaml", sdk.CreateFileOptions{Content: base64.StdEncoding.EncodeToString([]byte(site))})
	require.NoError(t, err)

	t.Run("Flux reconciles a Kustomization", func(t *testing.T) {
		began := time.Now()
		c.Apply(t, fmt.Sprintf(`
{apiVersion: v1, kind: Namespace, metadata: {name: by-flux}}
---
{apiVersion: v1, kind: Secret, metadata: {name: fleet, namespace: by-flux}, stringData: {username: %q, password: %q}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: fleet, namespace: by-flux}
spec: {url: %q, interval: 10m, ref: {branch: main}, secretRef: {name: fleet}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: site, namespace: by-flux}
spec: {sourceRef: {kind: GitRepository, name: fleet}, path: ./deploy, targetNamespace: by-flux, interval: 10m, prune: true, wait: true}
`, hub.User, hub.Password, url))
		c.Kubectl(t, "--namespace=by-flux", "wait", "kustomization/site", "--for=condition=Ready", "--timeout=2m")
		t.Logf("ready after %v", time.Since(began).Round(time.Millisecond))
		require.Equal(t, "80", c.Kubectl(t, "--namespace=by-flux", "get", "configmap/site", "--output=jsonpath={.data.port}"))
	})

	t.Run("Argo CD syncs an Application of any namespace", func(t *testing.T) {
		began := time.Now()
		c.Apply(t, fmt.Sprintf(`
{apiVersion: v1, kind: Namespace, metadata: {name: by-argo}}
---
apiVersion: v1
kind: Secret
metadata: {name: fleet, namespace: argocd, labels: {argocd.argoproj.io/secret-type: repository}}
stringData: {type: git, url: %[3]q, username: %[1]q, password: %[2]q}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: site, namespace: by-argo}
spec:
  project: default
  source: {repoURL: %[3]q, targetRevision: main, path: deploy}
  destination: {server: https://kubernetes.default.svc, namespace: by-argo}
  syncPolicy: {automated: {}}
`, hub.User, hub.Password, url))
		for _, expected := range []string{"{.status.operationState.phase}=Succeeded", "{.status.sync.status}=Synced", "{.status.health.status}=Healthy"} {
			c.Kubectl(t, "--namespace=by-argo", "wait", "application/site", "--for=jsonpath="+expected, "--timeout=2m")
		}
		t.Logf("synced and healthy after %v", time.Since(began).Round(time.Millisecond))
		require.Equal(t, "80", c.Kubectl(t, "--namespace=by-argo", "get", "configmap/site", "--output=jsonpath={.data.port}"))
	})

	t.Run("Gitea goes away and comes back", func(t *testing.T) {
		hub.Stop()
		_, _, err := hub.Client().GetRepo(hub.User, "fleet")
		require.Error(t, err)
		hub.Start(t)
		_, _, err = hub.Client().GetRepo(hub.User, "fleet")
		require.NoError(t, err)
	})

	t.Run("a HelmRelease can be written down", func(t *testing.T) {
		c.Apply(t, `
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: shop, namespace: default}
spec: {interval: 10m, chart: {spec: {chart: shop, sourceRef: {kind: HelmRepository, name: shop}}}}
`)
		require.Equal(t, "10m", c.Kubectl(t, "get", "helmrelease/shop", "--output=jsonpath={.spec.interval}"))
	})
}
