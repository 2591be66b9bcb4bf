package watch_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/assay-dev/assay/sources/sync/watch"
)

// paged is a client of an API server that lists in pages, which client-go's fake does not, and streams no lists.
type paged struct {
	dynamic.Interface
	list func(metav1.ListOptions) *unstructured.UnstructuredList
}

func (p paged) IsWatchListSemanticsUnSupported() bool { return true }

func (p paged) Resource(r schema.GroupVersionResource) dynamic.NamespaceableResourceInterface {
	return pagedResource{p.Interface.Resource(r), p}
}

type pagedResource struct {
	dynamic.NamespaceableResourceInterface
	of paged
}

func (r pagedResource) Namespace(string) dynamic.ResourceInterface { return r }

func (r pagedResource) List(_ context.Context, options metav1.ListOptions) (*unstructured.UnstructuredList, error) {
	return r.of.list(options), nil
}

func podPage(next string, names ...string) *unstructured.UnstructuredList {
	list := &unstructured.UnstructuredList{Object: map[string]any{"apiVersion": "v1", "kind": "PodList"}}
	list.SetResourceVersion("7")
	list.SetContinue(next)
	for _, name := range names {
		list.Items = append(list.Items, unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "Pod", "spec": map[string]any{"path": name},
			"metadata": map[string]any{"namespace": "a", "name": name, "resourceVersion": "3"},
		}})
	}
	return list
}

func TestALongListIsReadPageByPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, n := newPeer(t), &told{}
		pages := map[string]*unstructured.UnstructuredList{
			"": podPage("second", "one", "two"), "second": podPage("last", "three"), "last": podPage(""),
		}
		var asked []string
		client := paged{p.objects, func(options metav1.ListOptions) *unstructured.UnstructuredList {
			require.Positive(t, options.Limit)
			require.Empty(t, options.ResourceVersion, "an API server gives all at once of what is older")
			asked = append(asked, options.Continue)
			return pages[options.Continue]
		}}
		cluster := watch.New(client, p.metadata)
		kind := watch.Follow(cluster, pods, watch.Selection{}, trim, n.notify)
		run(t, cluster)
		require.Equal(t, []string{"", "second", "last"}, asked)
		require.Equal(t, []string{"a/one one", "a/three three", "a/two two"}, names(kind))
		require.Equal(t, "7", kind.Seen())
		p.put(t, pods, "Pod", "a", "four", "four", "8")
		synctest.Wait()
		require.Contains(t, names(kind), "a/four four")
	})
}
