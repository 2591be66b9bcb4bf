//go:build e2e

package e2e

import (
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	syncs "github.com/assay-dev/assay/sources/sync"
)

const (
	argoSecret = `
{apiVersion: v1, kind: Namespace, metadata: {name: $NAME}}
---
apiVersion: v1
kind: Secret
metadata: {name: SECRET, namespace: argocd, labels: {argocd.argoproj.io/secret-type: repository}}
stringData: {type: git, url: "$URL", username: $USER, password: $PASSWORD}
---
`
	argoApp = `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: app, namespace: $NAME}
spec:
  project: default
  destination: {server: https://kubernetes.default.svc, namespace: $NAME}
`
	argoSource = "\n  source: {repoURL: \"$URL\", targetRevision: main, path: app}\n"
	automated  = "\n  syncPolicy: {automated: {prune: true}}\n"
)

func secretOf(name string) string { return strings.ReplaceAll(argoSecret, "SECRET", name) }

// refresh has Argo CD look at the repository now, as a webhook would.
func (a *app) refresh() {
	a.kubectl("annotate", "--overwrite", "application/app", "argocd.argoproj.io/refresh=hard")
}

// bring pushes files and has Argo CD look. It returns the commit.
func (a *app) bring(all map[string]string) string {
	a.t.Helper()
	commit := a.repo.push(all)
	a.refresh()
	return commit
}

func argoManual(a *app) {
	first := a.repo.push(price("1"))
	a.apply(secretOf(a.name) + argoApp + argoSource)
	a.decided("it was never synced, and automated sync is off")
	sync := func() {
		a.kubectl("patch", "application/app", "--type=merge", `--patch={"operation":{"sync":{}}}`)
	}
	sync()
	a.ends(gate.Passed, first)
	a.ran(1, history.Done)

	second := a.bring(price("2"))
	a.awaits("application/app", ".status.sync.revision", second)
	a.awaits("application/app", ".status.sync.status", "OutOfSync")
	third := a.bring(price("3"))
	a.awaits("application/app", ".status.sync.revision", third)
	a.ran(1, history.Done)
	sync()
	a.ends(gate.Passed, third)
	a.ran(2, history.Done, history.Done) // the second was never live
}

func argoSources(a *app) {
	other := a.repository(a.t, a.name+"-other")
	first := a.repo.push(price("1"))
	color := func(of string) map[string]string {
		return map[string]string{"deploy/color.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: color}\ndata: {color: " + of + "}\n"}
	}
	red := other.push(color("red"))
	objects := secretOf(a.name+"-other") + secretOf(a.name) + argoApp + automated +
		"\n  sources:\n  - {repoURL: \"$URL\", targetRevision: main, path: app}\n  - {repoURL: \"OTHER\", targetRevision: main, path: deploy}\n"
	objects = strings.Replace(objects, "$URL", other.URL, 1)
	a.apply(strings.ReplaceAll(objects, "OTHER", other.URL))
	v := a.ends(gate.Passed, first)
	require.Equal(a.t, []string{first, red}, commits(v))

	green := other.push(color("green"))
	a.refresh()
	v = a.ends(gate.Passed, green)
	require.Equal(a.t, []string{first, green}, commits(v))
	second := a.bring(map[string]string{"README.md": "Nothing of the app.\n"})
	v = a.ends(gate.Passed, second)
	require.Equal(a.t, []string{second, green}, commits(v))
	a.ran(2, history.Done, history.Done)
}

// commits that a Verification's only Target is of.
func commits(v history.Verification) (all []string) {
	for _, r := range v.Targets[0].Revisions {
		all = append(all, r.Commit)
	}
	return all
}

func argoBuild(a *app) {
	first := a.repo.push(price("1"))
	a.apply(secretOf(a.name) + argoApp + argoSource + automated)
	a.ends(gate.Passed, first)
	elsewhere := a.bring(map[string]string{"elsewhere/notes.txt": "of another app\n"})
	a.ends(gate.Passed, elsewhere)
	a.ran(1, history.Done)

	broken := a.bring(map[string]string{"app/kustomization.yaml": "resources: [gone.yaml]\n"})
	v := a.ends(gate.Failed, broken)
	require.Equal(a.t, syncs.BuildFailed, v.Targets[0].Failure)
	a.blames(v, broken)
	a.ran(1, history.Done, history.Done)
	fixed := a.bring(price("1"))
	a.ends(gate.Passed, fixed)
	a.ran(2, history.Done, history.Done, history.Done)
}
