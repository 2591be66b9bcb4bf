package rollout

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Annotations by which Kubernetes' own controllers count the versions of a template.
const (
	revisionAnnotation   = "deployment.kubernetes.io/revision"
	generationAnnotation = "deprecated.daemonset.template.generation"
)

// workload is what is kept of one: what it says of itself, judged when it came, and what its pods are told apart by.
type workload struct {
	metav1.ObjectMeta
	says Result
	// revision is that of the newest template: of a Deployment the number that its ReplicaSet bears, else what pods are labelled with.
	revision string
	// spared is the ordinal from which on a StatefulSet's pods are to be of the newest version; a partition keeps those below.
	spared int64
	// most is how many pods a DaemonSet is to have.
	most int64
	// onDelete: pods become new only when somebody deletes the old ones.
	onDelete bool
	// templated is when the template was last written, and images what it runs; both are for Flagger only.
	templated time.Time
	images    string
	// template is the Deployment that a Rollout takes its template from, and templateSeen which generation of it was taken; both empty
	// where it has its own.
	template, templateSeen string
}

// workloadOf judges an object of a kind.
func workloadOf(kind schema.GroupKind) func(*unstructured.Unstructured) *workload {
	return func(u *unstructured.Unstructured) *workload {
		w := &workload{ObjectMeta: slim(u), says: says(u)}
		if strict := rules[kind]; strict != nil {
			strict(u, w)
		}
		return w
	}
}

// slim is the metadata that every object needs here.
func slim(u *unstructured.Unstructured) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: u.GetNamespace(), Name: u.GetName(), ResourceVersion: u.GetResourceVersion(), Generation: u.GetGeneration(),
	}
}

// says is what kstatus makes of an object. It also tells whether the object's controller has seen the newest generation.
func says(u *unstructured.Unstructured) Result {
	computed, err := status.Compute(u)
	switch {
	case err != nil:
		return waiting("its status cannot be read: %v", err)
	case computed.Status == status.CurrentStatus:
		return Result{State: Done}
	case computed.Status == status.FailedStatus:
		return Result{Failed, computed.Message}
	case computed.Status == status.TerminatingStatus:
		return waiting("it is being deleted")
	}
	return Result{Waiting, computed.Message}
}

// rules are what is known of kinds beyond kstatus.
var rules = map[schema.GroupKind]func(*unstructured.Unstructured, *workload){
	deployments:  deploymentRules,
	statefulSets: statefulSetRules,
	daemonSets:   daemonSetRules,
	replicaSets:  unseen,
	jobs:         jobRules,
	rollouts:     rolloutRules,
}

// unseen has an object wait that no controller has looked at yet; kstatus is lenient where nothing says so.
func unseen(u *unstructured.Unstructured, w *workload) {
	if _, found, _ := unstructured.NestedInt64(u.Object, "status", "observedGeneration"); !found && w.says.State == Done {
		w.says = waiting("its controller has not seen it yet")
	}
}

func deploymentRules(u *unstructured.Unstructured, w *workload) {
	unseen(u, w)
	w.revision = u.GetAnnotations()[revisionAnnotation]
	w.templated, w.images = templated(u), images(u)
	if paused, _, _ := unstructured.NestedBool(u.Object, "spec", "paused"); paused && w.says.State == Waiting {
		w.says = held("it is paused (spec.paused)")
	}
}

func statefulSetRules(u *unstructured.Unstructured, w *workload) {
	unseen(u, w)
	w.revision, _, _ = unstructured.NestedString(u.Object, "status", "updateRevision")
	partition := number(u, "spec", "updateStrategy", "rollingUpdate", "partition")
	w.spared = partition + number(u, "spec", "ordinals", "start")
	if w.onDelete = onDelete(u); w.onDelete && w.says.State == Done {
		// kstatus takes any such StatefulSet for finished.
		if wanted, ready := replicas(u), number(u, "status", "readyReplicas"); ready < wanted {
			w.says = waiting("ready: %d/%d", ready, wanted)
		}
	}
}

func daemonSetRules(u *unstructured.Unstructured, w *workload) {
	w.revision = u.GetAnnotations()[generationAnnotation]
	w.most = number(u, "status", "desiredNumberScheduled")
	w.templated, w.images = templated(u), images(u)
	observed := number(u, "status", "observedGeneration") == u.GetGeneration()
	if w.onDelete = onDelete(u); w.onDelete && observed && w.says.State == Waiting && number(u, "status", "updatedNumberScheduled") < w.most {
		w.says = onDeleteHeld
	}
}

// jobRules want a Job complete; to kstatus it is enough that it runs.
func jobRules(u *unstructured.Unstructured, w *workload) {
	if w.says.State != Done || conditionTrue(u, "Complete") {
		return
	}
	if suspended, _, _ := unstructured.NestedBool(u.Object, "spec", "suspend"); suspended {
		w.says = held("it is suspended (spec.suspend)")
		return
	}
	w.says = waiting("it is still running")
}

var onDeleteHeld = held("pods of the version before serve until somebody deletes them (updateStrategy OnDelete)")

func onDelete(u *unstructured.Unstructured) bool {
	strategy, _, _ := unstructured.NestedString(u.Object, "spec", "updateStrategy", "type")
	return strategy == "OnDelete"
}

// number is a field that is 0 where it is missing.
func number(u *unstructured.Unstructured, fields ...string) int64 {
	n, _, _ := unstructured.NestedInt64(u.Object, fields...)
	return n
}

func replicas(u *unstructured.Unstructured) int64 {
	n, found, _ := unstructured.NestedInt64(u.Object, "spec", "replicas")
	if !found {
		return 1
	}
	return n
}

// objects are the mappings in a list of an object.
func objects(u *unstructured.Unstructured, fields ...string) []map[string]any {
	value, _, _ := unstructured.NestedFieldNoCopy(u.Object, fields...)
	list, _ := value.([]any)
	all := make([]map[string]any, 0, len(list))
	for _, item := range list {
		if object, ok := item.(map[string]any); ok {
			all = append(all, object)
		}
	}
	return all
}

func conditionTrue(u *unstructured.Unstructured, kind string) bool {
	for _, c := range objects(u, "status", "conditions") {
		if c["type"] == kind {
			return c["status"] == "True"
		}
	}
	return false
}

// templated is when somebody last wrote fields of the pod template, to the second, as the API server's own record has it.
func templated(u *unstructured.Unstructured) (last time.Time) {
	var owned struct {
		Spec struct {
			Template json.RawMessage `json:"f:template"`
		} `json:"f:spec"`
	}
	for _, entry := range u.GetManagedFields() {
		owned.Spec.Template = nil
		if entry.FieldsV1 == nil || entry.Time == nil || !entry.Time.After(last) {
			continue
		}
		if err := json.Unmarshal(entry.FieldsV1.GetRawBytes(), &owned); err == nil && owned.Spec.Template != nil {
			last = entry.Time.Time
		}
	}
	return last
}

// images are those that a template runs, by container.
func images(u *unstructured.Unstructured) string {
	var b strings.Builder
	for _, list := range []string{"initContainers", "containers"} {
		for _, c := range objects(u, "spec", "template", "spec", list) {
			fmt.Fprintf(&b, "%s=%s\n", c["name"], c["image"])
		}
	}
	return b.String()
}
