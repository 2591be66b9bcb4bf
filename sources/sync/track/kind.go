package track

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/assay-dev/assay/sources/sync/watch"
)

// Kind is a kind whose objects are Targets.
type Kind[T any] struct {
	name  string
	stale func() string
	items func() []Item
	get   func(watch.Key) (object metav1.Object, found bool)
	look  func(context.Context, *Look[T], metav1.Object)
}

// Of has the objects of a followed kind be Targets. Look fills in what there is to tell of one; what is told of every object is there
// already.
func Of[O metav1.Object, T any](name string, of *watch.Kind[O], look func(context.Context, *Look[T], O)) Kind[T] {
	return Kind[T]{
		name: name, stale: of.Stale,
		items: func() []Item {
			objects := of.List()
			items := make([]Item, len(objects))
			for n, object := range objects {
				items[n] = ItemOf(name, object)
			}
			return items
		},
		get:  func(key watch.Key) (metav1.Object, bool) { return of.Get(key) },
		look: func(ctx context.Context, l *Look[T], object metav1.Object) { look(ctx, l, object.(O)) },
	}
}
