//go:build linux || darwin

package process

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

// execute runs what is ordered, until all of its processes have ended.
func (r *Runner) execute(ctx context.Context, job runner.Job, room room, order order, redact *runner.Redactor) (runner.Result, error) {
	limits, err := r.groupLimits(job.Suite.Spec.Resources.Limits)
	if err != nil {
		return runner.Result{}, err
	}
	group, missing := newGroup(job.ID, limits)
	defer group.remove()
	if slices.Contains(missing, "memory") {
		order.Limits.Data = uint64(limits.Memory) // each process for itself, where the system does not let Assay limit them together
	}

	printed, err := newPrinted(r, job, room, redact)
	if err != nil {
		return runner.Result{}, err
	}
	defer printed.close()
	process, err := start(order, printed.streams, func(pid int) error {
		return errors.Join(group.add(pid), r.record(room, pid, order, group))
	})
	if err != nil {
		return runner.Result{}, err
	}
	printed.started()
	measured, stop := context.WithCancel(context.WithoutCancel(ctx)) // so that the end of ctx is no overflow
	full := overflows(measured, room.box(), r.options.Limits.Disk)
	interrupted := r.watch(ctx, process, r.timeout(job.Suite), full)
	stop()
	for range full { // the directory is its own again
	}
	if err := sweep(order.Level, order.User, order.Mark); err != nil {
		return runner.Result{}, err
	}

	result := runner.Result{Started: process.outcome.Started, Finished: time.Now(), ExitCode: -1}
	if slices.Contains(missing, "cpu") {
		result.Notes = append(result.Notes, "resources.limits.cpu did not hold: it takes a control group in which Assay may create others")
	}
	if result.Started.IsZero() {
		result.Started = result.Finished
	}
	if err := printed.finish(&result); err != nil {
		return runner.Result{}, err
	}
	if process.outcome.Broken != "" {
		return runner.Result{}, fmt.Errorf("isolate the run: %s", process.outcome.Broken)
	}
	if interrupted.End != "" {
		result.End, result.Reason = interrupted.End, interrupted.Reason
		return result, nil
	}
	judge(&result, process.outcome, group.outOfMemory(), limits.Memory)
	result.Reason = redact.String(result.Reason)
	return result, nil
}

// watch waits for the process to end and ends it where it takes too long, is no longer wanted, or fills the disk. The Result that it
// returns has no End where the process ended by itself.
func (r *Runner) watch(ctx context.Context, process *process, timeout time.Duration, full <-chan string) (interrupted runner.Result) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-process.over:
		return runner.Result{}
	case <-timer.C:
		interrupted = runner.Result{End: runner.TimedOut, Reason: fmt.Sprintf("it took longer than its timeout of %s", timeout)}
	case <-ctx.Done():
		interrupted = runner.Result{End: runner.Cancelled, Reason: "no longer wanted"}
	case reason := <-full:
		process.kill()
		return runner.Result{End: runner.Killed, Reason: reason}
	}
	process.terminate()
	timer.Reset(r.options.Grace)
	select {
	case <-process.over:
	case <-timer.C:
		process.kill()
	}
	return interrupted
}

// crashes are the signals that a process brings on itself; the others are sent.
var crashes = []syscall.Signal{
	syscall.SIGSEGV, syscall.SIGABRT, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL, syscall.SIGTRAP, syscall.SIGSYS, syscall.SIGPIPE,
}

// judge says how a process ended that nobody interrupted.
func judge(result *runner.Result, outcome outcome, outOfMemory bool, memory int64) {
	signal := syscall.Signal(0)
	if outcome.Exit != nil {
		signal = syscall.Signal(outcome.Exit.Signal)
	}
	switch {
	case outcome.Refused != "":
		result.End, result.Reason = runner.NotStarted, outcome.Refused
	case outcome.Exit == nil:
		result.End, result.Reason = runner.Killed, "the process that watched over it was killed"
	case outOfMemory && *outcome.Exit != exit{}:
		result.End, result.Reason = runner.Killed, fmt.Sprintf("out of memory: it used more than %d MiB", memory>>20)
	case signal == 0:
		result.End, result.ExitCode = runner.Exited, outcome.Exit.Code
	case slices.Contains(crashes, signal):
		result.End, result.ExitCode, result.Reason = runner.Exited, 128+int(signal), fmt.Sprintf("it crashed: %s", signal)
	case signal == syscall.SIGXFSZ:
		result.End, result.Reason = runner.Killed, "it wrote a file that is larger than the limit"
	default:
		result.End, result.Reason = runner.Killed, fmt.Sprintf("a signal ended it: %s", signal)
	}
}

func (r *Runner) timeout(suite *tests.Suite) time.Duration {
	if timeout := suite.Spec.Timeout.Duration; timeout > 0 {
		return timeout
	}
	return r.options.DefaultTimeout
}
