package kubernetes

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
	"github.com/assay-dev/assay/reconciler/runner/kubernetes/pod"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// states of a Job and of its pod, as Kubernetes writes them.
type states struct {
	job *batchv1.Job
	pod *corev1.Pod
}

func jobWith(conditions ...batchv1.JobCondition) *batchv1.Job {
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "assay-run-1", Namespace: namespace, CreationTimestamp: metav1.NewTime(noon)},
		Status:     batchv1.JobStatus{Conditions: conditions},
	}
}

func failed(reason, message string) batchv1.JobCondition {
	return batchv1.JobCondition{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, Reason: reason, Message: message}
}

func podWith(phase corev1.PodPhase, changes ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{Spec: corev1.PodSpec{NodeName: "node-1"}, Status: corev1.PodStatus{Phase: phase}}
	for _, change := range changes {
		change(p)
	}
	return p
}

func inSuite(state corev1.ContainerState) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: runContainer, Image: "shop:1", State: state}}
	}
}

func inFetch(state corev1.ContainerState) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: fetchContainer, Image: "assay:1", State: state}}
	}
}

// inService is a pod whose service db may take 20 seconds to become ready.
func inService(state, last corev1.ContainerState, started bool) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		name := sidecarPrefix + "db"
		p.Spec.InitContainers = []corev1.Container{{Name: name, StartupProbe: &corev1.Probe{PeriodSeconds: 1, FailureThreshold: 20}}}
		p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: name, Image: "postgres:17", State: state, LastTerminationState: last, Started: &started}}
	}
}

func ended(code int32, reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason, Message: message}}
}

func waits(reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

func withCondition(kind corev1.PodConditionType, status corev1.ConditionStatus, reason, message string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: kind, Status: status, Reason: reason, Message: message})
	}
}

func endedFor(reason, message string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Status.Reason, p.Status.Message = reason, message }
}

func deletedAt(at time.Time) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.DeletionTimestamp = new(metav1.NewTime(at)) }
}

var runs = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}

func TestAssess(t *testing.T) {
	options, err := Options{Dir: "d", URL: "u", Image: "i", Namespaces: cluster.Namespaces{Default: namespace}}.withDefaults()
	require.NoError(t, err)
	deleted := jobWith()
	deleted.DeletionTimestamp = new(metav1.NewTime(noon))
	cases := map[string]struct {
		states states
		after  time.Duration
		end    runner.End
		reason string
		holds  hold
	}{
		"no pod yet":   {states: states{job: jobWith()}},
		"no pod ever":  {states: states{job: jobWith()}, after: 10 * time.Minute, end: runner.NotStarted, reason: "a quota or an admission policy"},
		"job deleted":  {states: states{job: deleted}, end: runner.Killed, reason: "somebody deleted its Job"},
		"pod deleted":  {states: states{job: jobWith(failed("BackoffLimitExceeded", "has reached"))}, end: runner.Killed, reason: "its pod was deleted"},
		"job deadline": {states: states{job: jobWith(failed("DeadlineExceeded", "was active too long"))}, end: runner.Killed, reason: "too long"},
		"pending":      {states: states{jobWith(), podWith(corev1.PodPending)}},
		"unschedulable": {
			states: states{jobWith(), podWith(corev1.PodPending, withCondition(corev1.PodScheduled, corev1.ConditionFalse, "Unschedulable", "0/3 nodes"))},
			reason: "no node takes its pod: 0/3 nodes", holds: scheduling,
		},
		"image of the suite": {
			states: states{jobWith(), podWith(corev1.PodPending, inFetch(ended(0, "Completed", "")), inSuite(waits("ImagePullBackOff", "Back-off")))},
			reason: "image shop:1 cannot be pulled for suite: ImagePullBackOff: Back-off", holds: pulling,
		},
		"image of Assay": {
			states: states{jobWith(), podWith(corev1.PodPending, inFetch(waits("ErrImagePull", "not found")), inSuite(waits("PodInitializing", "")))},
			reason: "image assay:1 cannot be pulled", holds: pulling,
		},
		"image never pulled": {
			states: states{jobWith(), podWith(corev1.PodPending, inSuite(waits("ErrImageNeverPull", "not present")))},
			end:    runner.NotStarted, reason: "not present",
		},
		"no such secret": {
			states: states{jobWith(), podWith(corev1.PodPending, inSuite(waits("CreateContainerConfigError", `secret "login" not found`)))},
			reason: `secret "login" not found`, holds: configuring,
		},
		"service not ready": {
			states: states{jobWith(), podWith(corev1.PodPending, inService(runs, corev1.ContainerState{}, false), inSuite(waits("PodInitializing", "")))},
			reason: "service db was not ready within 20s", holds: "service-db",
		},
		"service ended": {
			states: states{jobWith(), podWith(corev1.PodPending, inService(waits("CrashLoopBackOff", "back-off"), ended(1, "Error", ""), false))},
			reason: "service db was not ready within 20s; its container has ended with exit code 1", holds: "service-db",
		},
		"service started again": {
			states: states{jobWith(), podWith(corev1.PodPending, inService(runs, ended(1, "Error", ""), false))},
			reason: "service db was not ready within 20s", holds: "service-db",
		},
		"service ready": {states: states{jobWith(), podWith(corev1.PodPending, inService(runs, ended(1, "Error", ""), true))}, reason: "still being prepared"},
		"service not pulled": {
			states: states{jobWith(), podWith(corev1.PodPending, inService(waits("ErrImagePull", "not found"), corev1.ContainerState{}, false))},
			reason: "image postgres:17 cannot be pulled", holds: pulling,
		},
		"service ended with its pod": {
			states: states{jobWith(), podWith(corev1.PodFailed, inService(ended(1, "Error", "disk full"), corev1.ContainerState{}, false))},
			end:    runner.NotStarted, reason: "service db ended with exit code 1: disk full",
		},
		"starts too long": {
			states: states{jobWith(), podWith(corev1.PodPending, inSuite(waits("PodInitializing", "")))},
			after:  10 * time.Minute, end: runner.NotStarted, reason: "it did not start within 10m0s",
		},
		"running":       {states: states{jobWith(), podWith(corev1.PodRunning, inSuite(runs))}, after: time.Hour},
		"out of memory": {states: states{jobWith(), podWith(corev1.PodFailed, inSuite(ended(137, "OOMKilled", "")))}, end: runner.Killed, reason: "out of memory"},
		"wrapper killed": {
			states: states{jobWith(), podWith(corev1.PodFailed, inSuite(ended(137, "Error", "")))}, end: runner.Killed, reason: "exit code 137",
		},
		"wrapper gave up": {
			states: states{jobWith(), podWith(corev1.PodFailed, inSuite(ended(125, "Error", "Assay was away")))}, end: runner.Killed, reason: "125: Assay was away",
		},
		"passed, and not delivered": {
			states: states{jobWith(), podWith(corev1.PodSucceeded, inSuite(ended(0, "Completed", "")))}, end: runner.Killed, reason: "without a result",
		},
		"delivered elsewhere": {
			states: states{jobWith(), podWith(corev1.PodSucceeded, inSuite(ended(0, "Completed", pod.Delivered)))}, end: runner.Killed, reason: "an Assay that is gone",
		},
		"not to be executed": {
			states: states{jobWith(), podWith(corev1.PodFailed, inSuite(ended(128, "StartError", "exec format error")))},
			end:    runner.NotStarted, reason: "exec format error",
		},
		"files do not come": {
			states: states{jobWith(), podWith(corev1.PodFailed, inFetch(ended(1, "Error", "Assay refuses")), inSuite(waits("PodInitializing", "")))},
			end:    runner.NotStarted, reason: "the files of the suite did not come: Assay refuses",
		},
		"evicted": {
			states: states{jobWith(), podWith(corev1.PodFailed, inSuite(ended(137, "Error", "")), endedFor("Evicted", "low on memory"))},
			end:    runner.Killed, reason: "Evicted): low on memory",
		},
		"evicted before it ran": {
			states: states{jobWith(), podWith(corev1.PodFailed, endedFor("Evicted", "disk pressure"))}, end: runner.Killed, reason: "disk pressure",
		},
		"refused by the node": {
			states: states{jobWith(), podWith(corev1.PodFailed, endedFor("OutOfcpu", "Node didn't have enough"))}, end: runner.NotStarted, reason: "OutOfcpu",
		},
		"preempted": {
			states: states{jobWith(), podWith(corev1.PodFailed, inSuite(ended(143, "Error", "")),
				withCondition(corev1.DisruptionTarget, corev1.ConditionTrue, "PreemptionByScheduler", ""))},
			end: runner.Killed, reason: "higher priority",
		},
		"being deleted": {states: states{jobWith(), podWith(corev1.PodRunning, inSuite(runs), deletedAt(noon.Add(time.Minute)))}, after: 61 * time.Second},
		"node lost": {
			states: states{jobWith(), podWith(corev1.PodRunning, inSuite(runs), deletedAt(noon.Add(time.Minute)),
				withCondition(corev1.DisruptionTarget, corev1.ConditionTrue, "DeletionByTaintManager", ""))},
			after: 90 * time.Second, end: runner.Killed, reason: "node node-1 does not answer: its node was lost",
		},
		"deadline while it runs": {
			states: states{jobWith(failed("DeadlineExceeded", "was active too long")), podWith(corev1.PodFailed, inSuite(ended(137, "Error", "")))},
			end:    runner.Killed, reason: "too long",
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			seen := test.states.pod
			if seen != nil {
				trimmed, err := trim(seen)
				require.NoError(t, err)
				seen = trimmed.(*corev1.Pod)
			}
			got := assess(test.states.job, seen, options.Bounds, noon.Add(test.after))
			require.Equal(t, test.end, got.end, got.reason)
			require.Contains(t, got.reason, test.reason)
			require.Equal(t, test.holds, got.holds)
			require.NotEqual(t, runner.Exited, got.end, "what was not delivered is no evidence")
			require.Equal(t, got.delivered, name == "delivered elsewhere")
		})
	}
}
