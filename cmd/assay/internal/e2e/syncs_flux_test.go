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
	fluxSource = `
{apiVersion: v1, kind: Namespace, metadata: {name: $NAME}}
---
{apiVersion: v1, kind: Secret, metadata: {name: config, namespace: $NAME}, stringData: {username: $USER, password: $PASSWORD}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: config, namespace: $NAME}
spec: {url: "$URL", interval: 1h, ref: {branch: main}, secretRef: {name: config}}
`
	fluxApp = `
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: app, namespace: $NAME}
spec:
  sourceRef: {kind: GitRepository, name: config}
  path: ./app
  targetNamespace: $NAME
  interval: 1h
  retryInterval: 2s
  prune: true
`
)

// selling is an app at a price.
func selling(at string) map[string]string {
	return map[string]string{
		"app/kustomization.yaml": "resources: [shop.yaml]\n",
		"app/shop.yaml":          configMap("shop", at),
	}
}

func configMap(name, value string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata: {value: \"" + value + "\"}\n"
}

// What is no part of an app, and what does not build.
var (
	notes  = map[string]string{"elsewhere/notes.txt": "of another app\n"}
	broken = map[string]string{"app/kustomization.yaml": "resources: [gone.yaml]\n"}
)

// fluxBegins brings an app into the cluster by Flux, and waits until its first commit has passed. Assay reads the
// repository with what Flux does.
func (a *app) fluxBegins(files map[string]string, objects ...string) (first string) {
	a.t.Helper()
	first = a.repo.push("Begin", files)
	a.apply(fluxSource, a.fluxSecrets(), strings.Join(objects, "\n---\n"))
	a.ends(gate.Passed, first)
	return first
}

// fluxSecrets is what the component of that name allows Assay, said of the namespace of the case.
func (a *app) fluxSecrets() string {
	a.t.Helper()
	return strings.NewReplacer("namespace: flux-system", "namespace: "+a.name, "[flux-system]", "[config]").Replace(component(a.t, "flux-secrets"))
}

// fluxBrings pushes files, and has Flux look as a webhook would. It returns the commit.
func (a *app) fluxBrings(files map[string]string) (commit string) {
	a.t.Helper()
	commit = a.repo.push("Change", files)
	a.annotate("gitrepository/config", "reconcile.fluxcd.io/requestedAt")
	return commit
}

// doesNotBuild: no Suite runs, the commit is to blame, and what passed before is verified when it is back.
func doesNotBuild(a *app) {
	a.fluxBegins(selling("1"), fluxApp)
	bad := a.fluxBrings(broken)
	v := a.ends(gate.Failed, bad)
	require.Equal(a.t, sync.BuildFailed, v.Targets[0].Failure)
	require.Contains(a.t, v.Verdict.Reason, "gone.yaml")
	a.blames(v, bad)
	a.ran(1, history.Done, history.Done)
	a.ends(gate.Passed, a.fluxBrings(selling("1")))
	a.ran(2, history.Done, history.Done, history.Done)
}

// suspended: what the status still says counts for nothing.
func suspended(a *app) {
	suspend := func(is string) {
		a.kubectl("patch", "kustomization/app", "--type=merge", `--patch={"spec":{"suspend":`+is+`}}`)
	}
	a.fluxBegins(selling("1"), fluxApp)
	suspend("true")
	second := a.fluxBrings(selling("2"))
	a.awaits("gitrepository/config", ".status.artifact.revision", "main@sha1:"+second)
	a.decided("it is suspended")
	a.ran(1, history.Done)
	suspend("false")
	a.ends(gate.Passed, second)
	a.ran(2, history.Done, history.Done)
}

// dependsOn: a commit is not live while something that is to come first does not.
func dependsOn(a *app) {
	base := func(text string) map[string]string { return map[string]string{"base/base.yaml": text} }
	a.repo.push("Lay the base", base(configMap("base", "1")))
	a.fluxBegins(selling("1"), fluxApp+"  dependsOn: [{name: base}]\n",
		strings.NewReplacer("name: app", "name: base", "./app", "./base").Replace(fluxApp))
	a.repo.push("Break the base", base("neither: a resource\n"))
	second := a.fluxBrings(selling("2"))
	a.decided("dependency '" + a.name + "/base' is not ready")
	a.awaits("gitrepository/config", ".status.artifact.revision", "main@sha1:"+second)
	a.ran(1, history.Done)
	a.ends(gate.Passed, a.fluxBrings(base(configMap("base", "1"))))
	a.ran(2, history.Done, history.Done)
}

// forced: Flux reconciles the same revision once more, and nothing runs twice, unless Assay is asked to.
func forced(a *app) {
	first := a.fluxBegins(selling("1"), fluxApp)
	handled := a.annotate("kustomization/app", "reconcile.fluxcd.io/requestedAt")
	a.awaits("kustomization/app", ".status.lastHandledReconcileAt", handled)
	a.askedFor(first)
}

// askedFor has Assay verify the second time, and checks that nothing ran in between.
func (a *app) askedFor(commit string) {
	a.t.Helper()
	target := strings.ToLower(a.kinds[a.name]) + "/app"
	asked := a.annotate(target, "assay.dev/requestedAt")
	a.eventually("what was asked for", func() bool { return a.verifications()[0].Occasion.Value == asked })
	a.ends(gate.Passed, commit)
	a.ran(2, history.Done, history.Done)
}

// quickSuccession: a commit that changes the app while the Suite runs has it run anew; one that does not inherits the Verdict.
func quickSuccession(a *app) {
	a.fluxBegins(selling("1"), fluxApp)
	arrived, release := a.page.holds()
	a.fluxBrings(selling("2"))
	a.arrives(arrived)
	a.fluxBrings(selling("3"))
	a.arrives(arrived)
	same := a.fluxBrings(notes)
	a.seen(same)
	release()
	a.ends(gate.Passed, same)
	a.ran(3, history.Done, history.Superseded, history.Done)
}

// slowSuite: commits that come faster than it is done do not starve it, and of those that change the app the last is verified.
func slowSuite(a *app) {
	a.fluxBegins(selling("1"), fluxApp)
	arrived, release := a.page.holds()
	a.fluxBrings(selling("2"))
	a.arrives(arrived)
	var last string
	for _, text := range []string{"one", "two", "three"} {
		last = a.fluxBrings(map[string]string{"elsewhere/notes.txt": text})
		a.seen(last)
	}
	release()
	a.ends(gate.Passed, last)
	a.ran(2, history.Done, history.Done)

	arrived, release = a.page.holds()
	for _, at := range []string{"3", "4", "5"} {
		last = a.fluxBrings(selling(at))
		a.arrives(arrived)
	}
	release()
	a.ends(gate.Passed, last)
	a.ran(5, history.Done, history.Done, history.Superseded, history.Superseded, history.Done)
}

// elsewhere: a commit to other apps of the repository runs nothing, and moves the commit that passed last, but not the time.
func elsewhere(a *app) {
	a.fluxBegins(selling("1"), fluxApp)
	before := a.gate().Passed
	a.inherits(a.fluxBrings(notes), before)
}

// inherits waits until a commit has the Verdict of the first one.
func (a *app) inherits(commit string, before *history.LastPassed) {
	a.t.Helper()
	a.ends(gate.Passed, commit)
	a.ran(1, history.Done)
	after := a.gate().Passed
	require.Equal(a.t, commit, after.Targets[0].Revisions[0].Commit)
	require.Equal(a.t, before.Targets[0].Digest, after.Targets[0].Digest)
	require.Equal(a.t, before.RanAt, after.RanAt)
}

// definedByParent: another Kustomization changes how the app is built, which is as good as a change of its folder.
func definedByParent(a *app) {
	defined := func(prefix string) map[string]string {
		spec := strings.NewReplacer("$NAME", a.name, "path: ./app", "path: ./app\n  namePrefix: "+prefix).Replace(fluxApp)
		return map[string]string{"cluster/app.yaml": spec}
	}
	a.repo.push("Sell", selling("1"))
	a.fluxBegins(defined("my-"), strings.NewReplacer("name: app", "name: cluster", "./app", "./cluster").Replace(fluxApp))
	second := a.fluxBrings(defined("our-"))
	a.eventually("a verification of the new definition", func() bool { return len(a.verifications()) == 2 })
	require.Equal(a.t, history.OnSync, a.ends(gate.Passed, second).Occasion.Kind)
	a.ran(2, history.Done, history.Done)
	a.page.fails()
	third := a.fluxBrings(defined("their-"))
	a.blames(a.ends(gate.Failed, third), third)
}

// plainFolder: without a kustomization.yaml all manifests of the folder are applied, and nothing else of it counts.
func plainFolder(a *app) {
	a.fluxBegins(map[string]string{"app/shop.yaml": configMap("shop", "1")}, fluxApp)
	a.ends(gate.Passed, a.fluxBrings(map[string]string{"app/more.yaml": configMap("more", "1")}))
	a.ran(2, history.Done, history.Done)
	a.ends(gate.Passed, a.fluxBrings(map[string]string{"app/README.md": "No manifest.\n"}))
	a.ran(2, history.Done, history.Done)
	a.ends(gate.Passed, a.fluxBrings(map[string]string{"app/more.yaml": ""}))
	a.ran(3, history.Done, history.Done, history.Done)
}
