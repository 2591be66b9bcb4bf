// Package tracktest makes the world that the tests of a GitOps engine's source look at: a cluster of client-go's fakes, workloads, and a
// config repository in memory whose commits have names. In go objects in YAML, where {{NAME}} stands for the id of a commit; out come the
// States that the source tells once it has done all that there is to do. Nothing in it reaches beyond the test, or goes on after it.
package tracktest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

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
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/rollout"
	"github.com/assay-dev/assay/sources/sync/track"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// URL is the address of the config repository.
const URL = "https://git.example.com/shop.git"

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// World is one cluster and one config repository.
type World struct {
	T        testing.TB
	Objects  *dynamicfake.FakeDynamicClient
	Metadata *metadatafake.FakeMetadataClient
	Mirrors  *git.Mirrors
	Config   *git.Memory
	// Commits are the ids of the config repository's commits by their names, and Names their names by their ids.
	Commits, Names map[string]string
	Rollout        *Rollout
	// Version is the resource version of the object that was written last.
	Version int

	resources map[string]schema.GroupVersionResource
	source    track.Source
}

// New makes a World whose cluster has some kinds, with a config repository of some history, and whose workloads are all done.
func New(t testing.TB, resources map[string]schema.GroupVersionResource, history []Commit) *World {
	scheme := metadatafake.NewTestScheme()
	require.NoError(t, metav1.AddMetaToScheme(scheme))
	w := &World{
		T: t, Metadata: metadatafake.NewSimpleMetadataClient(scheme), resources: resources,
		Commits: map[string]string{}, Names: map[string]string{},
		Rollout: &Rollout{Result: rollout.Result{State: rollout.Done}, changed: make(chan struct{}, 1)},
	}
	lists := map[schema.GroupVersionResource]string{}
	for kind, resource := range resources {
		lists[resource] = kind + "List"
		if resource.Group != "" {
			w.define(resource)
		}
	}
	w.Objects = dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists)
	w.Mirrors = git.NewMirrors(t.TempDir(), func(string) git.Auth { return git.Auth{} }, clock.RealClock{})
	w.Config = w.repository(history)
	w.Mirrors.Serve(URL, w.Config)
	return w
}

func (w *World) define(r schema.GroupVersionResource) {
	require.NoError(w.T, w.Metadata.Tracker().Create(definitions, &metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition"},
		ObjectMeta: metav1.ObjectMeta{Name: r.GroupResource().String(), UID: "1"},
	}, ""))
}

// Object reads YAML as a client reads an API server's answer; its Object is nil where the YAML says nothing.
func Object(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	require.NoError(t, err)
	u := &unstructured.Unstructured{}
	if string(data) != "null" {
		require.NoError(t, u.UnmarshalJSON(data))
	}
	return u
}

// Object reads YAML with the names of commits.
func (w *World) Object(text string) *unstructured.Unstructured {
	w.T.Helper()
	return Object(w.T, w.Filled(text))
}

// Write has the cluster hold an object as it is.
func (w *World) Write(u *unstructured.Unstructured) {
	w.T.Helper()
	w.Version++
	u.SetResourceVersion(fmt.Sprint(w.Version))
	client := w.Objects.Resource(w.resources[u.GetKind()]).Namespace(u.GetNamespace())
	if _, err := client.Update(w.T.Context(), u, metav1.UpdateOptions{}); !apierrors.IsNotFound(err) {
		require.NoError(w.T, err)
		return
	}
	_, err := client.Create(w.T.Context(), u, metav1.CreateOptions{})
	require.NoError(w.T, err)
}

// Run lets a source of this World look, until the test ends.
func (w *World) Run(cluster *watch.Cluster, source track.Source) {
	w.source = source
	ctx, cancel := context.WithCancel(w.T.Context())
	var tasks sync.WaitGroup
	tasks.Go(func() { cluster.Run(ctx) })
	tasks.Go(func() { source.Run(ctx) })
	w.T.Cleanup(func() {
		cancel()
		tasks.Wait()
	})
}

// States are all Targets, once everything that there is to do in the test's bubble was done.
func (w *World) States() []syncs.State {
	w.T.Helper()
	synctest.Wait()
	states, err := w.source.Targets(w.T.Context())
	require.NoError(w.T, err)
	return states
}

// One is the State of the only Target.
func (w *World) One() syncs.State {
	w.T.Helper()
	states := w.States()
	require.Len(w.T, states, 1)
	return states[0]
}
