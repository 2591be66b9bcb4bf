package pod

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/kubernetes/courier"
	"github.com/assay-dev/assay/reconciler/runner/process"
)

// Delivered are the container's last words once Assay has the whole result.
const Delivered = "delivered"

// Failed is the exit code where the command has none that counts, or where its result was not delivered.
const Failed = 125

// Run runs the Suite's command, delivers its result, and returns its exit code. What the command prints goes to stdout too. A cancelled
// ctx, which is a pod that is deleted or evicted, ends the command.
func Run(ctx context.Context, stdout io.Writer) (exitCode int, err error) {
	h, err := look()
	if err != nil {
		return Failed, err
	}
	completion, err := h.run(ctx, stdout)
	if err != nil {
		h.say(err.Error())
		return Failed, err
	}
	h.say(Delivered)
	if completion.End != runner.Exited {
		return Failed, fmt.Errorf("%s: %s", completion.End, completion.Reason)
	}
	return completion.ExitCode, nil
}

func (h here) run(ctx context.Context, stdout io.Writer) (courier.Completion, error) {
	if err := hide(); err != nil {
		return courier.Completion{}, err
	}
	order, err := h.order()
	if err != nil {
		return courier.Completion{}, err
	}
	h.client.Away = order.Limits.Away
	output, err := courier.OpenSpool(h.path("output"), order.Limits.Log)
	if err != nil {
		return courier.Completion{}, err
	}
	defer output.Close()

	live := context.WithoutCancel(ctx) // what was printed is delivered also when the command is ended
	sent, shown := make(chan error, 1), make(chan error, 1)
	go func() { sent <- h.client.SendLive(live, courier.OutputPart, output) }()
	go func() { shown <- output.Follow(live, stdout) }()
	result, err := h.execute(ctx, order, output)
	output.End()
	if err != nil {
		result = runner.Result{End: runner.Killed, ExitCode: -1, Reason: fmt.Sprintf("the wrapper could not go on: %v", err)}
	}
	if missed := output.Missed(); missed > 0 {
		result.Notes = append(result.Notes, fmt.Sprintf("the log keeps the first %d bytes: %d more were printed", output.Size(), missed))
	}
	<-shown // a container's output that nobody takes is no reason to keep the result back
	if err := <-sent; err != nil {
		return courier.Completion{}, err
	}
	return deliver(live, h.client, result, output)
}

func (h here) order() (order courier.Order, err error) {
	text, err := os.ReadFile(h.path(courier.OrderFile))
	if err == nil {
		err = json.Unmarshal(text, &order)
	}
	if err != nil {
		return order, fmt.Errorf("read what to run: %w", err)
	}
	return order, nil
}

// execute runs the command, as a process on this machine: the pod.
func (h here) execute(ctx context.Context, order courier.Order, log io.Writer) (runner.Result, error) {
	limits := order.Limits
	processes, err := process.New(ctx, process.Options{
		Dir: h.path("run"), Isolation: process.None, Environ: imageEnvironment(), Secrets: environment{order.Suite.Spec.Env},
		MaxOutput: limits.MaxOutput, DefaultTimeout: limits.Timeout, Grace: limits.Grace,
		Limits: process.Limits{Report: limits.Report, Artifact: limits.Artifact, Files: limits.Files, Disk: limits.Disk},
	})
	if err != nil {
		return runner.Result{}, err
	}
	job := order.Job()
	job.Files, job.Log = os.DirFS(h.path(courier.FilesDir)), log
	job.Suite.Spec.Resources.Limits.CPU, job.Suite.Spec.Resources.Limits.Memory = "", "" // the container's hold
	before := outOfMemory()
	result, err := processes.Run(ctx, job)
	if err = errors.Join(err, processes.Close()); err != nil {
		return runner.Result{}, err
	}
	switch {
	case result.End == runner.Cancelled:
		result.End, result.Reason = runner.Killed, "the pod was told to end"
	case (result.End == runner.Exited && result.ExitCode != 0 || result.End == runner.Killed) && outOfMemory() > before:
		result.End, result.ExitCode, result.Reason = runner.Killed, -1, "out of memory: a process of the run used more than the container's limit"
	}
	return result, nil
}
