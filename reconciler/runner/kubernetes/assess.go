package kubernetes

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/kubernetes/pod"
)

// fate is what the states of a Job and of its pod say about a Run that has delivered no result.
type fate struct {
	// end is empty while there is hope.
	end    runner.End
	reason string
	// holds is what keeps the pod from starting, for as long as patience.
	holds    hold
	patience time.Duration
	// until is when the states are to be looked at again, though nothing has changed. Zero: not at all.
	until time.Time
	// delivered says that the pod delivered its result to somebody.
	delivered bool
}

// hold is a kind of trouble that may pass: one of these, or the name of a service's container that is not ready.
type hold string

const (
	scheduling  hold = "scheduling"
	pulling     hold = "pulling"
	configuring hold = "configuring"
)

func over(end runner.End, format string, args ...any) fate {
	return fate{end: end, reason: fmt.Sprintf(format, args...)}
}

// assess tells a Run's fate. The pod is nil where there is none.
func assess(job *batchv1.Job, pod *corev1.Pod, bounds Bounds, now time.Time) fate {
	if pod == nil {
		return assessWithout(job, bounds, now)
	}
	run := statusOf(pod.Status.ContainerStatuses, runContainer)
	switch {
	case run.State.Terminated != nil:
		return assessTerminated(job, pod, run.State.Terminated)
	case pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded:
		return assessNeverRan(job, pod)
	case pod.DeletionTimestamp != nil: // which is when its grace is over
		lost := pod.DeletionTimestamp.Add(bounds.Lost)
		if now.Before(lost) {
			return fate{until: lost}
		}
		return over(runner.Killed, "node %s does not answer: %s", pod.Spec.NodeName, whyDeleted(pod))
	case run.State.Running != nil:
		return fate{}
	}
	return assessStart(job, pod, run, bounds, now)
}

// assessWithout tells the fate of a Job that has no pod, yet or any more.
func assessWithout(job *batchv1.Job, bounds Bounds, now time.Time) fate {
	failed := conditionOf(job, batchv1.JobFailed, batchv1.JobFailureTarget)
	latest := job.CreationTimestamp.Add(bounds.Start)
	switch {
	case job.DeletionTimestamp != nil:
		return over(runner.Killed, "somebody deleted its Job")
	case failed != nil && failed.Reason == batchv1.JobReasonDeadlineExceeded:
		return overdue(failed)
	case failed != nil:
		return over(runner.Killed, "its pod was deleted: %s: %s", failed.Reason, failed.Message)
	case !now.Before(latest):
		return over(runner.NotStarted, "no pod was made for Job %s within %s: a quota or an admission policy of namespace %s may refuse it, which the Job's events say",
			job.Name, bounds.Start, job.Namespace)
	}
	return fate{until: latest}
}

// overdue is a Run that its Job's deadline ended. That comes long after the Suite's own timeout, which the wrapper keeps and tells: what is
// late is the node, or what was to be delivered.
func overdue(failed *batchv1.JobCondition) fate {
	return over(runner.Killed, "the deadline of its Job ended it before it delivered a result: %s", failed.Message)
}

// assessTerminated tells the fate of a Run whose container has ended, and which has delivered no result here.
func assessTerminated(job *batchv1.Job, ended *corev1.Pod, state *corev1.ContainerStateTerminated) fate {
	failed := conditionOf(job, batchv1.JobFailed, batchv1.JobFailureTarget)
	switch {
	case state.Reason == "OOMKilled":
		return over(runner.Killed, "out of memory: the container used more than its limit")
	case disruption(ended) != "":
		return over(runner.Killed, "%s", disruption(ended))
	case failed != nil && failed.Reason == batchv1.JobReasonDeadlineExceeded:
		return overdue(failed)
	case state.Reason == "StartError" || state.Reason == "ContainerCannotRun":
		return over(runner.NotStarted, "its container cannot run: %s", state.Message)
	case state.Message == pod.Delivered:
		f := over(runner.Killed, "its result went to an Assay that is gone")
		f.delivered = true
		return f
	case ended.DeletionTimestamp != nil:
		return over(runner.Killed, "%s", whyDeleted(ended))
	}
	return over(runner.Killed, "its wrapper ended without a result, with exit code %d%s", state.ExitCode, after(": ", state.Message))
}

// assessNeverRan tells the fate of a pod that ended before the Suite's container ran.
func assessNeverRan(job *batchv1.Job, ended *corev1.Pod) fate {
	if why := disruption(ended); why != "" {
		return over(runner.Killed, "%s", why)
	}
	for _, init := range ended.Status.InitContainerStatuses {
		state := init.State.Terminated
		if state == nil || state.ExitCode == 0 {
			continue
		}
		if init.Name == fetchContainer {
			return over(runner.NotStarted, "the files of the suite did not come: %s", cmp.Or(state.Message, state.Reason))
		}
		return over(runner.NotStarted, "service %s ended with exit code %d%s", serviceName(init), state.ExitCode, after(": ", cmp.Or(state.Message, state.Reason)))
	}
	if failed := conditionOf(job, batchv1.JobFailed, batchv1.JobFailureTarget); failed != nil && failed.Reason == batchv1.JobReasonDeadlineExceeded {
		return over(runner.NotStarted, "its pod did not start before the deadline of its Job")
	}
	return over(runner.NotStarted, "its pod ended before it ran%s%s", after(": ", ended.Status.Reason), after(": ", ended.Status.Message))
}

// assessStart says what keeps a pod from starting.
func assessStart(job *batchv1.Job, waiting *corev1.Pod, run corev1.ContainerStatus, bounds Bounds, now time.Time) fate {
	latest := job.CreationTimestamp.Add(bounds.Start)
	f := fate{until: latest, reason: "its pod is still being prepared"}
	if c := podCondition(waiting, corev1.PodScheduled); c != nil && c.Status == corev1.ConditionFalse {
		f.holds, f.patience, f.reason = scheduling, bounds.Schedule, "no node takes its pod: "+c.Message
	}
	for _, status := range append(slices.Clone(waiting.Status.InitContainerStatuses), run) {
		if patience, reason := unready(waiting, status, bounds); reason != "" {
			f.holds, f.patience, f.reason = hold(status.Name), patience, reason
			continue
		}
		state := status.State.Waiting
		if state == nil {
			continue
		}
		switch why := fmt.Sprintf("%s: %s%s", status.Name, state.Reason, after(": ", state.Message)); state.Reason {
		case "ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed":
			f.holds, f.patience, f.reason = pulling, bounds.Pull, fmt.Sprintf("image %s cannot be pulled for %s", status.Image, why)
		case "ErrImageNeverPull", "InvalidImageName":
			return over(runner.NotStarted, "image %s cannot be had for %s", status.Image, why)
		case "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PreCreateHookError", "PreStartHookError", "PostStartHookError":
			f.holds, f.patience, f.reason = configuring, bounds.Configure, "its container cannot be made: "+why
		}
	}
	if !now.Before(latest) {
		return over(runner.NotStarted, "it did not start within %s: %s", bounds.Start, f.reason)
	}
	return f
}

// disruption says what the cluster did to a pod, empty where it did nothing.
func disruption(pod *corev1.Pod) string {
	if c := podCondition(pod, corev1.DisruptionTarget); c != nil && c.Status == corev1.ConditionTrue {
		return disruptions(c.Reason) + after(": ", c.Message)
	}
	switch reason := pod.Status.Reason; reason {
	case "Evicted", "Preempting", "Shutdown", "NodeShutdown", "Terminated", "NodeLost":
		return fmt.Sprintf("its pod was ended (%s)%s", reason, after(": ", pod.Status.Message))
	}
	return ""
}

func disruptions(reason string) string {
	switch reason {
	case "PreemptionByScheduler":
		return "its pod gave way to one with a higher priority"
	case "DeletionByTaintManager":
		return "its node was lost or must not run it any more"
	case "EvictionByEvictionAPI":
		return "its pod was evicted"
	case "DeletionByPodGC":
		return "its node is gone"
	}
	return fmt.Sprintf("its node ended the pod (%s)", reason)
}

func whyDeleted(pod *corev1.Pod) string {
	return cmp.Or(disruption(pod), "somebody deleted its pod")
}

// after is text with what goes before it, empty where there is none.
func after(before, text string) string {
	if text = strings.TrimSpace(text); text == "" {
		return ""
	}
	return before + text
}

func statusOf(statuses []corev1.ContainerStatus, name string) corev1.ContainerStatus {
	for _, status := range statuses {
		if status.Name == name {
			return status
		}
	}
	return corev1.ContainerStatus{}
}

func podCondition(pod *corev1.Pod, kind corev1.PodConditionType) *corev1.PodCondition {
	place := slices.IndexFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == kind })
	if place < 0 {
		return nil
	}
	return &pod.Status.Conditions[place]
}

// conditionOf is the first of the conditions that is true.
func conditionOf(job *batchv1.Job, kinds ...batchv1.JobConditionType) *batchv1.JobCondition {
	for i, c := range job.Status.Conditions {
		if slices.Contains(kinds, c.Type) && c.Status == corev1.ConditionTrue {
			return &job.Status.Conditions[i]
		}
	}
	return nil
}
