//go:build e2e

package flux_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"sync"
	"testing"
	"time"

	sdk "code.gitea.io/sdk/gitea"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/dynamic"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/flux"
	"github.com/assay-dev/assay/sources/sync/watch"
	"github.com/assay-dev/assay/testdata/stack"
)

// real is a Source on a real API server.
type real struct {
	*flux.Source
	mirrors *git.Mirrors
	builder *render.Builder
}

func startReal(t *testing.T, c *stack.Cluster) *real {
	t.Helper()
	cluster, err := watch.NewForConfig(c.Config())
	require.NoError(t, err)
	objects, err := dynamic.NewForConfig(c.Config())
	require.NoError(t, err)
	r := &real{builder: render.NewBuilder([]byte("key"))}
	r.mirrors = git.NewMirrors(t.TempDir(), func(repository string) git.Auth {
		auth, err := r.Auth(t.Context(), repository)
		require.NoError(t, err)
		return auth
	}, clock.RealClock{})
	r.Source = flux.New(cluster, objects, r.mirrors, r.builder, clock.RealClock{}, flux.Options{})
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

const (
	realShop  = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata: {price: \"1\", color: \"${color}\"}\n"
	realBuild = "resources: [shop.yaml]\nconfigMapGenerator: [{name: generated, literals: [a=b]}]\n"
)

// TestRealFlux follows what real controllers do with a repository on a real Git server.
func TestRealFlux(t *testing.T) {
	c := stack.StartCluster(t, stack.Options{Flux: true})
	hub := stack.StartGiteaAt(t, c.BridgeAddress())
	url := hub.CreateRepository(t, "fleet")
	write := func(file, text string) string {
		t.Helper()
		content := base64.StdEncoding.EncodeToString([]byte(text))
		old, _, err := hub.Client().GetContents(hub.User, "fleet", "main", file)
		if err != nil {
			answer, _, err := hub.Client().CreateFile(hub.User, "fleet", file, sdk.CreateFileOptions{Content: content})
			require.NoError(t, err)
			return answer.Commit.SHA
		}
		answer, _, err := hub.Client().UpdateFile(hub.User, "fleet", file, sdk.UpdateFileOptions{SHA: old.SHA, Content: content})
		require.NoError(t, err)
		return answer.Commit.SHA
	}
	write("apps/shop/shop.yaml", realShop)
	write("apps/plain/plain.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\n")
	first := write("apps/shop/kustomization.yaml", realBuild)
	source := startReal(t, c)
	c.Apply(t, fmt.Sprintf(`
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Secret, metadata: {name: fleet, namespace: shop}, stringData: {username: %q, password: %q}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: colors, namespace: shop}, data: {color: red}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: fleet, namespace: shop}
spec: {url: %q, interval: 1s, ref: {branch: main}, secretRef: {name: fleet}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: shop, namespace: shop}
spec:
  sourceRef: {kind: GitRepository, name: fleet}
  path: ./apps/shop
  targetNamespace: shop
  namePrefix: my-
  interval: 10m
  retryInterval: 2s
  prune: true
  postBuild: {substituteFrom: [{kind: ConfigMap, name: colors}]}
  patches: [{patch: "- {op: add, path: /data/patched, value: 'yes'}", target: {kind: ConfigMap, name: shop}}]
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: plain, namespace: shop}
spec: {sourceRef: {kind: GitRepository, name: fleet}, path: ./apps/plain, targetNamespace: shop, interval: 10m, prune: true, wait: true}
`, hub.User, hub.Password, url))
	at := func(commit string) func(syncs.State) bool {
		return func(s syncs.State) bool {
			return s.Sync != nil && s.Pending == nil && s.Sync.Outcome == syncs.Applied && s.Sync.Revisions[0].Commit == commit
		}
	}
	shop := source.until(t, "the first commit", "shop", at(first))
	plain := source.until(t, "the first commit", "plain", at(first))
	require.Equal(t, "main", shop.Sync.Revisions[0].Branch)
	require.Equal(t, map[string]string{"color": "red"}, shop.Build.PostBuild.From)
	for _, state := range []syncs.State{shop, plain} {
		require.NotEmpty(t, state.Sync.Digest)
		source.sameAsFlux(t, c, state)
	}

	began := time.Now()
	second := write("apps/shop/shop.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata: {price: \"2\", color: \"${color}\"}\n")
	next := source.until(t, "a good commit", "shop", at(second))
	t.Logf("a commit was seen to be synced %v after it was made", time.Since(began).Round(time.Millisecond))
	require.NotEqual(t, shop.Sync.Digest, next.Sync.Digest)
	require.Equal(t, next.Sync.At, next.Sync.Since)
	require.Equal(t, plain.Sync.Digest, source.until(t, "it changes nothing elsewhere", "plain", at(second)).Sync.Digest)

	broken := write("apps/shop/kustomization.yaml", "resources: [gone.yaml]\n")
	failed := source.until(t, "a commit that does not build", "shop", func(s syncs.State) bool { return s.Sync != nil && s.Sync.Outcome == syncs.Failed })
	require.Equal(t, syncs.BuildFailed, failed.Sync.Failure)
	require.Equal(t, broken, failed.Sync.Revisions[0].Commit)
	require.Equal(t, second, failed.Good[0].Commit)
	fixed := write("apps/shop/kustomization.yaml", realBuild)
	again := source.until(t, "the fix", "shop", at(fixed))
	require.Equal(t, next.Sync.Digest, again.Sync.Digest)

	c.Kubectl(t, "--namespace=shop", "patch", "kustomization/shop", "--type=merge", `--patch={"spec":{"namePrefix":"our-"}}`)
	renamed := source.until(t, "another spec", "shop", func(s syncs.State) bool { return at(fixed)(s) && s.Sync.Digest != again.Sync.Digest })
	source.sameAsFlux(t, c, renamed)
	c.Kubectl(t, "--namespace=shop", "annotate", "kustomization/shop", "reconcile.fluxcd.io/requestedAt=now")
	c.Kubectl(t, "--namespace=shop", "wait", "kustomization/shop", "--for=jsonpath={.status.lastHandledReconcileAt}=now", "--timeout=1m")
	require.Same(t, renamed.Sync, source.until(t, "a forced reconciliation", "shop", at(fixed)).Sync)

	c.Kubectl(t, "--namespace=shop", "patch", "kustomization/shop", "--type=merge", `--patch={"spec":{"suspend":true}}`)
	source.until(t, "suspended", "shop", func(s syncs.State) bool { return s.Sync == nil && s.Reason == "it is suspended" })
	c.Kubectl(t, "--namespace=shop", "patch", "kustomization/shop", "--type=merge", `--patch={"spec":{"suspend":false}}`)
	source.until(t, "resumed", "shop", at(fixed))
	write("apps/shop/removed.txt", "so that a folder is left\n")
	c.Kubectl(t, "--namespace=shop", "patch", "kustomization/plain", "--type=merge", `--patch={"spec":{"path":"./gone"}}`)
	gone := source.until(t, "a folder that is not there", "plain", func(s syncs.State) bool { return s.Sync != nil && s.Sync.Outcome == syncs.Failed })
	require.Equal(t, syncs.BuildFailed, gone.Sync.Failure)
}

// sameAsFlux checks that what is rendered here is, byte for byte, what Flux built: by its own digest of it.
func (r *real) sameAsFlux(t *testing.T, c *stack.Cluster, state syncs.State) {
	t.Helper()
	at := state.Sync.Revisions[0]
	mirror, err := r.mirrors.Mirror(at.URL)
	require.NoError(t, err)
	hash, err := git.ParseHash(at.Commit)
	require.NoError(t, err)
	commit, err := mirror.Repository().Commit(t.Context(), hash)
	require.NoError(t, err)
	rendering, err := r.builder.Build(t.Context(), git.FS(t.Context(), mirror.Repository(), commit.Tree), at.Path, state.Build)
	require.NoError(t, err)
	sum := sha256.Sum256(rendering.YAML())
	digest := c.Kubectl(t, "--namespace=shop", "get", "kustomization/"+state.Target.Name, "--output=jsonpath={.status.history[0].digest}")
	require.Equal(t, digest, "sha256:"+hex.EncodeToString(sum[:]))
}
