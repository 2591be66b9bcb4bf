package render

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"sigs.k8s.io/kustomize/api/types"
)

// Engine says whose way of building is followed where engines differ.
type Engine string

const (
	// Kustomize builds as the kustomize command does with --load-restrictor=LoadRestrictionsNone: a folder without a
	// kustomization file is an error, and objects are ordered for applying unless sortOptions says otherwise.
	Kustomize Engine = ""
	// Flux builds as Flux's kustomize-controller does: a folder without a kustomization file gets one that lists every
	// manifest beneath it, unknown top-level fields are dropped, the order is that of the files, and what the source
	// excludes (.sourceignore, Settings.Ignore, Flux's default list) is not there.
	Flux Engine = "flux"
	// ArgoCD builds as Argo CD's repo-server does, as Settings.Application says: a kustomization, a chart, or the manifests of a folder.
	// Objects come in the order of their files, and may come twice.
	ArgoCD Engine = "argocd"
)

// Settings is what a Target says about building its folder; the zero value is a plain `kustomize build`. The fields are
// those of Flux's Kustomization and are applied in Flux's order: into the folder's kustomization, then Kustomize, then
// PostBuild, then CommonMetadata.
type Settings struct {
	Engine Engine

	TargetNamespace         string
	NamePrefix              string
	NameSuffix              string
	Patches                 []types.Patch // appended; inline only, paths are not followed
	Images                  []types.Image // merged by name into the folder's own
	Components              []string      // appended; local and relative to the folder
	IgnoreMissingComponents bool
	BuildMetadata           []string // replaces the folder's own when not empty
	PostBuild               *PostBuild
	CommonMetadata          *CommonMetadata
	Ignore                  string // spec.ignore of the Flux source, in .gitignore syntax

	// Application is what an Argo CD Application says. With ArgoCD as the engine it must be given, and none of the above is.
	Application *Application

	// Configurations are Kustomize transformer configurations (their YAML, not paths) in force in every kustomization of
	// the build, so that kinds which Kustomize does not know take part in, say, name references.
	Configurations []string
	// Origins asks for Object.Origin. It costs a little time and changes nothing in the output.
	Origins bool

	// Only narrows the rendering to these objects and what they name themselves: of a HelmRelease, what valuesFrom, chartRef and
	// chart.spec.sourceRef name. Nil stands for every object.
	Only []ObjectRef
	// Besides is what the Target hangs on that no file says, such as the version that a floating chart resolved to. It enters the digest, as
	// what Secrets hold does.
	Besides string
	// Unknown says what goes into the engine's build and is not known here. What is built is an *Error then, which tells the closure of what
	// is known.
	Unknown string
}

// ObjectRef names an object of a Rendering.
type ObjectRef struct{ Group, Kind, Namespace, Name string }

// PostBuild is Flux's variable substitution over the built objects.
type PostBuild struct {
	Substitute map[string]string
	// From holds the variables that substituteFrom finds in the cluster, merged in their order; Substitute wins over them.
	From map[string]string
	// Strict makes a variable that has neither a value nor a default an error.
	Strict bool
	// Always substitutes also where there is no variable at all, so that defaults are filled in.
	Always bool
}

// CommonMetadata is set on every built object, replacing values of the same key.
type CommonMetadata struct {
	Labels      map[string]string
	Annotations map[string]string
}

// edited tells whether the folder's kustomization differs from the file in the tree.
func (s *Settings) edited() bool {
	return s.Engine != Kustomize || s.TargetNamespace != "" || s.NamePrefix != "" || s.NameSuffix != "" ||
		len(s.Patches) > 0 || len(s.Images) > 0 || len(s.Components) > 0 || len(s.BuildMetadata) > 0
}

// fingerprint identifies the settings in the cache's keys.
func (s *Settings) fingerprint() ([sha256.Size]byte, error) {
	data, err := json.Marshal(s)
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("encode the build settings: %w", err)
	}
	return sha256.Sum256(data), nil
}
