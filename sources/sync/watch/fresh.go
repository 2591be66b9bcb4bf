package watch

import (
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// Seen is the resource version up to which everything about the kind is known, that is, of several namespaces the oldest; empty before all
// objects were listed. An API server that changes none of the objects does not move it.
func (k *kind) Seen() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.now == nil || !k.synced() {
		return ""
	}
	oldest := ""
	for _, informer := range k.now.informers {
		seen := informer.GetIndexer().LastStoreSyncResourceVersion() // the informer's own runs ahead of what can be read
		if older, err := resourceversion.CompareResourceVersion(seen, oldest); oldest == "" || err == nil && older < 0 {
			oldest = seen
		}
	}
	return oldest
}

// Absent says that the cluster does not have the kind.
func (k *kind) Absent() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.now == nil && k.why.sure
}

// Forbidden says that Assay may not read the kind, or not in some of the namespaces.
func (k *kind) Forbidden() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.now == nil {
		return false
	}
	for _, err := range k.now.failures {
		if apierrors.IsForbidden(err) {
			return true
		}
	}
	return false
}

// Watches says that the objects of a namespace are seen; the empty one stands for what lies in none.
func (c *Cluster) Watches(namespace string) bool {
	return slices.Contains(c.namespaces, "") || slices.Contains(c.namespaces, namespace)
}
