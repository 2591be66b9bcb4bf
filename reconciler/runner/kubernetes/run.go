package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/kubernetes/courier"
	"github.com/assay-dev/assay/sources/tests"
)

// Run runs the Job to its end. Asked for again with the same inputs, it is the same Job, whoever made it and whether it has ended, until it
// is forgotten; with other inputs, it starts anew. Where ctx ends because Assay does (runner.ErrStopping), the Job runs on, to be adopted.
func (r *Runner) Run(ctx context.Context, job runner.Job) (runner.Result, error) {
	if err := r.begin(job.ID); err != nil {
		return runner.Result{}, fmt.Errorf("run %s: %w", job.ID, err)
	}
	defer r.end(job.ID)
	result, err := r.run(ctx, job)
	refused := (*runner.Refusal)(nil)
	switch {
	case errors.As(err, &refused):
		return runner.Result{End: runner.NotStarted, ExitCode: -1, Reason: refused.Reason}, nil
	case err != nil && ctx.Err() != nil:
		return runner.Result{End: runner.Cancelled, ExitCode: -1, Reason: "cancelled before it started"}, nil
	case err != nil:
		return runner.Result{}, fmt.Errorf("run %s: %w", job.ID, err)
	}
	return result, nil
}

func (r *Runner) run(ctx context.Context, job runner.Job) (runner.Result, error) {
	if err := ctx.Err(); err != nil {
		return runner.Result{}, err
	}
	inputs, err := r.server.Prepare(ctx, courier.NewOrder(job, r.options.Limits), job.Files)
	if err != nil {
		return runner.Result{}, err
	}
	wanted, err := r.jobOf(job, inputs)
	if err != nil {
		return runner.Result{}, err
	}
	bell, end := r.watch.listen(wanted.Name)
	defer end()
	for {
		object, adopted, err := r.claim(ctx, wanted, job.ID, bell)
		if err != nil {
			return runner.Result{}, err
		}
		result, lost, err := r.attend(ctx, job, object, bell)
		if err != nil || !lost || !adopted {
			return result, err
		}
		if err := r.remove(ctx, object, bell); err != nil {
			return runner.Result{}, err
		}
	}
}

// attend receives what the Job's pod delivers. lost says that it has delivered to an Assay that is gone.
func (r *Runner) attend(ctx context.Context, job runner.Job, object *batchv1.Job, bell <-chan struct{}) (result runner.Result, lost bool, err error) {
	delivery, err := r.server.Expect(job.ID, string(object.UID), r.options.Limits, job.Log)
	if err != nil {
		return runner.Result{}, false, err
	}
	err = r.admit(ctx, object, job.ID)
	var f fate
	if err == nil {
		f, err = r.await(ctx, object, delivery, bell)
	}
	if ctx.Err() != nil && f.end == "" {
		f, err = r.cancel(ctx, object, delivery, bell), nil
	}
	missed, closing := delivery.Close()
	if err := errors.Join(err, closing); err != nil {
		return runner.Result{}, false, err
	}
	if f.end == "" {
		result = delivered(delivery, r.watch.pod(object))
	} else if result, err = r.left(delivery, object, f); err != nil {
		return runner.Result{}, false, err
	}
	if f.holds == configuring {
		result.Reason += references(job.Suite.Spec.Env)
	}
	if missed > 0 {
		result.Notes = append(result.Notes, fmt.Sprintf("the live log missed %d bytes: its reader was too slow", missed))
	}
	return result, f.delivered, nil
}

// await waits for the Completion, or until none can come any more. The fate that it returns has no end where the Completion is there.
func (r *Runner) await(ctx context.Context, object *batchv1.Job, delivery *courier.Delivery, bell <-chan struct{}) (fate, error) {
	var holds hold
	var since time.Time // when what holds began
	for {
		f, err := r.look(ctx, object)
		if err != nil {
			return fate{}, err
		}
		now := r.options.Now()
		if f.holds != holds {
			holds, since = f.holds, now
		}
		if f.end == "" && f.holds != "" {
			if until := since.Add(f.patience); now.Before(until) {
				f.until = until
			} else {
				f.end = runner.NotStarted
			}
		}
		select {
		case <-delivery.Complete():
			return fate{}, nil
		default:
		}
		if f.end != "" {
			return f, nil
		}
		if err := r.pause(ctx, delivery, bell, f.until.Sub(now)); err != nil {
			return fate{}, err
		}
	}
}

// pause waits until there is something to see.
func (r *Runner) pause(ctx context.Context, delivery *courier.Delivery, bell <-chan struct{}, most time.Duration) error {
	var again <-chan time.Time
	if most > 0 {
		timer := time.NewTimer(most)
		defer timer.Stop()
		again = timer.C
	}
	select {
	case <-delivery.Complete():
	case <-bell:
	case <-again:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// look assesses the Job as it was last seen. One that the watch does not know is not there yet, or gone: the API server knows.
func (r *Runner) look(ctx context.Context, object *batchv1.Job) (fate, error) {
	seen := r.watch.job(object.Namespace, object.Name)
	if seen == nil || seen.UID != object.UID {
		found, err := r.client.BatchV1().Jobs(object.Namespace).Get(ctx, object.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) || err == nil && found.UID != object.UID {
			return over(runner.Killed, "somebody deleted its Job"), nil
		}
		if err != nil {
			return fate{}, fmt.Errorf("read Job %s/%s: %w", object.Namespace, object.Name, err)
		}
		seen = found
	}
	return assess(seen, r.watch.pod(object), r.options.Bounds, r.options.Now()), nil
}

// cancel ends a Job that is no longer wanted, with its pod, unless Assay ends itself: then whoever comes next adopts it.
func (r *Runner) cancel(ctx context.Context, object *batchv1.Job, delivery *courier.Delivery, bell <-chan struct{}) fate {
	if errors.Is(context.Cause(ctx), runner.ErrStopping) {
		return over(runner.Cancelled, "Assay is stopping; the run goes on without it")
	}
	delivery.Dismiss()
	patience := r.options.Limits.Grace + graceToDeliver + r.options.Bounds.Lost
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer stop()
	if err := r.remove(ctx, object, bell); err != nil {
		return over(runner.Cancelled, "no longer wanted, and its pod may still be there: %v", err)
	}
	return over(runner.Cancelled, "no longer wanted")
}

// delivered is the Result that a pod delivered whole.
func delivered(delivery *courier.Delivery, pod *corev1.Pod) runner.Result {
	last := delivery.Completion()
	result := runner.Result{
		End: last.End, ExitCode: last.ExitCode, Reason: last.Reason, Started: last.Started, Finished: last.Finished,
		Output: last.Output, OutputBytes: last.OutputBytes, Notes: last.Notes,
	}
	for _, part := range last.Parts {
		switch part.Kind {
		case courier.Report:
			result.Reports = append(result.Reports, delivery.File(part))
		case courier.Artifact:
			result.Artifacts = append(result.Artifacts, delivery.File(part))
		}
	}
	if result.End == runner.Killed && pod != nil {
		if why := disruption(pod); why != "" {
			result.Reason += ": " + why
		}
	}
	return result
}

// references are the secrets that a container may wait for: the kubelet names one, and not always its key.
func references(env []tests.EnvVar) (text string) {
	for _, v := range env {
		if v.ValueFrom != nil {
			text += fmt.Sprintf("; env %s is key %s of secret %s", v.Name, v.ValueFrom.SecretKeyRef.Key, v.ValueFrom.SecretKeyRef.Name)
		}
	}
	return text
}

// left is the Result of a Run without a Completion: what it printed is all that is known of it.
func (r *Runner) left(delivery *courier.Delivery, object *batchv1.Job, f fate) (runner.Result, error) {
	result := runner.Result{End: f.end, ExitCode: -1, Reason: f.reason, Finished: r.options.Now()}
	result.Started = result.Finished
	if pod := r.watch.pod(object); pod != nil {
		state := statusOf(pod.Status.ContainerStatuses, runContainer).State
		switch {
		case state.Running != nil:
			result.Started = state.Running.StartedAt.Time
		case state.Terminated != nil:
			result.Started = state.Terminated.StartedAt.Time
		}
	}
	printed, err := delivery.Printed()
	if err != nil {
		return result, err
	}
	defer printed.Close()
	output := runner.NewOutput(r.options.Limits.MaxOutput, runner.NewRedactor(), nil) // what a pod sends holds no secret any more
	_, err = io.Copy(output.Stream(), printed)
	result.Output, result.OutputBytes = output.Bytes(), output.Total()
	return result, err
}
