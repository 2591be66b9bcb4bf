package watch

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// pageSize is how many whole objects are held at a time where the API server cannot stream a list, which takes etcd 3.5 or newer.
const pageSize = 250

// list lists a kind page by page, and keeps of each object what is used: a large cluster's Targets take a hundred times more as they come.
// Pages are asked of what was written last, since of anything older the API server gives all at once.
func (k *kind) list(ctx context.Context, client dynamic.ResourceInterface, options metav1.ListOptions) (runtime.Object, error) {
	options.ResourceVersion, options.Limit = "", pageSize
	all := &internalversion.List{}
	for {
		page, err := client.List(ctx, options)
		if err != nil {
			return nil, err
		}
		for i := range page.Items {
			all.Items = append(all.Items, trimmed{k.trim(&page.Items[i])})
		}
		all.ResourceVersion, options.Continue = page.GetResourceVersion(), page.GetContinue()
		if options.Continue == "" {
			return all, nil
		}
	}
}

// trimmed is what is kept of an object, as client-go wants to be given it.
type trimmed struct{ metav1.Object }

func (trimmed) GetObjectKind() schema.ObjectKind { return schema.EmptyObjectKind }

func (t trimmed) DeepCopyObject() runtime.Object { return t } // nobody changes it
