//go:build e2e

package e2e

import (
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/sync"
)

const (
	argoRepository = `
{apiVersion: v1, kind: Namespace, metadata: {name: $NAME}}
---
apiVersion: v1
kind: Secret
metadata: {name: $NAME, namespace: argocd, labels: {argocd.argoproj.io/secret-type: repository}}
stringData: {type: git, url: "$URL", username: $USER, password: $PASSWORD}
`
	argoApp = `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: app, namespace: $NAME}
spec:
  project: default
  source: {repoURL: "$URL", targetRevision: main, path: app}
  destination: {server: https://kubernetes.default.svc, namespace: $NAME}
`
	automated = "  syncPolicy: {automated: {prune: true}}\n"
)

// argoBegins brings an app into the cluster by Argo CD, and waits until its first commit has passed. Assay reads the
// repository with what Argo CD does.
func (a *app) argoBegins(files map[string]string) (first string) {
	a.t.Helper()
	first = a.repo.push("Begin", files)
	a.apply(argoRepository, component(a.t, "argocd-secrets"), argoApp+automated)
	a.ends(gate.Passed, first)
	return first
}

// argoBrings pushes files, and has Argo CD look as a webhook would. It returns the commit.
func (a *app) argoBrings(files map[string]string) (commit string) {
	a.t.Helper()
	commit = a.repo.push("Change", files)
	a.refresh()
	return commit
}

func (a *app) refresh() {
	a.t.Helper()
	a.kubectl("annotate", "--overwrite", "application/app", "argocd.argoproj.io/refresh=hard")
}

func argoDoesNotBuild(a *app) {
	a.argoBegins(selling("1"))
	bad := a.argoBrings(broken)
	v := a.ends(gate.Failed, bad)
	require.Equal(a.t, sync.BuildFailed, v.Targets[0].Failure)
	a.blames(v, bad)
	a.ran(1, history.Done, history.Done)
	a.ends(gate.Passed, a.argoBrings(selling("1")))
	a.ran(2, history.Done, history.Done, history.Done)
}

// argoManual: with automated sync off, what is pushed counts for nothing until somebody syncs.
func argoManual(a *app) {
	sync := func() { a.kubectl("patch", "application/app", "--type=merge", `--patch={"operation":{"sync":{}}}`) }
	first := a.repo.push("Begin", selling("1"))
	a.apply(argoRepository, component(a.t, "argocd-secrets"), argoApp)
	a.decided("it was never synced, and automated sync is off")
	sync()
	a.ends(gate.Passed, first)
	var last string
	for _, at := range []string{"2", "3"} {
		last = a.argoBrings(selling(at))
		a.awaits("application/app", ".status.sync.revision", last)
	}
	a.awaits("application/app", ".status.sync.status", "OutOfSync")
	a.ran(1, history.Done)
	sync()
	a.ends(gate.Passed, last)
	a.ran(2, history.Done, history.Done)
}

// argoSeveralSources: each has its commit, and either of them may change the app.
func argoSeveralSources(a *app) {
	other := a.newRepository(a.t, a.name+"-other")
	red := other.push("Begin", map[string]string{"deploy/color.yaml": configMap("color", "red")})
	first := a.repo.push("Begin", selling("1"))
	both := strings.NewReplacer("source: {", "sources:\n  - {repoURL: \""+other.url+"\", targetRevision: main, path: deploy}\n  - {").Replace(argoApp)
	another := strings.NewReplacer("metadata: {name: $NAME, namespace: argocd", "metadata: {name: $NAME-other, namespace: argocd", "$URL", other.url)
	a.apply(another.Replace(argoRepository), argoRepository, component(a.t, "argocd-secrets"), both+automated)
	require.Equal(a.t, []string{red, first}, commitsOf(a.ends(gate.Passed, first).Targets[0].Revisions))

	green := other.push("Change", map[string]string{"deploy/color.yaml": configMap("color", "green")})
	a.refresh()
	require.Equal(a.t, []string{green, first}, commitsOf(a.ends(gate.Passed, green).Targets[0].Revisions))
	a.ran(2, history.Done, history.Done)
	second := a.argoBrings(notes)
	require.Equal(a.t, []string{green, second}, commitsOf(a.ends(gate.Passed, second).Targets[0].Revisions))
	a.ran(2, history.Done, history.Done)

	a.page.fails()
	third := a.argoBrings(selling("2"))
	a.blames(a.ends(gate.Failed, third), third)
}

// argoForcedElsewhere: a commit to other apps starts no sync, and one that somebody forces brings nothing new.
func argoForcedElsewhere(a *app) {
	a.argoBegins(selling("1"))
	before := a.gate().Passed
	second := a.argoBrings(notes)
	a.inherits(second, before)
	a.kubectl("patch", "application/app", "--type=merge", `--patch={"operation":{"sync":{"syncStrategy":{"apply":{"force":true}}}}}`)
	a.awaits("application/app", ".status.operationState.syncResult.revision", second)
	a.awaits("application/app", ".status.operationState.phase", "Succeeded")
	a.askedFor(second)
}
