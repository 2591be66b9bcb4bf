package flux

import (
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"

	"github.com/assay-dev/assay/sources/render"
)

// settings are what a Kustomization says about building its folder, variables from the cluster apart.
func (k *kustomization) settings() render.Settings {
	spec := &k.spec
	s := render.Settings{
		Engine: render.Flux, TargetNamespace: spec.TargetNamespace, NamePrefix: spec.NamePrefix, NameSuffix: spec.NameSuffix,
		Components: spec.Components, IgnoreMissingComponents: spec.IgnoreMissingComponents,
	}
	for _, p := range spec.Patches {
		patch := types.Patch{Patch: p.Patch}
		if t := p.Target; t != nil {
			patch.Target = &types.Selector{
				ResId:              resid.ResId{Gvk: resid.Gvk{Group: t.Group, Version: t.Version, Kind: t.Kind}, Name: t.Name, Namespace: t.Namespace},
				AnnotationSelector: t.AnnotationSelector, LabelSelector: t.LabelSelector,
			}
		}
		s.Patches = append(s.Patches, patch)
	}
	for _, i := range spec.Images {
		s.Images = append(s.Images, types.Image{Name: i.Name, NewName: i.NewName, NewTag: i.NewTag, Digest: i.Digest})
	}
	for _, option := range spec.BuildMetadata {
		s.BuildMetadata = append(s.BuildMetadata, string(option))
	}
	if p := spec.PostBuild; p != nil {
		s.PostBuild = &render.PostBuild{Substitute: p.Substitute, Always: p.SubstituteStrategy == kustomizev1.SubstituteStrategyAlways}
	}
	if m := spec.CommonMetadata; m != nil {
		s.CommonMetadata = &render.CommonMetadata{Labels: m.Labels, Annotations: m.Annotations}
	}
	return s
}
