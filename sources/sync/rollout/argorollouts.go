package rollout

import (
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// templateAnnotation is where Argo Rollouts notes the generation of the Deployment that it takes a template from.
const templateAnnotation = "rollout.argoproj.io/workload-generation"

// rolloutRules judge Argo Rollouts' own kind, since v1.0, by the phase that its controller tells.
func rolloutRules(u *unstructured.Unstructured, w *workload) {
	phase, _, _ := unstructured.NestedString(u.Object, "status", "phase")
	message, _, _ := unstructured.NestedString(u.Object, "status", "message")
	aborted, _, _ := unstructured.NestedBool(u.Object, "status", "abort")
	stable, _, _ := unstructured.NestedString(u.Object, "status", "stableRS")
	w.revision, _, _ = unstructured.NestedString(u.Object, "status", "currentPodHash")
	if kind, _, _ := unstructured.NestedString(u.Object, "spec", "workloadRef", "kind"); kind == deployments.Kind {
		w.template, _, _ = unstructured.NestedString(u.Object, "spec", "workloadRef", "name")
		w.templateSeen = u.GetAnnotations()[templateAnnotation]
	}
	switch {
	case u.GetDeletionTimestamp() != nil:
		w.says = waiting("it is being deleted")
	case !rolloutSeen(u):
		w.says = waiting("Argo Rollouts has not seen its newest version yet")
	case aborted, phase == "Degraded":
		w.says = Result{RolledBack, told("Argo Rollouts gave the new version up", message)}
	case phase == "Paused" && !resumes(u):
		w.says = held("%s", told("Argo Rollouts waits for somebody to promote it", message))
	case phase != "Healthy":
		w.says = waiting("%s", told("Argo Rollouts is at it ("+phase+")", message))
	case w.revision != stable:
		w.says = waiting("Argo Rollouts has not made the new version the stable one")
	default:
		w.says = Result{State: Done}
	}
}

// rolloutSeen tells whether the controller has seen the newest spec, and the newest template where that is in a Deployment. Both of its
// numbers are texts.
func rolloutSeen(u *unstructured.Unstructured) bool {
	observed, _, _ := unstructured.NestedString(u.Object, "status", "observedGeneration")
	if observed != strconv.FormatInt(u.GetGeneration(), 10) {
		return false
	}
	template := u.GetAnnotations()[templateAnnotation]
	seen, _, _ := unstructured.NestedString(u.Object, "status", "workloadObservedGeneration")
	return template == "" || template == seen
}

// resumes tells whether a paused Rollout goes on by itself.
func resumes(u *unstructured.Unstructured) bool {
	if paused, _, _ := unstructured.NestedBool(u.Object, "spec", "paused"); paused {
		return false
	}
	if number(u, "spec", "strategy", "blueGreen", "autoPromotionSeconds") > 0 {
		return true
	}
	step, steps := number(u, "status", "currentStepIndex"), objects(u, "spec", "strategy", "canary", "steps")
	if step >= int64(len(steps)) {
		return false
	}
	_, found, _ := unstructured.NestedFieldNoCopy(steps[step], "pause", "duration")
	return found
}

// replicaSet is what is kept of one that a Deployment or a Rollout made.
type replicaSet struct {
	metav1.ObjectMeta
	owner    string
	hash     string
	revision string
	retiring bool // Argo Rollouts sends it no traffic any more, and removes it at its time
}

// IndexKeys has ReplicaSets found by what made them.
func (r *replicaSet) IndexKeys() []string { return []string{r.owner} }

func replicaSetOf(u *unstructured.Unstructured) *replicaSet {
	annotations := u.GetAnnotations()
	r := &replicaSet{
		ObjectMeta: slim(u), revision: annotations[revisionAnnotation], retiring: annotations["scale-down-deadline"] != "",
	}
	if owner := metav1.GetControllerOfNoCopy(u); owner != nil {
		r.owner = belongsTo(schema.GroupKind{Kind: owner.Kind}, u.GetNamespace(), owner.Name)
	}
	labels := u.GetLabels()
	if r.hash = labels[deploymentHash]; r.hash == "" {
		r.hash = labels[rolloutHash]
	}
	return r
}
