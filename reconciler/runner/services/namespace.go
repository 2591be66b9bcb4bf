package services

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
)

// component of what this package makes.
const component = "services"

var namespaces = corev1.SchemeGroupVersion.WithResource("namespaces")

// namespaceOf is the name of a Run's namespace.
func namespaceOf(id string) string { return "assay-services-" + cluster.Sum(id) }

// makeNamespace makes the namespace of a Run, or finds the one that an earlier Assay made, and returns its UID.
func (r *Runner) makeNamespace(ctx context.Context, job runner.Job) (types.UID, error) {
	name := namespaceOf(job.ID)
	want := &unstructured.Unstructured{}
	want.SetAPIVersion("v1")
	want.SetKind("Namespace")
	want.SetName(name)
	want.SetLabels(cluster.Joined(cluster.Labels(r.options.Instance, component, job), map[string]string{
		"pod-security.kubernetes.io/enforce": r.options.PodSecurity,
	}))
	want.SetAnnotations(map[string]string{cluster.RunID: job.ID})

	r.remember(job.ID, "")
	var there *unstructured.Unstructured
	err := cluster.Patiently(ctx, func() (err error) {
		there, err = r.options.Client.Resource(namespaces).Create(ctx, want, metav1.CreateOptions{FieldManager: cluster.Manager})
		if apierrors.IsAlreadyExists(err) {
			there, err = r.options.Client.Resource(namespaces).Get(ctx, name, metav1.GetOptions{})
		}
		return err
	})
	switch {
	case apierrors.IsForbidden(err):
		r.forget(job.ID)
		return "", runner.Refuse("Assay may not make namespaces; the operator has to allow services that are folders: %v", err)
	case err != nil:
		return "", fmt.Errorf("make namespace %s: %w", name, err)
	case there.GetAnnotations()[cluster.RunID] != job.ID || there.GetLabels()[cluster.Instance] != r.options.Instance:
		return "", runner.Refuse("namespace %s is there already, and was not made for this run", name)
	case there.GetDeletionTimestamp() != nil:
		return "", runner.Refuse("namespace %s of an earlier attempt is still being deleted", name)
	}
	r.remember(job.ID, there.GetUID())
	return there.GetUID(), nil
}

// kept is a *runner.Refusal where the namespace is not, or will soon not be, the one that the Run began with. It looks also when ctx has
// ended: what the Run has found out is not to be lost.
func (r *Runner) kept(ctx context.Context, id string, uid types.UID) error {
	name := namespaceOf(id)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTime)
	defer cancel()
	var there *unstructured.Unstructured
	err := cluster.Patiently(ctx, func() (err error) {
		there, err = r.options.Client.Resource(namespaces).Get(ctx, name, metav1.GetOptions{})
		return err
	})
	switch {
	case apierrors.IsNotFound(err), err == nil && (there.GetUID() != uid || there.GetDeletionTimestamp() != nil):
		return runner.Refuse("somebody deleted namespace %s, in which its services were, while it ran", name)
	case err != nil:
		return fmt.Errorf("look whether namespace %s is still there: %w", name, err)
	}
	return nil
}

// deleteNamespace deletes the namespace of a Run with all that is in it, and is content when it is gone already, or is another Run's. One
// without a UID was never seen, and may be there nevertheless.
func (r *Runner) deleteNamespace(ctx context.Context, id string, uid types.UID) error {
	name := namespaceOf(id)
	err := cluster.Patiently(ctx, func() error {
		if uid == "" {
			there, err := r.options.Client.Resource(namespaces).Get(ctx, name, metav1.GetOptions{})
			if err != nil || there.GetAnnotations()[cluster.RunID] != id {
				return err
			}
			uid = there.GetUID()
		}
		return r.options.Client.Resource(namespaces).Delete(ctx, name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
	})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("delete namespace %s: %w", name, err)
	}
	return nil
}

// leftNamespaces says how to delete the namespaces of earlier Runs, by the Runs' IDs. Where Assay may not list
// namespaces, it has made none.
func (r *Runner) leftNamespaces(ctx context.Context) (map[string]func(context.Context) error, error) {
	selector := labels.SelectorFromSet(cluster.Own(r.options.Instance, component)).String()
	var list *unstructured.UnstructuredList
	err := cluster.Patiently(ctx, func() (err error) {
		list, err = r.options.Client.Resource(namespaces).List(ctx, metav1.ListOptions{LabelSelector: selector})
		if apierrors.IsForbidden(err) {
			list, err = &unstructured.UnstructuredList{}, nil
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find the services of earlier runs: %w", err)
	}
	left := map[string]func(context.Context) error{}
	for _, namespace := range list.Items {
		id, uid := namespace.GetAnnotations()[cluster.RunID], namespace.GetUID()
		if namespace.GetName() == namespaceOf(id) {
			left[id] = func(ctx context.Context) error { return r.deleteNamespace(ctx, id, uid) }
		}
	}
	return left, nil
}
