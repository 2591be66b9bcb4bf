package resource

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
	"github.com/assay-dev/assay/reconciler/runner/resource/condition"
)

// subject is the object of a Run that is waited for.
type subject struct {
	known
	conditions *condition.Conditions
	asked      time.Time
	deadline   time.Time
	timeout    time.Duration
}

// deleteTime is how long the deletion of what nobody waits for any more is tried.
const deleteTime = 30 * time.Second

// follow waits for the end of the object and says what it left.
func (r *Runner) follow(ctx context.Context, job runner.Job, s subject) (runner.Result, error) {
	output := runner.NewOutput(r.options.MaxOutput, &runner.Redactor{}, job.Log)
	defer output.Close()
	said := output.Stream()
	fmt.Fprintf(said, "%s\n", s.place)

	waiting, cancel := context.WithDeadline(ctx, s.deadline)
	defer cancel()
	sight := r.watch(waiting, s, said)
	ended, err := r.await(waiting, s, sight, &teller{to: said})
	sight.stop()
	stopping := errors.Is(context.Cause(ctx), runner.ErrStopping) // then it goes on, and the next Assay adopts it
	if err != nil && stopping {
		return runner.Result{}, errors.Join(err, said.Close())
	}
	if err != nil {
		return runner.Result{}, errors.Join(err, r.discard(ctx, s), said.Close())
	}
	result := runner.Result{Started: s.asked, Finished: time.Now(), ExitCode: -1}
	switch {
	case ended.Verdict != nil && ended.End == runner.Exited:
		result.End, result.ExitCode = ended.End, ended.ExitCode
	case ended.Verdict != nil:
		result.End, result.Reason = ended.End, ended.Message
	case ctx.Err() != nil:
		result.End, result.Reason = runner.Cancelled, "cancelled"
	case ended.seen.Object == nil:
		result.End, result.Reason = runner.Killed, fmt.Sprintf("%s was not seen within %s", s.place, s.timeout)
	default:
		result.End, result.Reason = runner.TimedOut, ended.late(s.timeout)
	}
	if ended.Verdict == nil && !stopping { // nobody waits for it any more
		if err := r.discard(ctx, s); err != nil {
			result.Notes = append(result.Notes, err.Error())
		}
	}
	if err := ended.report(job, s, &result); err != nil {
		return runner.Result{}, err
	}
	fmt.Fprintln(said, ended.closing(result))
	if err := said.Close(); err != nil {
		return runner.Result{}, err
	}
	if dropped := output.Close(); dropped > 0 {
		result.Notes = append(result.Notes, fmt.Sprintf("%d bytes of the log were dropped: its reader is too slow", dropped))
	}
	result.Output, result.OutputBytes = output.Bytes(), output.Total()
	return result, nil
}

// discard deletes the object though nobody waits for it any more.
func (r *Runner) discard(ctx context.Context, s subject) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteTime)
	defer cancel()
	return r.delete(ctx, s.place, s.uid)
}

// ending is how the wait for an object ended.
type ending struct {
	*condition.Verdict // nil when it was not the object that ended it
	// seen is what was there last; without an object when nothing was.
	seen condition.Seen
	// unclear is why no condition could tell.
	unclear error
}

// await looks at the object whenever something changed, until a condition holds, it is gone, or ctx ends. What makes waiting
// useless is a *runner.Refusal.
func (r *Runner) await(ctx context.Context, s subject, sight *sight, told *teller) (ending, error) {
	var last ending
	for {
		select {
		case <-ctx.Done():
			return last, sight.late(ctx)
		case err := <-sight.refused:
			return last, err
		case <-sight.changed:
		}
		object, err := r.look(ctx, s, sight)
		switch {
		case ctx.Err() != nil:
			return last, sight.late(ctx)
		case apierrors.IsNotFound(err):
			last.Verdict = &condition.Verdict{End: runner.Killed, ExitCode: -1, Message: fmt.Sprintf("%s was deleted before it had ended", s.place)}
			return last, nil
		case err != nil:
			return last, err
		case object.GetUID() != s.uid:
			last.Verdict = &condition.Verdict{End: runner.Killed, ExitCode: -1, Message: fmt.Sprintf("%s was deleted before it had ended, and another one has its name", s.place)}
			return last, nil
		}
		told.tell(object)
		last.seen = condition.Seen{Object: object.Object, Jobs: sight.jobsOf(s.uid)}
		last.Verdict, last.unclear = s.conditions.Judge(last.seen)
		if last.Verdict != nil {
			return last, nil
		}
	}
}

// look returns the object as it was seen last. That one is not there, or no longer, only the API server itself can say: a watch may begin
// before what was just created.
func (r *Runner) look(ctx context.Context, s subject, sight *sight) (object *unstructured.Unstructured, err error) {
	if object := sight.object(s.name); object != nil && object.GetUID() == s.uid {
		return object, nil
	}
	err = cluster.Patiently(ctx, func() error {
		object, err = r.at(s.place).Get(ctx, s.name, metav1.GetOptions{})
		return err
	})
	if apierrors.IsForbidden(err) {
		return nil, runner.Refuse("Assay may not look at %s: %v", s.place, err)
	}
	return object, err
}
