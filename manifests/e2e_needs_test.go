//go:build e2e

package manifests

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// need is what Assay does with a right, and what it says when it has it not.
type need struct {
	do   func(t *testing.T) error
	says string
}

// needs are by the name of their right.
func (a *account) needs() map[string]need {
	needs := map[string]need{
		"assay-crds: list, watch customresourcedefinitions.apiextensions.k8s.io": {a.knowsWhatIsAbsent, "Assay may not read nothings.example.com"},

		"assay-rollouts: list, watch replicasets.apps":     {a.rolledOut("apps", "Deployment"), "Assay may not read replicasets.apps"},
		"assay-rollouts: list, watch pods":                 {a.rolledOut("apps", "Deployment"), "Assay may not read pods"},
		"assay-rollouts: list, watch canaries.flagger.app": {a.rolledOut("apps", "Deployment"), "Assay may not read canaries.flagger.app"},

		"assay-events: create events.events.k8s.io":                        {a.tells("Kustomization", false), "cannot create resource"},
		"assay-events: get events.events.k8s.io":                           {a.tells("Kustomization", false), "cannot get resource"},
		"assay-events: patch events.events.k8s.io":                         {a.tells("Kustomization", false), "cannot patch resource"},
		"assay-flux: get kustomizations.kustomize.toolkit.fluxcd.io":       {a.tells("Kustomization", false), "read Kustomization/flux-system/shop"},
		"assay-flux: get helmreleases.helm.toolkit.fluxcd.io":              {a.tells("HelmRelease", false), "read HelmRelease/flux-system/shop"},
		"assay-argocd: get applications.argoproj.io":                       {a.tells("Application", false), "read Application/flux-system/shop"},
		"assay-annotate: patch kustomizations.kustomize.toolkit.fluxcd.io": {a.tells("Kustomization", true), "annotate Kustomization/flux-system/shop"},
		"assay-annotate: patch helmreleases.helm.toolkit.fluxcd.io":        {a.tells("HelmRelease", true), "annotate HelmRelease/flux-system/shop"},
		"assay-annotate: patch applications.argoproj.io":                   {a.tells("Application", true), "annotate Application/flux-system/shop"},
		"assay-flux: get configmaps":                                       {a.renders, "spec.postBuild.substituteFrom: ConfigMap flux-system/colors may not be read by Assay"},
		"assay-flux-secrets: get secrets flux-system":                      {a.readsAsFlux, "Secret flux-system/flux-system may not be read by Assay"},
		"assay-argocd-secrets: list secrets":                               {a.readsAsArgo("https"), "list the credentials of Argo CD"},
		"assay-argocd-secrets: get configmaps argocd-tls-certs-cm":         {a.readsAsArgo("https"), "read ConfigMap argocd/argocd-tls-certs-cm"},
		"assay-argocd-secrets: get configmaps argocd-ssh-known-hosts-cm":   {a.readsAsArgo("ssh"), "read ConfigMap argocd/argocd-ssh-known-hosts-cm"},
		"assay-self: get pods":                                             {a.readsItsPod, "cannot get resource"},
		"assay-election: create leases.coordination.k8s.io":                {a.leads, "cannot create resource"},
		"assay-election: get leases.coordination.k8s.io assay":             {a.leads, "cannot get resource"},
		"assay-election: update leases.coordination.k8s.io assay":          {a.leads, "cannot update resource"},
		"assay-election: patch pods":                                       {a.leads, "the label of the leader cannot be changed"},
		"assay-runner: create jobs.batch":                                  {a.takesRuns, "the cluster refuses the Job"},
		"assay-runner: get jobs.batch":                                     {a.takesRuns, "wait until Job"},
		"assay-runner: delete jobs.batch":                                  {a.takesRuns, "its pod may still be there"},
		"assay-runner: list, watch jobs.batch":                             {a.takesRuns, "jobs.batch is forbidden"},
		"assay-runner: list, watch pods":                                   {a.takesRuns, "pods is forbidden"},
		"assay-runner: create secrets":                                     {a.takesRuns, "create Secret assay-runs/"},
	}
	needs["assay-runner: list, watch events"] = need{a.makesChecks, "its events are not shown"}
	for _, resource := range []schema.GroupVersionResource{
		{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations"},
		{Group: "helm.toolkit.fluxcd.io", Version: "v2", Resource: "helmreleases"},
		{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "gitrepositories"},
		{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "ocirepositories"},
		{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "buckets"},
		{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "externalartifacts"},
		{Group: "source.extensions.fluxcd.io", Version: "v1beta1", Resource: "artifactgenerators"},
	} {
		needs["assay-flux: list, watch "+resource.GroupResource().String()] = a.followed(resource)
	}
	for _, resource := range []string{"applications", "applicationsets"} {
		needs["assay-argocd: list, watch "+resource+".argoproj.io"] = a.followed(schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: resource})
	}
	for kind, resource := range map[string]schema.GroupResource{
		"Deployment": {Group: "apps", Resource: "deployments"}, "StatefulSet": {Group: "apps", Resource: "statefulsets"},
		"DaemonSet": {Group: "apps", Resource: "daemonsets"}, "ReplicaSet": {Group: "apps", Resource: "replicasets"}, "Pod": {Resource: "pods"},
		"Job": {Group: "batch", Resource: "jobs"}, "Rollout": {Group: "argoproj.io", Resource: "rollouts"},
	} {
		needs["assay-rollouts: get "+resource.String()] = need{a.rolledOut(resource.Group, kind), "cannot get resource"}
		if _, known := needs["assay-rollouts: list, watch "+resource.String()]; !known {
			needs["assay-rollouts: list, watch "+resource.String()] = need{a.rolledOut(resource.Group, kind), "Assay may not read " + resource.String()}
		}
	}
	return needs
}
