package events

import "k8s.io/apimachinery/pkg/runtime/schema"

// resources are where the kinds of Targets are served that Events can be about.
var resources = map[string]schema.GroupVersionResource{
	"Kustomization": {Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations"},
	"HelmRelease":   {Group: "helm.toolkit.fluxcd.io", Version: "v2", Resource: "helmreleases"},
	"Application":   {Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"},
}
