package render

import "sigs.k8s.io/kustomize/api/types"

// Application is what an Argo CD Application says about building one of its sources.
type Application struct {
	// Name is the Application's, which releases of charts are named after unless the source says otherwise.
	Name string
	// Instance is what Argo CD calls it in parameter files and to builds: the name, with its namespace and _ in front where that is not
	// Argo CD's own; empty where it is Name.
	Instance string
	// Namespace is that of its destination, where charts are installed unless they say otherwise.
	Namespace string
	Source    ApplicationSource
	// Values are value files that lie in other sources' repositories, by the path that Source has of them ($ref/path).
	Values map[string]string
	// Inputs, when given, are files that something else is made of: they are read, and what is built is an *Error that tells them.
	Inputs []string
	// KubeVersion and APIVersions are the cluster's, for charts that ask.
	KubeVersion string
	APIVersions []string
}

func (a *Application) instance() string {
	if a.Instance != "" {
		return a.Instance
	}
	return a.Name
}

// ApplicationSource is the part of an Application's source that says how to build it, in the fields of Argo CD's API
// (argoproj.io/v1alpha1), as it is merged with the parameter files .argocd-source.yaml and .argocd-source-<instance>.yaml.
type ApplicationSource struct {
	Kustomize *ApplicationKustomize `json:"kustomize,omitempty"`
	Helm      *ApplicationHelm      `json:"helm,omitempty"`
	Directory *ApplicationDirectory `json:"directory,omitempty"`
	Plugin    map[string]any        `json:"plugin,omitempty"`
}

// ApplicationKustomize are the options of `kustomize edit` that Argo CD applies before a build.
type ApplicationKustomize struct {
	NamePrefix                string               `json:"namePrefix,omitempty"`
	NameSuffix                string               `json:"nameSuffix,omitempty"`
	Images                    []string             `json:"images,omitempty"`
	CommonLabels              map[string]string    `json:"commonLabels,omitempty"`
	LabelWithoutSelector      bool                 `json:"labelWithoutSelector,omitempty"`
	LabelIncludeTemplates     bool                 `json:"labelIncludeTemplates,omitempty"`
	ForceCommonLabels         bool                 `json:"forceCommonLabels,omitempty"`
	CommonAnnotations         map[string]string    `json:"commonAnnotations,omitempty"`
	ForceCommonAnnotations    bool                 `json:"forceCommonAnnotations,omitempty"`
	CommonAnnotationsEnvsubst bool                 `json:"commonAnnotationsEnvsubst,omitempty"`
	Namespace                 string               `json:"namespace,omitempty"`
	Replicas                  []ApplicationReplica `json:"replicas,omitempty"`
	Patches                   []types.Patch        `json:"patches,omitempty"`
	Components                []string             `json:"components,omitempty"`
	IgnoreMissingComponents   bool                 `json:"ignoreMissingComponents,omitempty"`
}

// ApplicationReplica is a count of replicas, which may be written as a number or as a text.
type ApplicationReplica struct {
	Name  string `json:"name"`
	Count any    `json:"count"`
}

// ApplicationDirectory says which files of a folder are manifests. Include and Exclude are globs over the path in the folder, in which *
// goes beyond a slash and braces hold alternatives.
type ApplicationDirectory struct {
	Recurse bool           `json:"recurse,omitempty"`
	Include string         `json:"include,omitempty"`
	Exclude string         `json:"exclude,omitempty"`
	Jsonnet map[string]any `json:"jsonnet,omitempty"`
}

// ApplicationHelm is what a chart is given.
type ApplicationHelm struct {
	ValueFiles              []string            `json:"valueFiles,omitempty"`
	IgnoreMissingValueFiles bool                `json:"ignoreMissingValueFiles,omitempty"`
	Values                  string              `json:"values,omitempty"`
	ValuesObject            map[string]any      `json:"valuesObject,omitempty"`
	Parameters              []HelmParameter     `json:"parameters,omitempty"`
	FileParameters          []HelmFileParameter `json:"fileParameters,omitempty"`
	ReleaseName             string              `json:"releaseName,omitempty"`
	Namespace               string              `json:"namespace,omitempty"`
	SkipCRDs                bool                `json:"skipCrds,omitempty"`
	SkipTests               bool                `json:"skipTests,omitempty"`
	SkipSchemaValidation    bool                `json:"skipSchemaValidation,omitempty"`
	KubeVersion             string              `json:"kubeVersion,omitempty"`
	APIVersions             []string            `json:"apiVersions,omitempty"`
}

// HelmParameter is one value of a chart, as Helm's --set takes it, or --set-string where ForceString says so.
type HelmParameter struct {
	Name        string `json:"name"`
	Value       string `json:"value"`
	ForceString bool   `json:"forceString,omitempty"`
}

// HelmFileParameter is a value whose content is a file's.
type HelmFileParameter struct {
	Name string `json:"name"`
	Path string `json:"path"`
}
