package rollout

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Ref names one object of an inventory.
type Ref struct {
	Group, Version, Kind, Namespace, Name string
}

// String is Kind namespace/name.
func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Kind + " " + r.Name
	}
	return r.Kind + " " + r.Namespace + "/" + r.Name
}

// Concerns tells whether Finished looks at an object of this kind at all.
func (r Ref) Concerns() bool {
	_, known := resources[r.groupKind()]
	return known || custom(r.groupKind())
}

func (r Ref) groupKind() schema.GroupKind { return schema.GroupKind{Group: r.Group, Kind: r.Kind} }

// The kinds that are known here by name.
var (
	deployments  = schema.GroupKind{Group: "apps", Kind: "Deployment"}
	statefulSets = schema.GroupKind{Group: "apps", Kind: "StatefulSet"}
	daemonSets   = schema.GroupKind{Group: "apps", Kind: "DaemonSet"}
	replicaSets  = schema.GroupKind{Group: "apps", Kind: "ReplicaSet"}
	jobs         = schema.GroupKind{Group: "batch", Kind: "Job"}
	barePods     = schema.GroupKind{Kind: "Pod"}
	rollouts     = schema.GroupKind{Group: "argoproj.io", Kind: "Rollout"}
	canaries     = schema.GroupKind{Group: "flagger.app", Kind: "Canary"}
)

// resources is where the API serves the kinds that are known by name.
var resources = map[schema.GroupKind]schema.GroupVersionResource{
	deployments:  {Group: "apps", Version: "v1", Resource: "deployments"},
	statefulSets: {Group: "apps", Version: "v1", Resource: "statefulsets"},
	daemonSets:   {Group: "apps", Version: "v1", Resource: "daemonsets"},
	replicaSets:  {Group: "apps", Version: "v1", Resource: "replicasets"},
	jobs:         {Group: "batch", Version: "v1", Resource: "jobs"},
	barePods:     {Version: "v1", Resource: "pods"},
	rollouts:     {Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"},
	canaries:     {Group: "flagger.app", Version: "v1beta1", Resource: "canaries"},
}

// custom tells whether a kind that is not known by name is to be looked at: custom resources are, what the API server brings itself is no
// workload. Nor are the objects of Flux and Argo CD: they are Targets of their own, or sources of them, and finish by themselves.
func custom(kind schema.GroupKind) bool {
	switch {
	case !strings.Contains(kind.Group, "."), builtIn[kind.Group], strings.HasSuffix(kind.Group, ".toolkit.fluxcd.io"):
		return false
	case kind.Group == "argoproj.io":
		return kind.Kind != "Application" && kind.Kind != "ApplicationSet" && kind.Kind != "AppProject"
	}
	return true
}

// builtIn are the API server's own groups that look like those of custom resources.
var builtIn = map[string]bool{
	"admissionregistration.k8s.io": true, "apiextensions.k8s.io": true, "apiregistration.k8s.io": true, "authentication.k8s.io": true,
	"authorization.k8s.io": true, "certificates.k8s.io": true, "coordination.k8s.io": true, "discovery.k8s.io": true,
	"events.k8s.io": true, "flowcontrol.apiserver.k8s.io": true, "internal.apiserver.k8s.io": true, "networking.k8s.io": true,
	"node.k8s.io": true, "rbac.authorization.k8s.io": true, "resource.k8s.io": true, "scheduling.k8s.io": true, "storage.k8s.io": true,
	"storagemigration.k8s.io": true,
}
