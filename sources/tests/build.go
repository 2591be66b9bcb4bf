package tests

import (
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"

	"github.com/assay-dev/assay/sources/render"
)

// Build says how a folder is built, in the words of a Flux Kustomization's spec.
type Build struct {
	// Engine is kustomize (default), which builds as the kustomize command does, or flux, which builds as Flux does: also a folder
	// without a kustomization file, and without what .sourceignore names.
	Engine string `json:"engine,omitempty" jsonschema:"enum=kustomize,enum=flux"`
	// TargetNamespace is set on every object.
	TargetNamespace string `json:"targetNamespace,omitempty" jsonschema:"minLength=1"`
	// NamePrefix is put before every object's name.
	NamePrefix string `json:"namePrefix,omitempty" jsonschema:"minLength=1"`
	// NameSuffix is put after every object's name.
	NameSuffix string `json:"nameSuffix,omitempty" jsonschema:"minLength=1"`
	// Patches are appended to the folder's own.
	Patches []Patch `json:"patches,omitempty"`
	// Images replace the names, tags or digests of container images.
	Images []Image `json:"images,omitempty"`
	// Components are folders with Kustomize components, relative to the folder that is built.
	Components []string `json:"components,omitempty" jsonschema:"minLength=1"`
	// IgnoreMissingComponents leaves out components that do not exist.
	IgnoreMissingComponents bool `json:"ignoreMissingComponents,omitempty"`
	// PostBuild substitutes variables in what is built.
	PostBuild *PostBuild `json:"postBuild,omitempty"`
	// CommonMetadata is set on every object.
	CommonMetadata *CommonMetadata `json:"commonMetadata,omitempty"`
	// Ignore leaves out files, in .gitignore syntax, as a Flux source's spec.ignore does.
	Ignore string `json:"ignore,omitempty"`
}

// Patch changes built objects.
type Patch struct {
	// Patch is a strategic merge patch or a JSON6902 patch.
	Patch string `json:"patch" jsonschema:"minLength=1"`
	// Target says what to patch. Default: what a strategic merge patch itself names.
	Target *PatchTarget `json:"target,omitempty"`
}

// PatchTarget selects objects to patch: those that match every field given. Group, version, kind, name and
// namespace are regular expressions.
type PatchTarget struct {
	// Group of the object's API.
	Group string `json:"group,omitempty"`
	// Version of the object's API.
	Version string `json:"version,omitempty"`
	// Kind of the object.
	Kind string `json:"kind,omitempty"`
	// Name of the object.
	Name string `json:"name,omitempty"`
	// Namespace of the object.
	Namespace string `json:"namespace,omitempty"`
	// LabelSelector such as app=shop,tier!=web.
	LabelSelector string `json:"labelSelector,omitempty"`
	// AnnotationSelector such as team=shop.
	AnnotationSelector string `json:"annotationSelector,omitempty"`
}

// Image replaces parts of a container image's reference.
type Image struct {
	// Name of the image as the folder writes it, without tag.
	Name string `json:"name" jsonschema:"minLength=1"`
	// NewName in place of the name.
	NewName string `json:"newName,omitempty"`
	// NewTag in place of the tag.
	NewTag string `json:"newTag,omitempty"`
	// Digest in place of the tag.
	Digest string `json:"digest,omitempty"`
}

// PostBuild substitutes ${variables} after the build.
type PostBuild struct {
	// Substitute holds the variables' values.
	Substitute map[string]string `json:"substitute,omitempty"`
	// Strict makes a variable that has neither a value nor a default an error.
	Strict bool `json:"strict,omitempty"`
}

// CommonMetadata is set on every object.
type CommonMetadata struct {
	// Labels to set.
	Labels map[string]string `json:"labels,omitempty"`
	// Annotations to set.
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Settings are the same in the words of the room that builds.
func (b Build) Settings() render.Settings {
	s := render.Settings{
		TargetNamespace:         b.TargetNamespace,
		NamePrefix:              b.NamePrefix,
		NameSuffix:              b.NameSuffix,
		Components:              b.Components,
		IgnoreMissingComponents: b.IgnoreMissingComponents,
		Ignore:                  b.Ignore,
	}
	if b.Engine == "flux" {
		s.Engine = render.Flux
	}
	for _, p := range b.Patches {
		s.Patches = append(s.Patches, types.Patch{Patch: p.Patch, Target: p.Target.selector()})
	}
	for _, i := range b.Images {
		s.Images = append(s.Images, types.Image{Name: i.Name, NewName: i.NewName, NewTag: i.NewTag, Digest: i.Digest})
	}
	if b.PostBuild != nil {
		s.PostBuild = &render.PostBuild{Substitute: b.PostBuild.Substitute, Strict: b.PostBuild.Strict}
	}
	if b.CommonMetadata != nil {
		s.CommonMetadata = &render.CommonMetadata{Labels: b.CommonMetadata.Labels, Annotations: b.CommonMetadata.Annotations}
	}
	return s
}

func (t *PatchTarget) selector() *types.Selector {
	if t == nil {
		return nil
	}
	return &types.Selector{
		ResId:              resid.ResId{Gvk: resid.Gvk{Group: t.Group, Version: t.Version, Kind: t.Kind}, Name: t.Name, Namespace: t.Namespace},
		LabelSelector:      t.LabelSelector,
		AnnotationSelector: t.AnnotationSelector,
	}
}
