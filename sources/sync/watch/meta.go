package watch

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Meta is what is kept of an object's metadata: who it is, its labels, and those of its annotations that are named.
func Meta(u *unstructured.Unstructured, annotations ...string) metav1.ObjectMeta {
	meta := metav1.ObjectMeta{
		Namespace: u.GetNamespace(), Name: u.GetName(), UID: u.GetUID(), ResourceVersion: u.GetResourceVersion(),
		Generation: u.GetGeneration(), CreationTimestamp: u.GetCreationTimestamp(), DeletionTimestamp: u.GetDeletionTimestamp(),
		Labels: u.GetLabels(), OwnerReferences: u.GetOwnerReferences(),
	}
	if len(annotations) == 0 {
		return meta
	}
	there := u.GetAnnotations()
	for _, name := range annotations {
		if value, found := there[name]; found {
			if meta.Annotations == nil {
				meta.Annotations = map[string]string{}
			}
			meta.Annotations[name] = value
		}
	}
	return meta
}
