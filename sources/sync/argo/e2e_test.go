//go:build e2e

package argo_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	sdk "code.gitea.io/sdk/gitea"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/argo"
	"github.com/assay-dev/assay/sources/sync/rollout"
	"github.com/assay-dev/assay/sources/sync/watch"
	"github.com/assay-dev/assay/testdata/stack"
)

// real is a Source on a real API server.
type real struct {
	*argo.Source
	objects dynamic.Interface
	mirrors *git.Mirrors
	builder *render.Builder
}

func startReal(t *testing.T, c *stack.Cluster) *real {
	t.Helper()
	cluster, err := watch.NewForConfig(c.Config())
	require.NoError(t, err)
	objects, err := dynamic.NewForConfig(c.Config())
	require.NoError(t, err)
	about, err := metadata.NewForConfig(c.Config())
	require.NoError(t, err)
	r := &real{objects: objects, builder: render.NewBuilder([]byte("key"))}
	r.mirrors = git.NewMirrors(t.TempDir(), func(repository string) git.Auth {
		auth, err := r.Auth(t.Context(), repository)
		require.NoError(t, err)
		return auth
	}, clock.RealClock{})
	r.Source = argo.New(cluster, objects, r.mirrors, r.builder, clock.RealClock{}, argo.Options{
		Namespace: "argocd", Rollout: rollout.New(cluster, about, nil, clock.RealClock{}),
	})
	ctx, cancel := context.WithCancel(t.Context())
	var tasks sync.WaitGroup
	tasks.Go(func() { cluster.Run(ctx) })
	tasks.Go(func() { r.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		tasks.Wait()
	})
	return r
}

// until waits for a Target's state to be as the test says.
func (r *real) until(t *testing.T, what, name string, is func(syncs.State) bool) (found syncs.State) {
	t.Helper()
	require.Eventually(t, func() bool {
		states, err := r.Targets(t.Context())
		require.NoError(t, err)
		for _, s := range states {
			if s.Target.Name == name {
				found = s
				return is(s)
			}
		}
		return false
	}, 2*time.Minute, 20*time.Millisecond, "%s: the last state is %+v", what, &found)
	return found
}

// TestRealArgo follows what a real Argo CD does with a repository on a real Git server.
func TestRealArgo(t *testing.T) {
	c := stack.StartCluster(t, stack.Options{ArgoCD: true})
	hub := stack.StartGiteaAt(t, c.BridgeAddress())
	url := hub.CreateRepository(t, "fleet")
	write := func(file, text string) string {
		t.Helper()
		old, _, err := hub.Client().GetContents(hub.User, "fleet", "main", file)
		if err != nil {
			answer, _, err := hub.Client().CreateFile(hub.User, "fleet", file, sdk.CreateFileOptions{Content: base64(text)})
			require.NoError(t, err)
			return answer.Commit.SHA
		}
		answer, _, err := hub.Client().UpdateFile(hub.User, "fleet", file, sdk.UpdateFileOptions{SHA: old.SHA, Content: base64(text)})
		require.NoError(t, err)
		return answer.Commit.SHA
	}
	const built = "resources: [shop.yaml]\nlabels: [{pairs: {tier: front}}]\n"
	write("apps/shop/shop.yaml", configMap("shop", "1"))
	write("apps/shop/.argocd-source-shop_shop.yaml", "kustomize: {nameSuffix: -a}\n")
	write("apps/plain/plain.yaml", configMap("plain", "1"))
	write("apps/plain/not.yaml", configMap("not", "1"))
	first := write("apps/shop/kustomization.yaml", built)
	source := startReal(t, c)
	c.Apply(t, fmt.Sprintf(`
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
apiVersion: v1
kind: Secret
metadata: {name: fleet, namespace: argocd, labels: {argocd.argoproj.io/secret-type: repository}}
stringData: {type: git, url: %[3]q, username: %[1]q, password: %[2]q}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: shop}
spec:
  project: default
  source: {repoURL: %[3]q, targetRevision: main, path: apps/shop, kustomize: {namePrefix: my-, commonLabels: {team: shop}, labelWithoutSelector: true}}
  destination: {server: https://kubernetes.default.svc, namespace: shop}
  syncPolicy: {automated: {prune: true, selfHeal: true}}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: plain, namespace: argocd}
spec:
  project: default
  source: {repoURL: %[3]q, path: apps/plain, directory: {exclude: not.yaml}}
  destination: {server: https://kubernetes.default.svc, namespace: shop}
`, hub.User, hub.Password, url))
	refresh := func() {
		t.Helper()
		for namespace, name := range map[string]string{"shop": "shop", "argocd": "plain"} {
			c.Kubectl(t, "--namespace="+namespace, "annotate", "--overwrite", "application/"+name, "argocd.argoproj.io/refresh=hard")
		}
	}
	at := func(commit string) func(syncs.State) bool {
		return func(s syncs.State) bool {
			return s.Sync != nil && s.Pending == nil && s.Sync.Outcome == syncs.Applied && s.Sync.Revisions[0].Commit == commit && s.Reason == ""
		}
	}
	shop := source.until(t, "the first commit", "shop", at(first))
	require.Equal(t, "main", shop.Sync.Revisions[0].Branch)
	source.sameAsArgo(t, shop)
	source.until(t, "manual", "plain", func(s syncs.State) bool {
		return s.Sync == nil && s.Reason == "it was never synced, and automated sync is off"
	})
	c.Kubectl(t, "--namespace=argocd", "patch", "application/plain", "--type=merge", `--patch={"operation":{"sync":{}}}`)
	plain := source.until(t, "synced by hand", "plain", at(first))
	source.sameAsArgo(t, plain)

	began := time.Now()
	second := write("apps/shop/shop.yaml", configMap("shop", "2"))
	refresh()
	next := source.until(t, "a good commit", "shop", at(second))
	t.Logf("a commit was seen to be synced %v after it was made", time.Since(began).Round(time.Millisecond))
	require.NotEqual(t, shop.Sync.Digest, next.Sync.Digest)
	inherited := source.until(t, "it changes nothing elsewhere", "plain", at(second))
	require.Equal(t, plain.Sync.Digest, inherited.Sync.Digest)
	require.Zero(t, inherited.Sync.Since)

	broken := write("apps/shop/kustomization.yaml", "resources: [gone.yaml]\n")
	refresh()
	failed := source.until(t, "a commit that does not build", "shop", func(s syncs.State) bool { return s.Sync != nil && s.Sync.Outcome == syncs.Failed })
	require.Equal(t, syncs.BuildFailed, failed.Sync.Failure, failed.Sync.Reason)
	require.Equal(t, broken, failed.Sync.Revisions[0].Commit)
	require.Equal(t, second, failed.Good[0].Commit)
	fixed := write("apps/shop/kustomization.yaml", built)
	refresh()
	again := source.until(t, "the fix", "shop", at(fixed))
	require.Equal(t, next.Sync.Digest, again.Sync.Digest)

	changed := write("apps/plain/plain.yaml", configMap("plain", "2"))
	refresh()
	source.until(t, "a commit that waits for somebody", "plain", func(s syncs.State) bool {
		return s.Sync != nil && s.Sync.Revisions[0].Commit != changed && s.Reason == fmt.Sprintf("it is OutOfSync at %.8s, and automated sync is off", changed)
	})
}

// sameAsArgo checks that Argo CD applied what is rendered here: each object is in the cluster, with at least the fields that it has here.
func (r *real) sameAsArgo(t *testing.T, state syncs.State) {
	t.Helper()
	at := state.Sync.Revisions[0]
	mirror, err := r.mirrors.Mirror(at.URL)
	require.NoError(t, err)
	hash, err := git.ParseHash(at.Commit)
	require.NoError(t, err)
	commit, err := mirror.Repository().Commit(t.Context(), hash)
	require.NoError(t, err)
	rendering, err := r.builder.Build(t.Context(), git.FS(t.Context(), mirror.Repository(), commit.Tree), at.Path, state.BuildOf(at))
	require.NoError(t, err)
	require.Equal(t, rendering.Digest, state.Sync.Digest)
	var names []string
	for _, o := range rendering.Objects {
		live, err := r.objects.Resource(resources[o.Kind]).Namespace("shop").Get(t.Context(), o.Name, metav1.GetOptions{})
		require.NoError(t, err)
		var rendered map[string]any
		require.NoError(t, o.Decode(&rendered))
		requireWithin(t, rendered, live.Object, o.String())
		names = append(names, o.Name)
	}
	applied, err := r.objects.Resource(resources["ConfigMap"]).Namespace("shop").List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	for _, live := range applied.Items {
		if parent := live.GetAnnotations()["argocd.argoproj.io/tracking-id"]; parent == state.Target.Namespace+"_"+state.Target.Name+":/ConfigMap:shop/"+live.GetName() {
			require.Contains(t, names, live.GetName(), "Argo CD applied nothing else")
		}
	}
}

// requireWithin checks that a mapping lies within another.
func requireWithin(t *testing.T, part, whole map[string]any, where string) {
	t.Helper()
	for key, value := range part {
		if inner, ok := value.(map[string]any); ok {
			outer, _ := whole[key].(map[string]any)
			requireWithin(t, inner, outer, where+"."+key)
			continue
		}
		require.Equal(t, value, whole[key], where+"."+key)
	}
}
