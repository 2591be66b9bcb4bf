package resource

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
)

// create makes the object of a Run, or finds the one that an earlier Assay made of the same inputs, which is not fresh. What the cluster
// refuses is a *runner.Refusal.
func (r *Runner) create(ctx context.Context, at place, object *unstructured.Unstructured) (made *unstructured.Unstructured, fresh bool, err error) {
	err = cluster.Patiently(ctx, func() (err error) {
		made, err = r.at(at).Create(ctx, object, metav1.CreateOptions{FieldManager: cluster.Manager})
		if fresh = err == nil; apierrors.IsAlreadyExists(err) {
			made, err = r.adopt(ctx, at, object)
		}
		return err
	})
	switch {
	case err == nil:
		return made, fresh, nil
	case apierrors.IsForbidden(err):
		err = runner.Refuse("Assay may not create %s, or the cluster forbids this one: %v", at, err)
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsNotFound(err), apierrors.IsRequestEntityTooLargeError(err):
		err = runner.Refuse("the cluster does not take %s: %v", at, err)
	default:
		err = fmt.Errorf("create %s: %w", at, err)
	}
	return nil, false, err
}

// adopt takes an object that is there already, if it is this Run's.
func (r *Runner) adopt(ctx context.Context, at place, want *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	there, err := r.at(at).Get(ctx, at.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, apierrors.NewServerTimeout(at.resource.GroupResource(), "create", 1) // it went in between: try again
	}
	if err != nil {
		return nil, err
	}
	for _, annotation := range []string{cluster.RunID, cluster.Inputs} {
		if there.GetAnnotations()[annotation] != want.GetAnnotations()[annotation] {
			return nil, runner.Refuse("%s is there already, and was not created for this run: delete it", at)
		}
	}
	if there.GetDeletionTimestamp() != nil {
		return nil, runner.Refuse("%s of an earlier attempt is still being deleted", at)
	}
	return there, nil
}

// delete removes the object of that UID and what it owns, and is content when it is gone already, or another stands in its place.
func (r *Runner) delete(ctx context.Context, at place, uid types.UID) error {
	options := metav1.DeleteOptions{PropagationPolicy: new(metav1.DeletePropagationForeground), Preconditions: &metav1.Preconditions{UID: &uid}}
	err := cluster.Patiently(ctx, func() error { return r.at(at).Delete(ctx, at.name, options) })
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("delete %s: %w", at, err)
	}
	return nil
}
