package watch

import (
	"errors"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Listed says why one of the kinds that the cluster has was never listed; nil once each was. It does not come back when the API server
// goes away, or when a kind is followed from then on, nor for a kind that the API server refuses: that may be just as the operator wants it,
// who reads the Reason elsewhere.
func (c *Cluster) Listed() error {
	if c.listed.Load() {
		return nil
	}
	c.mu.Lock()
	kinds := slices.Clone(c.kinds)
	c.mu.Unlock()
	for _, k := range kinds {
		if err := k.unlisted(); err != nil {
			return err
		}
	}
	c.listed.Store(true)
	return nil
}

// unlisted is why the kind was never listed.
func (k *kind) unlisted() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.now == nil && k.why.sure:
		return nil
	case k.now == nil:
		return errors.New(k.reason())
	}
	for _, informer := range k.now.informers {
		if !informer.told.HasSynced() && !k.now.refused(informer.namespace) {
			return errors.New(k.reason())
		}
	}
	return nil
}

// refused says that the API server lets Assay see nothing of the kind in a namespace, or does not serve it. It needs kind.mu.
func (f *following) refused(namespace string) bool {
	for a, err := range f.failures {
		if a.namespace == namespace && (apierrors.IsForbidden(err) || apierrors.IsNotFound(err)) {
			return true
		}
	}
	return false
}
