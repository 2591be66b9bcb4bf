//go:build e2e

package main

import (
	"fmt"
	"strings"
)

// appliedKinds are what the Targets of a fleet apply, one after the other.
var appliedKinds = []struct{ group, version, kind string }{
	{"", "v1", "ConfigMap"}, {"", "v1", "Service"}, {"", "v1", "ServiceAccount"}, {"", "v1", "Secret"},
	{"rbac.authorization.k8s.io", "v1", "Role"}, {"rbac.authorization.k8s.io", "v1", "RoleBinding"}, {"networking.k8s.io", "v1", "NetworkPolicy"},
}

// fleetPast is how many commits before the last one a history holds, as many as Flux keeps.
const fleetPast = 4

// kustomization is one as kustomize-controller leaves it that has applied a commit, with the history of those before.
func (f *fleet) kustomization(n, commit int) string {
	var entries, past strings.Builder
	for i := range fleetObjects {
		k := appliedKinds[i%len(appliedKinds)]
		fmt.Fprintf(&entries, "    - {id: %s_%s-%d_%s_%s, v: %s}\n", teamOf(n), named(n), i, k.group, k.kind, k.version)
	}
	for c := commit; c >= max(0, commit-fleetPast); c-- {
		fmt.Fprintf(&past, `  - digest: sha256:%064x
    firstReconciled: "2026-05-04T12:00:00Z"
    lastReconciled: "2026-05-04T12:00:30Z"
    lastReconciledDuration: 120ms
    lastReconciledStatus: ReconciliationSucceeded
    metadata: {revision: "main@sha1:%s"}
    totalReconciliations: 1
`, n*1000+c, f.commits[c])
	}
	return fmt.Sprintf(`
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: %s
  namespace: %s
  labels: {app.kubernetes.io/name: shop, app.kubernetes.io/part-of: fleet}
  finalizers: [finalizers.fluxcd.io]
spec:
  interval: 10m
  path: ./apps/f%02d
  prune: true
  sourceRef: {kind: GitRepository, name: config}
  targetNamespace: %[2]s
status:
  observedGeneration: 1
  lastAppliedRevision: main@sha1:%[4]s
  lastAttemptedRevision: main@sha1:%[4]s
  conditions:
  - {type: Ready, status: "True", reason: ReconciliationSucceeded, observedGeneration: 1, lastTransitionTime: "2026-05-04T12:00:00Z", message: "Applied revision: main@sha1:%[4]s"}
  - {type: Healthy, status: "True", reason: Succeeded, observedGeneration: 1, lastTransitionTime: "2026-05-04T12:00:00Z", message: "Health check passed in 20ms"}
  history:
%[5]s  inventory:
    entries:
%[6]s`, named(n), teamOf(n), n%fleetFolders, f.commits[commit], &past, &entries)
}

// attempting is a Kustomization to which kustomize-controller applies a commit just now, and has applied the one before it.
func (f *fleet) attempting(n, commit int) string {
	return strings.NewReplacer(
		"lastAttemptedRevision: main@sha1:"+f.commits[commit-1], "lastAttemptedRevision: main@sha1:"+f.commits[commit],
		`Ready, status: "True", reason: ReconciliationSucceeded`, `Ready, status: Unknown, reason: Progressing`,
	).Replace(f.kustomization(n, commit-1))
}

// application is one as Argo CD's controller leaves it that has applied a commit, with the history of those before.
func (f *fleet) application(n, commit int) string {
	source := fmt.Sprintf("{path: apps/f%02d, repoURL: %q, targetRevision: main}", n%fleetFolders, f.url)
	var resources, results, past strings.Builder
	for i := range fleetObjects {
		k := appliedKinds[i%len(appliedKinds)]
		object := fmt.Sprintf("group: %q, kind: %s, name: %s-%d, namespace: %s, version: %s", k.group, k.kind, named(n), i, teamOf(n), k.version)
		fmt.Fprintf(&resources, "  - {%s, status: Synced}\n", object)
		fmt.Fprintf(&results, "      - {%s, hookPhase: Running, message: configured, status: Synced, syncPhase: Sync}\n", object)
	}
	for c := max(0, commit-fleetPast); c <= commit; c++ {
		fmt.Fprintf(&past, `  - deployStartedAt: "2026-05-04T12:00:01Z"
    deployedAt: "2026-05-04T12:00:02Z"
    id: %d
    initiatedBy: {automated: true}
    revision: %q
    source: %s
`, c, f.commits[c], source)
	}
	return fmt.Sprintf(`
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: %[1]s
  namespace: %[2]s
  labels: {app.kubernetes.io/name: shop, app.kubernetes.io/part-of: fleet}
  finalizers: [resources-finalizer.argocd.argoproj.io]
spec:
  destination: {namespace: %[2]s, server: https://kubernetes.default.svc}
  project: default
  source: %[3]s
  syncPolicy:
    automated: {prune: true, selfHeal: true}
status:
  controllerNamespace: argocd
  health: {lastTransitionTime: "2026-05-04T12:00:10Z", status: Healthy}
  history:
%[4]s  operationState:
    finishedAt: "2026-05-04T12:00:02Z"
    message: successfully synced (all tasks run)
    operation:
      initiatedBy: {automated: true}
      sync: {prune: true, revision: %[5]q, source: %[3]s}
    phase: Succeeded
    startedAt: "2026-05-04T12:00:01Z"
    syncResult:
      resources:
%[6]s      revision: %[5]q
      source: %[3]s
  reconciledAt: "2026-05-04T12:00:10Z"
  resourceHealthSource: appTree
  resources:
%[7]s  sourceType: Kustomize
  summary: {}
  sync:
    comparedTo:
      destination: {namespace: %[2]s, server: https://kubernetes.default.svc}
      source: %[3]s
    revision: %[5]q
    status: Synced
`, named(n), teamOf(n), source, &past, f.commits[commit], &results, &resources)
}
