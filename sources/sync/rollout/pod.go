package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Labels that controllers put on their pods, with what the version of the template is.
const (
	deploymentHash   = "pod-template-hash"
	rolloutHash      = "rollouts-pod-template-hash"
	revisionHash     = "controller-revision-hash"
	templateRevision = "pod-template-generation"
)

// pod is what is kept of one.
type pod struct {
	metav1.ObjectMeta
	says     Result // as an object of an inventory itself
	owner    string // the workload that it belongs to, as belongsTo writes it
	revision string // the version of the template that it was made from
	going    bool   // it is being deleted
	ended    bool   // it runs no more
	why      string // it is not ready; empty otherwise
}

// IndexKeys has pods found by the workload that they belong to.
func (p *pod) IndexKeys() []string { return []string{p.owner} }

// belongsTo is how the workload is named to which a pod or a ReplicaSet belongs.
func belongsTo(kind schema.GroupKind, namespace, name string) string {
	return kind.Kind + "/" + namespace + "/" + name
}

func podOf(u *unstructured.Unstructured) *pod {
	p := &pod{ObjectMeta: slim(u), says: says(u), going: u.GetDeletionTimestamp() != nil}
	phase, _, _ := unstructured.NestedString(u.Object, "status", "phase")
	p.ended = phase == "Succeeded" || phase == "Failed"
	labels := u.GetLabels()
	if owner := metav1.GetControllerOfNoCopy(u); owner != nil {
		p.owner, p.revision = ownerOf(owner, u.GetNamespace(), labels)
	}
	if !p.ended && !conditionTrue(u, "Ready") {
		p.why = whyNotReady(u)
	}
	return p
}

// ownerOf is the workload that a pod belongs to and the version that it is of. A ReplicaSet of a Deployment may be gone before its last
// pod is, but its name is the Deployment's with the hash behind it.
func ownerOf(owner *metav1.OwnerReference, namespace string, labels map[string]string) (name, revision string) {
	kind := schema.GroupKind{Kind: owner.Kind}
	switch owner.Kind {
	case replicaSets.Kind:
		for label, kind := range map[string]schema.GroupKind{deploymentHash: deployments, rolloutHash: rollouts} {
			if hash := labels[label]; hash != "" {
				return belongsTo(kind, namespace, strings.TrimSuffix(owner.Name, "-"+hash)), hash
			}
		}
	case daemonSets.Kind:
		revision = labels[templateRevision]
	case statefulSets.Kind:
		revision = labels[revisionHash]
	}
	return belongsTo(kind, namespace, owner.Name), revision
}

// ordinal is the number of a StatefulSet's pod.
func (p *pod) ordinal() int64 {
	n, err := strconv.ParseInt(p.Name[strings.LastIndex(p.Name, "-")+1:], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// whyNotReady is what the kubelet or the scheduler says of a pod that is not ready.
func whyNotReady(u *unstructured.Unstructured) string {
	for _, list := range []string{"initContainerStatuses", "containerStatuses"} {
		for _, c := range objects(u, "status", list) {
			state := &unstructured.Unstructured{Object: c}
			for _, where := range []string{"waiting", "terminated"} {
				reason, _, _ := unstructured.NestedString(state.Object, "state", where, "reason")
				if reason == "" || reason == "PodInitializing" || reason == "ContainerCreating" || reason == "Completed" {
					continue
				}
				message, _, _ := unstructured.NestedString(state.Object, "state", where, "message")
				return told(fmt.Sprintf("container %s: %s", c["name"], reason), message)
			}
		}
	}
	for _, c := range objects(u, "status", "conditions") {
		if c["status"] != "False" || c["type"] == "ContainersReady" {
			continue
		}
		reason, _ := c["reason"].(string)
		message, _ := c["message"].(string)
		if reason != "" && reason != "ContainersNotInitialized" {
			return told(reason, message)
		}
	}
	return "not ready"
}

func told(reason, message string) string {
	const most = 200 // bytes; a kubelet's message may hold a whole registry's answer
	if message == "" {
		return reason
	}
	if len(message) > most {
		message = strings.ToValidUTF8(message[:most], "") + "..."
	}
	return reason + ": " + message
}

// complaints are what a few of the pods say that are not ready, those of the newest version first; revision is empty where it is not known.
func complaints(pods []*pod, revision string) []string {
	const most = 2 // the others mostly say the same
	ill := slices.DeleteFunc(slices.Clone(pods), func(p *pod) bool { return p.why == "" || p.going })
	rank := func(p *pod) int {
		if revision == "" || p.revision == revision {
			return 0
		}
		return 1
	}
	slices.SortFunc(ill, func(a, b *pod) int { return cmp.Or(rank(a)-rank(b), strings.Compare(a.Name, b.Name)) })
	var all []string
	for _, p := range ill[:min(len(ill), most)] {
		all = append(all, fmt.Sprintf("pod %s: %s", p.Name, p.why))
	}
	return all
}

// left is the Result of pods that must go before the new version serves alone.
func left(old []*pod) Result {
	if len(old) == 0 {
		return Result{State: Done}
	}
	first := slices.MinFunc(old, func(a, b *pod) int { return strings.Compare(a.Name, b.Name) })
	what := "is still there"
	if first.going {
		what = "is still terminating"
	}
	if len(old) == 1 {
		return waiting("pod %s of the version before %s", first.Name, what)
	}
	return waiting("%d pods of the version before are left; %s %s", len(old), first.Name, what)
}
