package flux_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	metadatafake "k8s.io/client-go/metadata/fake"
	"k8s.io/utils/clock"
	"sigs.k8s.io/yaml"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/flux"
	"github.com/assay-dev/assay/sources/sync/rollout"
	"github.com/assay-dev/assay/sources/sync/track"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// resources are the kinds that the cluster of the tests has.
var resources = map[string]schema.GroupVersionResource{
	"Kustomization":     {Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations"},
	"HelmRelease":       {Group: "helm.toolkit.fluxcd.io", Version: "v2", Resource: "helmreleases"},
	"GitRepository":     {Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "gitrepositories"},
	"OCIRepository":     {Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "ocirepositories"},
	"Bucket":            {Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "buckets"},
	"ExternalArtifact":  {Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "externalartifacts"},
	"ArtifactGenerator": {Group: "source.extensions.fluxcd.io", Version: "v1beta1", Resource: "artifactgenerators"},
	"ConfigMap":         {Version: "v1", Resource: "configmaps"},
	"Secret":            {Version: "v1", Resource: "secrets"},
}

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// world is a cluster made of client-go's fakes, and config repositories in memory.
type world struct {
	t        testing.TB
	objects  *dynamicfake.FakeDynamicClient
	metadata *metadatafake.FakeMetadataClient
	mirrors  *git.Mirrors
	config   *git.Memory // the repository of the shop
	builder  *render.Builder
	rollout  *workloads
	options  flux.Options
	source   *flux.Source
	commits  map[string]string // by the names that testdata use for them, and the other way round
	version  int
}

func newWorld(t testing.TB) *world {
	scheme := metadatafake.NewTestScheme()
	require.NoError(t, metav1.AddMetaToScheme(scheme))
	w := &world{
		t: t, metadata: metadatafake.NewSimpleMetadataClient(scheme), builder: render.NewBuilder([]byte("key")), commits: map[string]string{},
		rollout: &workloads{result: rollout.Result{State: rollout.Done}, changed: make(chan struct{}, 1)},
	}
	kinds := map[schema.GroupVersionResource]string{}
	for kind, resource := range resources {
		kinds[resource] = kind + "List"
		if resource.Group != "" {
			w.define(kind)
		}
	}
	w.objects = dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), kinds)
	w.mirrors = git.NewMirrors(t.TempDir(), func(string) git.Auth { return git.Auth{} }, clock.RealClock{})
	w.config = w.repository()
	w.mirrors.Serve("https://git.example.com/shop.git", w.config)
	w.options = flux.Options{Cluster: "prod", Rollout: w.rollout}
	return w
}

func (w *world) define(kind string) {
	r := resources[kind]
	require.NoError(w.t, w.metadata.Tracker().Create(definitions, &metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition"},
		ObjectMeta: metav1.ObjectMeta{Name: r.GroupResource().String(), UID: "1"},
	}, ""))
}

// history is what each commit of the config repository changes, in order. An empty text deletes.
var history = []struct {
	name  string
	files map[string]string
}{
	{"FIRST", map[string]string{}},
	{"SECOND", map[string]string{"apps/shop/shop.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: shop}, data: {price: \"2\"}}\n"}},
	{"ELSEWHERE", map[string]string{"README.md": "Nothing that is rendered.\n"}},
	{"RELEASE", map[string]string{"releases/web.yaml": releaseFile("1.2.4")}},
	{"BROKEN", map[string]string{"apps/shop/kustomization.yaml": "resources: [gone.yaml]\n"}},
	{"MOVED", map[string]string{"apps/shop/kustomization.yaml": "", "apps/shop/shop.yaml": ""}},
}

func releaseFile(version string) string {
	return `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec:
  interval: 10m
  chart: {spec: {chart: web, version: ` + version + `, sourceRef: {kind: HelmRepository, name: charts}}}
  valuesFrom: [{kind: ConfigMap, name: web-values}]
`
}

// repository makes the config repository with its history, and names the commits.
func (w *world) repository() *git.Memory {
	memory := git.NewMemory()
	scratch := memory.Repository().Scratch()
	files := map[string]string{
		"apps/shop/kustomization.yaml": "resources: [shop.yaml]\n",
		"apps/shop/shop.yaml":          "{apiVersion: v1, kind: ConfigMap, metadata: {name: shop}, data: {price: \"1\"}}\n",
		"apps/plain/plain.yaml":        "{apiVersion: v1, kind: ConfigMap, metadata: {name: plain}, data: {color: \"${color:=red}\"}}\n",
		"releases/web.yaml":            releaseFile("1.2.3"),
		"releases/other.yaml":          "{apiVersion: v1, kind: ConfigMap, metadata: {name: other, namespace: shop}}\n",
		"clusters/prod/shop.yaml": "{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: shop, namespace: flux-system}, " +
			"spec: {interval: 10m, prune: true, path: ./apps/shop, sourceRef: {kind: GitRepository, name: shop}}}\n",
	}
	var tree git.Hash
	var parents []git.Hash
	author := git.Signature{Name: "Ada", Email: "ada@example.com", When: time.Unix(1700000000, 0).UTC()}
	for _, change := range history {
		edits := map[string]git.Entry{}
		for name, text := range change.files {
			files[name] = text
		}
		for name, text := range files {
			entry := git.Entry{}
			if text != "" {
				entry = git.Entry{Mode: filemode.Regular, Hash: scratch.WriteBlob([]byte(text))}
			}
			edits[name] = entry
		}
		var err error
		tree, err = scratch.EditTree(w.t.Context(), tree, edits)
		require.NoError(w.t, err)
		commit, err := scratch.WriteCommit(git.NewCommit{Tree: tree, Parents: parents, Author: author, Committer: author, Message: change.name + "\n"})
		require.NoError(w.t, err)
		parents = []git.Hash{commit}
		w.commits[change.name], w.commits[commit.String()] = commit.String(), change.name
	}
	require.NoError(w.t, scratch.Flush(w.t.Context()))
	require.NoError(w.t, memory.Update(w.t.Context(), git.RefUpdate{Ref: "refs/heads/main", New: parents[0]}))
	return memory
}

// apply writes objects, in YAML, with the names of commits in place of their ids.
func (w *world) apply(text string) {
	w.t.Helper()
	for name, id := range w.commits {
		if len(name) < 40 {
			text = strings.ReplaceAll(text, "{{"+name+"}}", id)
		}
	}
	for document := range strings.SplitSeq(text, "\n---\n") {
		if u := object(w.t, document); u.Object != nil {
			w.write(u)
		}
	}
}

// object reads YAML as a client reads an API server's answer.
func object(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	require.NoError(t, err)
	u := &unstructured.Unstructured{}
	if string(data) != "null" {
		require.NoError(t, u.UnmarshalJSON(data))
	}
	return u
}

func (w *world) write(u *unstructured.Unstructured) {
	w.t.Helper()
	w.version++
	u.SetResourceVersion(fmt.Sprint(w.version))
	client := w.objects.Resource(resources[u.GetKind()]).Namespace(u.GetNamespace())
	if _, err := client.Update(w.t.Context(), u, metav1.UpdateOptions{}); !apierrors.IsNotFound(err) {
		require.NoError(w.t, err)
		return
	}
	_, err := client.Create(w.t.Context(), u, metav1.CreateOptions{})
	require.NoError(w.t, err)
}

// run begins to look, until the test of the bubble ends.
func (w *world) run() {
	cluster := watch.New(w.objects, w.metadata)
	w.source = flux.New(cluster, w.objects, w.mirrors, w.builder, clock.RealClock{}, w.options)
	ctx, cancel := context.WithCancel(w.t.Context())
	var tasks sync.WaitGroup
	tasks.Go(func() { cluster.Run(ctx) })
	tasks.Go(func() { w.source.Run(ctx) })
	w.t.Cleanup(func() {
		cancel()
		tasks.Wait()
	})
}

// states are all Targets, once everything that there is to do was done.
func (w *world) states() []syncs.State {
	w.t.Helper()
	synctest.Wait()
	states, err := w.source.Targets(w.t.Context())
	require.NoError(w.t, err)
	return states
}

// one is the state of the only Target.
func (w *world) one() syncs.State {
	w.t.Helper()
	states := w.states()
	require.Len(w.t, states, 1)
	return states[0]
}

// commit is the name that the tests use for the commit of a Sync.
func (w *world) commit(s *syncs.Sync) string {
	w.t.Helper()
	require.NotNil(w.t, s, "%+v", w.states())
	require.NotEmpty(w.t, s.Revisions)
	return w.commits[s.Revisions[0].Commit]
}

var _ track.Rollout = (*rollout.Checker)(nil)

// workloads is a Rollout whose answers the test chooses.
type workloads struct {
	changed chan struct{}

	mu     sync.Mutex
	result rollout.Result
	err    error
	asked  []rollout.Ref
}

func (r *workloads) Finished(_ context.Context, objects []rollout.Ref, _ string) (rollout.Result, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = objects
	return r.result, r.err
}

func (r *workloads) Changed() <-chan struct{} { return r.changed }

func (r *workloads) say(state rollout.State, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result, r.err = rollout.Result{State: state, Reason: reason}, nil
	r.changed <- struct{}{}
}
