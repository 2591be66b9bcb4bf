//go:build e2e

package e2e

import (
	"net/http"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	syncs "github.com/assay-dev/assay/sources/sync"
)

const (
	fluxSource = `
{apiVersion: v1, kind: Namespace, metadata: {name: $NAME}}
---
{apiVersion: v1, kind: Secret, metadata: {name: fleet, namespace: $NAME}, stringData: {username: $USER, password: $PASSWORD}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: fleet, namespace: $NAME}
spec: {url: "$URL", interval: 10m, ref: {branch: main}, secretRef: {name: fleet}}
---
`
	fluxApp = `
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: app, namespace: $NAME}
spec: {sourceRef: {kind: GitRepository, name: fleet}, path: ./app, targetNamespace: $NAME, interval: 10m, retryInterval: 2s, prune: true}
`
)

// price is an app that sells at one.
func price(of string) map[string]string {
	return map[string]string{
		"app/kustomization.yaml": "resources: [shop.yaml]\n",
		"app/shop.yaml":          "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata: {price: \"" + of + "\"}\n",
	}
}

// poke has Flux look at the repository now, as a webhook would.
func (a *app) poke() { a.annotate("gitrepository/fleet", "reconcile.fluxcd.io/requestedAt") }

// deploy pushes files and has Flux look. It returns the commit.
func (a *app) deploy(all map[string]string) string {
	a.t.Helper()
	commit := a.repo.push(all)
	a.poke()
	return commit
}

// begin brings an app into the cluster by Flux, and waits until its first commit has passed.
func (a *app) begin(all map[string]string, objects ...string) (first string) {
	a.t.Helper()
	first = a.repo.push(all)
	text := fluxSource
	for _, more := range objects {
		text += more + "\n---\n"
	}
	a.apply(text)
	a.ends(gate.Passed, first)
	return first
}

func doesNotBuild(a *app) {
	a.begin(price("1"), fluxApp)
	broken := a.deploy(map[string]string{"app/kustomization.yaml": "resources: [gone.yaml]\n"})
	v := a.ends(gate.Failed, broken)
	require.Equal(a.t, syncs.BuildFailed, v.Targets[0].Failure)
	require.Contains(a.t, v.Verdict.Reason, "gone.yaml")
	a.blames(v, broken)
	a.ran(1, history.Done, history.Done)

	fixed := a.deploy(price("1"))
	a.ends(gate.Passed, fixed)
	a.ran(2, history.Done, history.Done, history.Done) // though its digest has passed before
}

// blames checks that a Verification has found the commits that are at fault.
func (a *app) blames(v history.Verification, commits ...string) {
	a.t.Helper()
	require.NotNil(a.t, v.Cause)
	require.Equal(a.t, blame.Config, v.Cause.Kind, v.Cause.Reason)
	var suspects []string
	for _, s := range v.Cause.Suspects {
		suspects = append(suspects, s.Commit)
	}
	require.Equal(a.t, commits, suspects)
}

func suspended(a *app) {
	a.begin(price("1"), fluxApp)
	suspend := func(is string) {
		a.kubectl("patch", "kustomization/app", "--type=merge", `--patch={"spec":{"suspend":`+is+`}}`)
	}
	suspend("true")
	second := a.deploy(price("2"))
	a.awaits("gitrepository/fleet", ".status.artifact.revision", "main@sha1:"+second)
	a.decided("it is suspended")
	a.ran(1, history.Done)
	suspend("false")
	a.ends(gate.Passed, second)
	a.ran(2, history.Done, history.Done)
}

func dependsOn(a *app) {
	const base = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: base}\n"
	all := price("1")
	all["base/base.yaml"] = base
	a.begin(all, fluxApp+"\n  dependsOn: [{name: base}]\n", `
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: base, namespace: $NAME}
spec: {sourceRef: {kind: GitRepository, name: fleet}, path: ./base, targetNamespace: $NAME, interval: 10m, retryInterval: 2s, prune: true}
`)
	all = price("2")
	all["base/base.yaml"] = "neither: a resource\n"
	a.deploy(all)
	a.decided("dependency '" + a.name + "/base' is not ready")
	a.ran(1, history.Done)
	fixed := a.deploy(map[string]string{"base/base.yaml": base})
	a.ends(gate.Passed, fixed)
	a.ran(2, history.Done, history.Done)
}

func forced(a *app) {
	first := a.begin(price("1"), fluxApp)
	a.poke()
	handled := a.annotate("kustomization/app", "reconcile.fluxcd.io/requestedAt")
	a.awaits("kustomization/app", ".status.lastHandledReconcileAt", handled)
	a.ran(1, history.Done)

	asked := a.annotate("kustomization/app", "assay.dev/requestedAt")
	a.eventually("what was asked for", func() bool { return a.verifications()[0].Occasion.Value == asked })
	a.ends(gate.Passed, first)
	a.ran(2, history.Done, history.Done) // and what was forced on Flux was none of them
}

func quickSuccession(a *app) {
	a.begin(price("1"), fluxApp)
	arrived, release := a.page.holds()
	a.deploy(price("2"))
	a.arrives(arrived)
	a.deploy(price("3"))
	a.arrives(arrived)
	same := a.deploy(map[string]string{"README.md": "Nothing of the app.\n"})
	a.seen(same)
	release()
	a.ends(gate.Passed, same)
	a.ran(3, history.Done, history.Superseded, history.Done)
}

func slowSuite(a *app) {
	a.begin(price("1"), fluxApp)
	arrived, release := a.page.holds()
	a.deploy(price("2"))
	a.arrives(arrived)
	var last string
	for _, text := range []string{"one", "two", "three"} {
		last = a.deploy(map[string]string{"elsewhere/notes.txt": text})
		a.seen(last)
	}
	release()
	a.ends(gate.Passed, last) // commits that change nothing of it do not starve it
	a.ran(2, history.Done, history.Done)

	arrived, release = a.page.holds()
	for _, of := range []string{"3", "4", "5"} {
		last = a.deploy(price(of))
		a.arrives(arrived)
	}
	release()
	a.ends(gate.Passed, last)
	a.ran(5, history.Done, history.Done, history.Superseded, history.Superseded, history.Done)
}

func elsewhere(a *app) {
	a.begin(price("1"), fluxApp)
	before := a.gate().Passed
	second := a.deploy(map[string]string{"elsewhere/notes.txt": "of another app\n"})
	a.ends(gate.Passed, second)
	a.ran(1, history.Done)
	after := a.gate().Passed
	require.Equal(a.t, second, after.Targets[0].Revisions[0].Commit)
	require.Equal(a.t, before.Targets[0].Digest, after.Targets[0].Digest)
	require.Equal(a.t, before.RanAt, after.RanAt)
	require.Equal(a.t, before.Verification, after.Verification)
}

func definedByParent(a *app) {
	child := func(prefix string) string {
		return "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: app, namespace: " + a.name + "}\nspec: {sourceRef: {kind: GitRepository, name: fleet}, " +
			"path: ./app, namePrefix: " + prefix + ", targetNamespace: " + a.name + ", interval: 10m, prune: true}\n"
	}
	all := price("1")
	all["cluster/app.yaml"] = child("my-")
	first := a.begin(all, `
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: cluster, namespace: $NAME}
spec: {sourceRef: {kind: GitRepository, name: fleet}, path: ./cluster, interval: 10m, prune: true}
`)
	a.page.answers(always(http.StatusInternalServerError))
	second := a.deploy(map[string]string{"cluster/app.yaml": child("our-")})
	v := a.ends(gate.Failed, second)
	require.Equal(a.t, history.OnSync, v.Occasion.Kind)
	a.t.Log(first, second, a.describe())
}

func plainFolder(a *app) {
	const shop = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\n"
	a.begin(map[string]string{"app/shop.yaml": shop}, fluxApp)
	second := a.deploy(map[string]string{"app/more.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n"})
	v := a.ends(gate.Passed, second)
	require.NotEmpty(a.t, v.Targets[0].Digest)
	a.ran(2, history.Done, history.Done)
	third := a.deploy(map[string]string{"app/README.md": "No manifest.\n"})
	a.ends(gate.Passed, third)
	a.ran(2, history.Done, history.Done)
	fourth := a.deploy(map[string]string{"app/more.yaml": ""})
	a.ends(gate.Passed, fourth)
	a.ran(3, history.Done, history.Done, history.Done)
}
