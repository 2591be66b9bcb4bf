package render

import (
	"fmt"
	"path"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// edit writes the folder's kustomization as the Target's settings make it, into the overlay; the tree stays as it is.
// The order and the oddities are those of Flux's generator (github.com/fluxcd/pkg/kustomize).
func (f *filesystem) edit() error {
	name, data, err := f.ownKustomization()
	if err != nil {
		return err
	}
	k := types.Kustomization{TypeMeta: types.TypeMeta{APIVersion: types.KustomizationVersion, Kind: types.KustomizationKind}}
	switch {
	case data == nil:
		if err := f.generate(&k); err != nil {
			return err
		}
	default:
		// Flux decodes leniently: fields that Kustomize does not know vanish instead of being errors.
		decode := func() error { return yaml.Unmarshal(data, &k) }
		if f.settings.Engine != Flux {
			decode = func() error { return k.Unmarshal(data) }
		}
		if err := decode(); err != nil {
			return &Error{Reason: ReasonInvalid, File: name, Detail: err.Error()}
		}
		if f.settings.Engine == Flux && len(k.Resources) == 0 {
			k.BuildMetadata = []string{types.OriginAnnotations} // Flux's way around "kustomization.yaml is empty"
		}
	}
	if err := f.apply(&k); err != nil {
		return err
	}
	written, err := yaml.Marshal(k)
	if err != nil {
		return fmt.Errorf("write the kustomization of %s: %w", f.build, err)
	}
	f.overlay[name] = written
	return nil
}

// ownKustomization finds the folder's kustomization file. Where Flux finds none, data is nil and name is the file that it
// would write.
func (f *filesystem) ownKustomization() (name string, data []byte, err error) {
	for _, base := range konfig.RecognizedKustomizationFileNames() {
		name := path.Join(f.build, base)
		found, err := f.kind(name)
		if err != nil {
			return "", nil, err
		}
		if found == file {
			data, err := f.read(name)
			return name, append([]byte{}, data...), err
		}
	}
	if f.settings.Engine == Flux {
		return path.Join(f.build, konfig.DefaultKustomizationFileName()), nil, nil
	}
	return "", nil, missingKustomization()
}

func missingKustomization() *Error {
	return &Error{Reason: ReasonMissing, Detail: "there is no kustomization.yaml in it; add one, or name the folder that has it"}
}

// apply makes the Target's own settings part of a kustomization.
func (f *filesystem) apply(k *types.Kustomization) error {
	s := f.settings
	if s.Engine == ArgoCD {
		return f.applyArgo(k)
	}
	for _, setting := range []struct {
		value string
		field *string
	}{{s.TargetNamespace, &k.Namespace}, {s.NamePrefix, &k.NamePrefix}, {s.NameSuffix, &k.NameSuffix}} {
		if setting.value != "" {
			*setting.field = setting.value
		}
	}
	for _, p := range s.Patches {
		k.Patches = append(k.Patches, types.Patch{Patch: p.Patch, Target: p.Target})
	}
	if err := f.addComponents(k, s.Components, s.IgnoreMissingComponents); err != nil {
		return err
	}
	for _, image := range s.Images {
		k.Images = mergeImage(k.Images, image)
	}
	if len(s.BuildMetadata) > 0 {
		k.BuildMetadata = s.BuildMetadata
	}
	return nil
}

// mergeImage sets the fields of an image that the Target names. Tag and digest go together: a tag beside the folder's old
// digest would pull the old image.
func mergeImage(images []types.Image, image types.Image) []types.Image {
	for i := range images {
		if images[i].Name != image.Name {
			continue
		}
		if image.NewName != "" {
			images[i].NewName = image.NewName
		}
		if image.NewTag != "" || image.Digest != "" {
			images[i].NewTag, images[i].Digest = image.NewTag, image.Digest
		}
		return images
	}
	return append(images, types.Image{Name: image.Name, NewName: image.NewName, NewTag: image.NewTag, Digest: image.Digest})
}
