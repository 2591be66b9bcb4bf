package watch_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	metadatafake "k8s.io/client-go/metadata/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/assay-dev/assay/sources/sync/watch"
)

var (
	pods           = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	kustomizations = schema.GroupVersionResource{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations"}
	definitions    = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
)

// small is what the tests keep of an object.
type small struct {
	metav1.ObjectMeta
	path string
}

func trim(u *unstructured.Unstructured) *small {
	path, _, _ := unstructured.NestedString(u.Object, "spec", "path")
	return &small{ObjectMeta: watch.Meta(u, "kept"), path: path}
}

// peer is a cluster made of client-go's fakes.
type peer struct {
	objects  *dynamicfake.FakeDynamicClient
	metadata *metadatafake.FakeMetadataClient
}

func newPeer(t *testing.T) *peer {
	scheme := metadatafake.NewTestScheme()
	require.NoError(t, metav1.AddMetaToScheme(scheme))
	return &peer{
		objects: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{
			pods: "PodList", kustomizations: "KustomizationList",
		}),
		metadata: metadatafake.NewSimpleMetadataClient(scheme),
	}
}

func (p *peer) put(t *testing.T, in schema.GroupVersionResource, kind, namespace, name, path, version string) {
	t.Helper()
	u := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": in.GroupVersion().String(), "kind": kind,
		"metadata": map[string]any{
			"namespace": namespace, "name": name, "resourceVersion": version, "labels": map[string]any{"team": namespace},
			"annotations": map[string]any{"kept": "yes", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
		},
		"spec": map[string]any{"path": path}, "status": map[string]any{"much": "more"},
	}}
	if _, err := p.objects.Resource(in).Namespace(namespace).Update(t.Context(), u, metav1.UpdateOptions{}); !apierrors.IsNotFound(err) {
		require.NoError(t, err)
		return
	}
	_, err := p.objects.Resource(in).Namespace(namespace).Create(t.Context(), u, metav1.CreateOptions{})
	require.NoError(t, err)
}

func (p *peer) define(t *testing.T, name string, uid types.UID) {
	t.Helper()
	require.NoError(t, p.metadata.Tracker().Create(definitions, &metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition"},
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: uid},
	}, ""))
}

// told gathers what a Kind notified.
type told struct {
	mu   sync.Mutex
	keys []string
}

func (n *told) notify(key watch.Key) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.keys = append(n.keys, key.String())
}

// take is what was told since the last time, sorted.
func (n *told) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	keys := slices.Sorted(slices.Values(n.keys))
	n.keys = nil
	return keys
}

// run runs the cluster until the test of the bubble ends.
func run(t *testing.T, cluster *watch.Cluster) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cluster.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	synctest.Wait()
}

func names(k *watch.Kind[*small]) []string {
	all := []string{}
	for _, o := range k.List() {
		all = append(all, o.Namespace+"/"+o.Name+" "+o.path)
	}
	slices.Sort(all)
	return all
}

func TestObjectsAreKeptTrimmedAndToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, n := newPeer(t), &told{}
		p.put(t, pods, "Pod", "a", "one", "x", "1")
		cluster := watch.New(p.objects, p.metadata)
		kind := watch.Follow(cluster, pods, watch.Selection{}, trim, n.notify)
		require.False(t, kind.Synced())
		require.Equal(t, "the cluster is not watched yet", kind.Reason())
		run(t, cluster)

		require.True(t, kind.Synced())
		require.Empty(t, kind.Reason())
		require.Equal(t, []string{"a/one x"}, names(kind))
		n.take()
		one, found := kind.Get(watch.Key{Namespace: "a", Name: "one"})
		require.True(t, found)
		require.Equal(t, map[string]string{"kept": "yes"}, one.Annotations)
		require.Equal(t, map[string]string{"team": "a"}, one.Labels)

		p.put(t, pods, "Pod", "a", "one", "y", "2")
		p.put(t, pods, "Pod", "b", "two", "z", "3")
		synctest.Wait()
		require.Equal(t, []string{"a/one y", "b/two z"}, names(kind))
		require.Equal(t, []string{"a/one", "b/two"}, n.take())

		require.NoError(t, p.objects.Resource(pods).Namespace("a").Delete(t.Context(), "one", metav1.DeleteOptions{}))
		synctest.Wait()
		require.Equal(t, []string{"b/two z"}, names(kind))
		require.Equal(t, []string{"a/one"}, n.take())
		_, found = kind.Get(watch.Key{Namespace: "a", Name: "one"})
		require.False(t, found)
	})
}

func TestOnlyTheGivenNamespacesAreWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, n := newPeer(t), &told{}
		for _, namespace := range []string{"a", "b", "c"} {
			p.put(t, pods, "Pod", namespace, "one", "x", "1")
		}
		cluster := watch.New(p.objects, p.metadata, "a", "c", "a")
		kind := watch.Follow(cluster, pods, watch.Selection{}, trim, n.notify)
		run(t, cluster)
		require.Equal(t, []string{"a/one x", "c/one x"}, names(kind))
		_, found := kind.Get(watch.Key{Namespace: "b", Name: "one"})
		require.False(t, found)
	})
}

func TestAKindIsFollowedWhileTheClusterHasIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, n := newPeer(t), &told{}
		cluster := watch.New(p.objects, p.metadata)
		kind := watch.Follow(cluster, kustomizations, watch.Selection{}, trim, n.notify)
		run(t, cluster)
		require.True(t, kind.Synced(), "there is none, and that is known: %s", kind.Reason())
		require.Equal(t, "the cluster has no kustomizations.kustomize.toolkit.fluxcd.io", kind.Reason())
		require.Empty(t, p.objects.Actions(), "nobody asked for what is not there")
		n.take()

		p.define(t, "kustomizations.kustomize.toolkit.fluxcd.io", "first")
		p.put(t, kustomizations, "Kustomization", "flux-system", "apps", "./apps", "1")
		synctest.Wait()
		require.Equal(t, []string{"flux-system/apps ./apps"}, names(kind))
		require.Empty(t, kind.Reason())
		require.Contains(t, n.take(), "/", "that there is something at all")

		require.NoError(t, p.metadata.Tracker().Delete(definitions, "", "kustomizations.kustomize.toolkit.fluxcd.io"))
		synctest.Wait()
		require.Empty(t, names(kind))
		require.Equal(t, "the cluster has no kustomizations.kustomize.toolkit.fluxcd.io", kind.Reason())
		require.Equal(t, []string{"/"}, n.take())

		p.define(t, "kustomizations.kustomize.toolkit.fluxcd.io", "second")
		synctest.Wait()
		require.Equal(t, []string{"flux-system/apps ./apps"}, names(kind))
	})
}

func TestAKindThatIsFollowedLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, n := newPeer(t), &told{}
		p.put(t, pods, "Pod", "a", "one", "x", "1")
		cluster := watch.New(p.objects, p.metadata)
		run(t, cluster)
		kind := watch.Follow(cluster, pods, watch.Selection{}, trim, n.notify)
		synctest.Wait()
		require.Equal(t, []string{"a/one x"}, names(kind))
	})
}

func TestWhatMayNotBeReadIsAReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, n := newPeer(t), &told{}
		p.put(t, pods, "Pod", "a", "one", "x", "1")
		var mu sync.Mutex
		var answer error = apierrors.NewForbidden(pods.GroupResource(), "", errors.New("no RBAC policy matched"))
		p.objects.PrependReactor("list", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
			mu.Lock()
			defer mu.Unlock()
			return answer != nil, nil, answer
		})
		fail := func(err error) {
			mu.Lock()
			defer mu.Unlock()
			answer = err
		}
		cluster := watch.New(p.objects, p.metadata)
		kind := watch.Follow(cluster, pods, watch.Selection{}, trim, n.notify)
		run(t, cluster)
		require.False(t, kind.Synced())
		require.Equal(t, "Assay may not read pods: allow it to get, list and watch them (pods is forbidden: no RBAC policy matched)", kind.Reason())
		require.Contains(t, n.take(), "/")

		fail(apierrors.NewNotFound(pods.GroupResource(), ""))
		time.Sleep(time.Minute) // of the bubble's time: client-go tries again
		require.Equal(t, "the cluster does not serve version v1 of pods", kind.Reason())

		fail(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.True(t, kind.Synced())
		require.Empty(t, kind.Reason())
		require.Equal(t, []string{"a/one x"}, names(kind))
	})
}

func TestDefinitionsThatMayNotBeListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, n := newPeer(t), &told{}
		p.put(t, kustomizations, "Kustomization", "flux-system", "apps", "./apps", "1")
		p.metadata.PrependReactor("list", "customresourcedefinitions", func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, apierrors.NewForbidden(definitions.GroupResource(), "", errors.New("no RBAC policy matched"))
		})
		cluster := watch.New(p.objects, p.metadata)
		kind := watch.Follow(cluster, kustomizations, watch.Selection{}, trim, n.notify)
		run(t, cluster)
		require.Equal(t, []string{"flux-system/apps ./apps"}, names(kind), "every kind counts as there")
	})
}

func TestDefinitionsThatMayNotBeListedAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, n := newPeer(t), &told{}
		var forbidden atomic.Bool
		p.metadata.PrependReactor("list", "customresourcedefinitions", func(clienttesting.Action) (bool, runtime.Object, error) {
			return forbidden.Load(), nil, apierrors.NewForbidden(definitions.GroupResource(), "", errors.New("no RBAC policy matched"))
		})
		streams := make(chan *stream, 8)
		p.metadata.PrependWatchReactor("customresourcedefinitions", streaming(streams))
		cluster := watch.New(p.objects, p.metadata)
		kind := watch.Follow(cluster, kustomizations, watch.Selection{}, trim, n.notify)
		run(t, cluster)
		require.True(t, kind.Absent())

		forbidden.Store(true)
		(<-streams).expire()
		time.Sleep(time.Minute) // of the bubble's time: client-go tries again
		require.True(t, kind.Absent(), "what was listed is still the best that is known")
		require.Empty(t, p.objects.Actions(), "nobody asked for what is not there")
	})
}

func TestAServerThatIsAwayForAWhileLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, n := newPeer(t), &told{}
		p.put(t, pods, "Pod", "a", "one", "x", "1")
		var mu sync.Mutex
		away := false
		p.objects.PrependReactor("list", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
			mu.Lock()
			defer mu.Unlock()
			return away, nil, errors.New("connection refused")
		})
		streams := make(chan *stream, 8)
		p.objects.PrependWatchReactor("pods", streaming(streams))
		cluster := watch.New(p.objects, p.metadata)
		kind := watch.Follow(cluster, pods, watch.Selection{}, trim, n.notify)
		run(t, cluster)
		require.Equal(t, []string{"a/one x"}, names(kind))

		mu.Lock()
		away = true
		mu.Unlock()
		(<-streams).expire()
		p.put(t, pods, "Pod", "a", "two", "y", "2")
		time.Sleep(time.Minute)
		require.Equal(t, "list pods: connection refused", kind.Reason())
		require.Equal(t, []string{"a/one x"}, names(kind), "what was known last")
		require.True(t, kind.Synced())

		mu.Lock()
		away = false
		mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Empty(t, kind.Reason())
		require.Equal(t, []string{"a/one x", "a/two y"}, names(kind))
	})
}

// whole hides that a fake cannot tell of all objects in a watch, as an API server can: a test says by itself what a watch tells.
type whole struct{ dynamic.Interface }

func TestAListThatFailedIsForgottenOnceAWatchTellsOfEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, n := newPeer(t), &told{}
		var allowed atomic.Bool
		refused := apierrors.NewForbidden(pods.GroupResource(), "", errors.New("no RBAC policy matched"))
		p.objects.PrependReactor("list", "pods", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, refused })
		p.objects.PrependWatchReactor("pods", func(clienttesting.Action) (bool, apiwatch.Interface, error) {
			if !allowed.Load() {
				return true, nil, refused
			}
			events := apiwatch.NewFakeWithChanSize(2, false)
			one := &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"namespace": "a", "name": "one", "resourceVersion": "1"}, "spec": map[string]any{"path": "x"},
			}}
			events.Add(one)
			end := one.DeepCopy()
			end.SetAnnotations(map[string]string{metav1.InitialEventsAnnotationKey: "true"})
			events.Action(apiwatch.Bookmark, end)
			return true, events, nil
		})
		cluster := watch.New(whole{p.objects}, p.metadata)
		kind := watch.Follow(cluster, pods, watch.Selection{}, trim, n.notify)
		run(t, cluster)
		require.True(t, kind.Forbidden())
		n.take()

		allowed.Store(true)
		time.Sleep(time.Minute) // of the bubble's time: client-go tries again
		synctest.Wait()
		require.Equal(t, []string{"a/one x"}, names(kind))
		require.Empty(t, kind.Reason())
		require.Contains(t, n.take(), "/")
	})
}
