package watch

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/cache"
)

// received is an informer that was sent more than can be read of it yet.
type received struct {
	cache.SharedIndexInformer
	version string // of what was sent last
	read    cache.Indexer
}

func (r received) LastSyncResourceVersion() string { return r.version }
func (r received) GetIndexer() cache.Indexer       { return r.read }

// listed is the handler of an informer that has told of every object that there was.
type listed struct {
	cache.ResourceEventHandlerRegistration
}

func (listed) HasSynced() bool { return true }

func TestSeenIsWhatCanBeRead(t *testing.T) {
	k := &kind{now: &following{}}
	for _, readable := range []string{"8", "7", "10"} { // one for each namespace
		read := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{})
		read.Bookmark(readable)
		k.now.informers = append(k.now.informers, informer{SharedIndexInformer: received{version: "12", read: read}, told: listed{}})
	}
	require.Equal(t, "7", k.Seen())
}
