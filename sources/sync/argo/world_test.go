package argo_test

import (
	"context"
	encoding "encoding/base64"
	"fmt"
	"maps"
	"os"
	"slices"
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
	"github.com/assay-dev/assay/sources/sync/argo"
	"github.com/assay-dev/assay/sources/sync/rollout"
	"github.com/assay-dev/assay/sources/sync/watch"
)

var resources = map[string]schema.GroupVersionResource{
	"Application":    {Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"},
	"ApplicationSet": {Group: "argoproj.io", Version: "v1alpha1", Resource: "applicationsets"},
	"Secret":         {Version: "v1", Resource: "secrets"},
	"ConfigMap":      {Version: "v1", Resource: "configmaps"},
}

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// world is a cluster made of client-go's fakes, and config repositories in memory.
type world struct {
	t        testing.TB
	objects  *dynamicfake.FakeDynamicClient
	metadata *metadatafake.FakeMetadataClient
	mirrors  *git.Mirrors
	config   *git.Memory // the repository of the shop
	rollout  *workloads
	options  argo.Options
	source   *argo.Source
	commits  map[string]string // by the names that testdata use for them, and the other way round
	version  int
}

// history is what each commit of the config repository changes, in order.
var history = []struct {
	name  string
	files map[string]string
}{
	{"FIRST", map[string]string{
		"apps/shop/kustomization.yaml": "resources: [shop.yaml]\n", "apps/shop/shop.yaml": configMap("shop", "1"),
		"apps/parent/shop.yaml": application("shop"), "apps/parent/other.yaml": configMap("other", "1"), "apps/parent/set.yaml": applicationSet,
		"values/web.yaml": "replicas: 1\n", "README.md": "A shop.\n",
		"chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n", "chart/templates/web.yaml": configMap("web", "{{ .Values.replicas }}"),
	}},
	{"SECOND", map[string]string{"apps/shop/shop.yaml": configMap("shop", "2")}},
	{"ELSEWHERE", map[string]string{"README.md": "Nothing that is rendered.\n", "values/web.yaml": "replicas: 2\n"}},
	{"BROKEN", map[string]string{"apps/shop/kustomization.yaml": "resources: [gone.yaml]\n"}},
	{"HYDRATED", map[string]string{"env/prod/hydrator.metadata": `{"drySha": "{{SECOND}}", "repoURL": "https://git.example.com/shop.git"}`}},
}

func configMap(name, price string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {price: %q}\n", name, price)
}

func application(name string) string {
	return fmt.Sprintf("{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: %s, namespace: argocd}, spec: {project: default}}\n", name)
}

const applicationSet = "{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet, metadata: {name: shops, namespace: argocd}, spec: {generators: []}}\n"

// in runs a test in a world of its own, at noon.
func in(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC))) // the bubble's clock
		test(t, newWorld(t))
	})
}

func newWorld(t testing.TB) *world {
	scheme := metadatafake.NewTestScheme()
	require.NoError(t, metav1.AddMetaToScheme(scheme))
	w := &world{
		t: t, metadata: metadatafake.NewSimpleMetadataClient(scheme), commits: map[string]string{},
		rollout: &workloads{result: rollout.Result{State: rollout.Done}, changed: make(chan struct{}, 1)},
	}
	kinds := map[schema.GroupVersionResource]string{}
	for kind, resource := range resources {
		kinds[resource] = kind + "List"
		require.NoError(t, w.metadata.Tracker().Create(definitions, &metav1.PartialObjectMetadata{
			TypeMeta:   metav1.TypeMeta{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition"},
			ObjectMeta: metav1.ObjectMeta{Name: resource.GroupResource().String()},
		}, ""))
	}
	w.objects = dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), kinds)
	w.mirrors = git.NewMirrors(t.TempDir(), func(string) git.Auth { return git.Auth{} }, clock.RealClock{})
	w.config = w.repository()
	w.mirrors.Serve("https://git.example.com/shop.git", w.config)
	w.options = argo.Options{Cluster: "prod", Namespace: "argocd", KubeVersion: "1.36.3", Rollout: w.rollout}
	return w
}

// repository makes the config repository with its history, and names the commits. Main ends at BROKEN; v1 is a tag.
func (w *world) repository() *git.Memory {
	memory := git.NewMemory()
	scratch := memory.Repository().Scratch()
	var tree git.Hash
	var parents []git.Hash
	refs := map[string]git.Hash{}
	author := git.Signature{Name: "Ada", Email: "ada@example.com", When: time.Unix(1700000000, 0).UTC()}
	for _, change := range history {
		edits := map[string]git.Entry{}
		for name, text := range change.files {
			edits[name] = git.Entry{Mode: filemode.Regular, Hash: scratch.WriteBlob([]byte(w.named(text)))}
		}
		var err error
		tree, err = scratch.EditTree(w.t.Context(), tree, edits)
		require.NoError(w.t, err)
		commit, err := scratch.WriteCommit(git.NewCommit{Tree: tree, Parents: parents, Author: author, Committer: author, Message: change.name + "\n"})
		require.NoError(w.t, err)
		parents, refs[change.name] = []git.Hash{commit}, commit
		w.commits[change.name], w.commits[commit.String()] = commit.String(), change.name
	}
	require.NoError(w.t, scratch.Flush(w.t.Context()))
	for ref, name := range map[string]string{"refs/heads/main": "BROKEN", "refs/heads/env/prod": "HYDRATED", "refs/tags/v1.0.0": "FIRST"} {
		require.NoError(w.t, memory.Update(w.t.Context(), git.RefUpdate{Ref: ref, New: refs[name]}))
	}
	return memory
}

// named puts the ids of commits in place of their names.
func (w *world) named(text string) string {
	for name, id := range w.commits {
		if len(name) < 40 {
			text = strings.ReplaceAll(text, "{{"+name+"}}", id)
		}
	}
	return text
}

// load reads an object of testdata.
func (w *world) load(file string) *unstructured.Unstructured {
	w.t.Helper()
	data, err := os.ReadFile("testdata/" + file + ".yaml")
	require.NoError(w.t, err)
	return w.object(string(data))
}

func (w *world) object(text string) *unstructured.Unstructured {
	w.t.Helper()
	data, err := yaml.YAMLToJSON([]byte(w.named(text)))
	require.NoError(w.t, err)
	u := &unstructured.Unstructured{}
	require.NoError(w.t, u.UnmarshalJSON(data))
	return u
}

// fields are changes of an object: by path with dots, as YAML. An empty text removes the field.
type fields map[string]string

func (w *world) edited(u *unstructured.Unstructured, all fields) *unstructured.Unstructured {
	w.t.Helper()
	for _, path := range slices.Sorted(maps.Keys(all)) {
		text, at := all[path], strings.Split(path, ".")
		if text == "" {
			unstructured.RemoveNestedField(u.Object, at...)
			continue
		}
		whole := w.object("apiVersion: v1\nkind: Value\nvalue: " + strings.ReplaceAll(text, "\n", "\n  "))
		require.NoError(w.t, unstructured.SetNestedField(u.Object, whole.Object["value"], at...))
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
	w.source = argo.New(cluster, w.objects, w.mirrors, render.NewBuilder([]byte("key")), clock.RealClock{}, w.options)
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

// told is a Sync in a line: outcome, commits by their names, failure and reason.
func (w *world) told(s *syncs.Sync) string {
	if s == nil {
		return ""
	}
	words := []string{string(s.Outcome)}
	for _, r := range s.Revisions {
		name := r.Commit
		if known := w.commits[r.Commit]; known != "" {
			name = known
		}
		words = append(words, name)
	}
	if s.Failure != "" {
		words = append(words, string(s.Failure)+": "+s.Reason)
	}
	return strings.Join(words, " ")
}

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

func (r *workloads) answer(result rollout.Result, err error) {
	r.mu.Lock()
	r.result, r.err = result, err
	r.mu.Unlock()
	r.changed <- struct{}{}
}

// briefly puts the short ids of commits in place of their names between percent signs.
func (w *world) briefly(text string) string {
	for name, id := range w.commits {
		if len(name) < 40 {
			text = strings.ReplaceAll(text, "%"+name+"%", id[:8])
		}
	}
	return text
}

func base64(text string) string { return encoding.StdEncoding.EncodeToString([]byte(text)) }
