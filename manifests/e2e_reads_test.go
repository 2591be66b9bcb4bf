//go:build e2e

package manifests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fluxcd/pkg/gittestserver"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/utils/clock"
	"sigs.k8s.io/yaml"

	"github.com/assay-dev/assay/sources/git"
)

// standIns define the kinds of engines that are not here, without their schemas.
func standIns() string {
	var all strings.Builder
	for _, kind := range []struct{ group, version, plural, kind string }{
		{"flagger.app", "v1beta1", "canaries", "Canary"},
		{"argoproj.io", "v1alpha1", "rollouts", "Rollout"},
		{"argoproj.io", "v1alpha1", "applicationsets", "ApplicationSet"},
		{"source.extensions.fluxcd.io", "v1beta1", "artifactgenerators", "ArtifactGenerator"},
		{"example.com", "v1", "checks", "Check"},
	} {
		fmt.Fprintf(&all, `---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %[3]s.%[1]s}
spec:
  group: %[1]s
  scope: Namespaced
  names: {plural: %[3]s, kind: %[4]s}
  versions:
  - {name: %[2]s, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`, kind.group, kind.version, kind.plural, kind.kind)
	}
	return all.String()
}

// whatAssayReads is a kind that Suites may be, workloads that are at rest, the Targets "shop", and the credentials of Flux and Argo CD.
const whatAssayReads = `
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: checks, labels: {assay.dev/aggregate-to-resources: "true"}},
  rules: [{apiGroups: [example.com], resources: [checks], verbs: [get, list, watch, create, delete]}]}
---
{apiVersion: v1, kind: Pod, metadata: {name: assay-0, namespace: assay-system}, spec: {serviceAccountName: assay,
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}, containers: [{name: assay, image: assay,
  securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: idle, namespace: flux-system}, spec: {replicas: 0, selector: {matchLabels: {app: idle}},
  template: {metadata: {labels: {app: idle}}, spec: {containers: [{name: idle, image: idle}]}}}}
---
{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: idle, namespace: flux-system}, spec: {replicas: 0, selector: {matchLabels: {app: idle-set}},
  template: {metadata: {labels: {app: idle-set}}, spec: {containers: [{name: idle, image: idle}]}}}}
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: idle, namespace: flux-system}, spec: {replicas: 0, selector: {matchLabels: {app: idle-stateful}},
  template: {metadata: {labels: {app: idle-stateful}}, spec: {containers: [{name: idle, image: idle}]}}}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: idle, namespace: flux-system}, spec: {selector: {matchLabels: {app: idle-daemon}},
  template: {metadata: {labels: {app: idle-daemon}}, spec: {containers: [{name: idle, image: idle}]}}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: idle, namespace: flux-system}, spec: {containers: [{name: idle, image: idle}]}}
---
{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: idle, namespace: flux-system}, spec: {replicas: 0},
  status: {observedGeneration: "1", phase: Healthy}}
---
{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: shop, namespace: flux-system},
  spec: {interval: 1m, chartRef: {kind: OCIRepository, name: shop}}}
---
{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: shop, namespace: flux-system},
  spec: {project: default, source: {repoURL: "https://git.example.com/https", path: .}, destination: {namespace: flux-system}}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: colors, namespace: flux-system}, data: {color: red}}
---
{apiVersion: v1, kind: Secret, metadata: {name: flux-system, namespace: flux-system}, stringData: {username: flux, password: correct-horse}}
---
{apiVersion: source.toolkit.fluxcd.io/v1, kind: GitRepository, metadata: {name: private, namespace: flux-system},
  spec: {interval: 1m, url: "https://git.example.com/fleet", secretRef: {name: flux-system}}}
---
{apiVersion: v1, kind: Secret, metadata: {name: https, namespace: argocd, labels: {argocd.argoproj.io/secret-type: repository}},
  stringData: {url: "https://git.example.com/https", username: argo, password: correct-horse}}
---
{apiVersion: v1, kind: Secret, metadata: {name: ssh, namespace: argocd, labels: {argocd.argoproj.io/secret-type: repository}},
  stringData: {url: "ssh://git.example.com/ssh", sshPrivateKey: key}}
`

// syncedByFlux is a Kustomization that Flux has applied, as it leaves it; %[1]q is the repository, and %[2]s the commit.
const syncedByFlux = `
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: fleet, namespace: flux-system}
spec: {interval: 1m, url: %[1]q, ref: {branch: main}}
status:
  observedGeneration: 1
  conditions: [{type: Ready, status: "True", reason: Succeeded, message: stored, lastTransitionTime: "2026-01-01T00:00:00Z", observedGeneration: 1}]
  artifact: {revision: "main@sha1:%[2]s", digest: "sha256:%[3]s", path: fleet.tar.gz, url: "http://source/fleet.tar.gz", lastUpdateTime: "2026-01-01T00:00:00Z"}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: shop, namespace: flux-system}
spec: {interval: 1m, prune: true, path: ./, sourceRef: {kind: GitRepository, name: fleet}, postBuild: {substituteFrom: [{kind: ConfigMap, name: colors}]}}
status:
  observedGeneration: 1
  conditions: [{type: Ready, status: "True", reason: ReconciliationSucceeded, message: "Applied revision: main@sha1:%[2]s", lastTransitionTime: "2026-01-01T00:00:00Z", observedGeneration: 1}]
  lastAppliedRevision: "main@sha1:%[2]s"
  lastAttemptedRevision: "main@sha1:%[2]s"
  inventory: {entries: []}
`

// openMirrors are of repositories that everybody may read.
func openMirrors(t *testing.T) *git.Mirrors {
	return git.NewMirrors(t.TempDir(), func(string) git.Auth { return git.Auth{} }, clock.RealClock{})
}

// syncShop is what Flux would do: it writes down the Kustomization "shop" as one that it has applied.
func (a *account) syncShop(t *testing.T) {
	t.Helper()
	server, err := gittestserver.NewTempGitServer()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(server.Root())) })
	require.NoError(t, server.StartHTTP())
	t.Cleanup(server.StopHTTP)
	dir := t.TempDir()
	text := "{apiVersion: v1, kind: ConfigMap, metadata: {name: shop}, data: {color: '${color}'}}\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "shop.yaml"), []byte(text), 0o600))
	require.NoError(t, server.InitRepo(dir, "main", "fleet.git"))
	url := server.HTTPAddress() + "/fleet.git"
	mirror, err := openMirrors(t).Mirror(url)
	require.NoError(t, err)
	commit, _, err := mirror.Refresh(t.Context(), "main")
	require.NoError(t, err)

	client, err := dynamic.NewForConfig(a.Config())
	require.NoError(t, err)
	for _, document := range documents(fmt.Sprintf(syncedByFlux, url, commit, strings.Repeat("0", 64))) {
		a.Apply(t, document)
		u := &unstructured.Unstructured{}
		require.NoError(t, yaml.Unmarshal([]byte(document), u))
		resource := schema.GroupVersionResource{Group: u.GroupVersionKind().Group, Version: "v1", Resource: "gitrepositories"}
		if u.GetKind() == "Kustomization" {
			resource.Resource = "kustomizations"
		}
		objects := client.Resource(resource).Namespace(u.GetNamespace())
		made, err := objects.Get(t.Context(), u.GetName(), metav1.GetOptions{})
		require.NoError(t, err)
		made.Object["status"] = u.Object["status"]
		_, err = objects.UpdateStatus(t.Context(), made, metav1.UpdateOptions{})
		require.NoError(t, err)
	}
}
