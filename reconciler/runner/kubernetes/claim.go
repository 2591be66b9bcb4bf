package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	batch "k8s.io/client-go/kubernetes/typed/batch/v1"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
)

// How a Job goes: in the background, it is gone at once and its pod follows; in the foreground, it is gone when its pod is.
const (
	inBackground = metav1.DeletePropagationBackground
	inForeground = metav1.DeletePropagationForeground
)

// goneEvery is how often a Job that is being deleted is looked for, besides when the watch tells of it.
const goneEvery = time.Second

// claim makes the Job of a Run, or adopts the one that is there where it was made for the same inputs and can still deliver.
func (r *Runner) claim(ctx context.Context, wanted *batchv1.Job, run string, bell <-chan struct{}) (job *batchv1.Job, adopted bool, err error) {
	jobs := r.client.BatchV1().Jobs(wanted.Namespace)
	for {
		made, err := create(ctx, jobs, wanted)
		switch {
		case err == nil:
			return made, false, nil
		case apierrors.IsInvalid(err), apierrors.IsForbidden(err), apierrors.IsBadRequest(err), apierrors.IsNotFound(err): // the namespace is not there
			return nil, false, runner.Refuse("the cluster refuses the Job: %v", err)
		case !apierrors.IsAlreadyExists(err):
			return nil, false, fmt.Errorf("create Job %s/%s: %w", wanted.Namespace, wanted.Name, err)
		}
		found, err := jobs.Get(ctx, wanted.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, false, fmt.Errorf("read Job %s/%s: %w", wanted.Namespace, wanted.Name, err)
		}
		if r.adoptable(found, wanted, run) {
			return found, true, nil
		}
		if err := r.remove(ctx, found, bell); err != nil {
			return nil, false, err
		}
	}
}

// create makes a Job once the API server takes it.
func create(ctx context.Context, jobs batch.JobInterface, wanted *batchv1.Job) (made *batchv1.Job, err error) {
	ctx, cancel := context.WithTimeout(ctx, cluster.Patience)
	defer cancel()
	err = cluster.Patiently(ctx, func() (err error) {
		made, err = jobs.Create(ctx, wanted, metav1.CreateOptions{})
		return err
	})
	return made, err
}

// adoptable says whether a Job will deliver, or has delivered here, what is wanted.
func (r *Runner) adoptable(found, wanted *batchv1.Job, run string) bool {
	if found.DeletionTimestamp != nil || found.Annotations[annotationInputs] != wanted.Annotations[annotationInputs] {
		return false
	}
	finished := conditionOf(found, batchv1.JobComplete, batchv1.JobFailed) != nil
	return !finished || r.server.Has(run, string(found.UID))
}

// admit gives the Job's pod its token. The Secret may be there: made by whoever made the Job, from the same key.
func (r *Runner) admit(ctx context.Context, job *batchv1.Job, run string) error {
	expires := job.CreationTimestamp.Add(time.Duration(*job.Spec.ActiveDeadlineSeconds) * time.Second)
	secret := r.secretOf(job, r.server.Token(run, string(job.UID), expires))
	_, err := r.client.CoreV1().Secrets(job.Namespace).Create(ctx, secret, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create Secret %s/%s: %w", secret.Namespace, secret.Name, err)
	}
	return nil
}

// delete begins to delete this very Job, which may be gone.
func (r *Runner) delete(ctx context.Context, job *batchv1.Job, how metav1.DeletionPropagation) error {
	err := r.client.BatchV1().Jobs(job.Namespace).Delete(ctx, job.Name, metav1.DeleteOptions{
		PropagationPolicy: &how, Preconditions: &metav1.Preconditions{UID: &job.UID},
	})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) { // a conflict is a later Job of that name
		return fmt.Errorf("delete Job %s/%s: %w", job.Namespace, job.Name, err)
	}
	return nil
}

// remove deletes a Job, and waits until it is gone with its pod.
func (r *Runner) remove(ctx context.Context, job *batchv1.Job, bell <-chan struct{}) error {
	if err := r.delete(ctx, job, inForeground); err != nil {
		return err
	}
	ticker := time.NewTicker(goneEvery)
	defer ticker.Stop()
	for {
		found, err := r.client.BatchV1().Jobs(job.Namespace).Get(ctx, job.Name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err) || err == nil && found.UID != job.UID:
			return nil
		case err != nil && ctx.Err() == nil:
			return fmt.Errorf("wait until Job %s/%s is gone: %w", job.Namespace, job.Name, err)
		}
		select {
		case <-ticker.C:
		case <-bell:
		case <-ctx.Done():
			return fmt.Errorf("wait until Job %s/%s is gone: %w", job.Namespace, job.Name, errors.Join(ctx.Err(), err))
		}
	}
}
