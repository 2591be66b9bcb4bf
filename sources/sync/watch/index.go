package watch

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
)

// Indexed is what an object is that is found by something else than its name as well, such as a pod by what owns it.
type Indexed interface {
	metav1.Object
	// IndexKeys are what it is found by; an empty one is none.
	IndexKeys() []string
}

// byKey is the name of the index of Indexed objects.
const byKey = "key"

var indexers = cache.Indexers{byKey: func(o any) ([]string, error) {
	object, ok := o.(Indexed)
	if !ok {
		return nil, nil
	}
	return slices.DeleteFunc(object.IndexKeys(), func(key string) bool { return key == "" }), nil
}}

// With is every object that has an index key, in no order; T must be Indexed.
func (k *Kind[T]) With(indexKey string) []T {
	var all []T
	for _, store := range k.stores() {
		objects, err := store.ByIndex(byKey, indexKey)
		if err != nil {
			continue // the index is there from the beginning
		}
		for _, object := range objects {
			all = append(all, object.(T))
		}
	}
	return all
}
