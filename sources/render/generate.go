package render

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
)

// generate lists every manifest beneath the folder as a resource, and every folder that has a kustomization of its own
// instead of what it holds, as Flux does for a folder that has none.
func (f *filesystem) generate(k *types.Kustomization) error {
	found, err := f.kind(f.build)
	if err != nil {
		return err
	}
	if found != directory {
		return missingFolder()
	}
	if err := f.collect(f.build, provider.NewDefaultDepProvider().GetResourceFactory(), k); err != nil {
		return err
	}
	if len(k.Resources) == 0 {
		k.Namespace = "_placeholder" // Flux's way around "kustomization.yaml is empty"
	}
	return nil
}

func missingFolder() *Error {
	return &Error{Reason: ReasonMissing, Detail: "there is no such folder in this commit; check the path"}
}

func (f *filesystem) collect(dir string, factory *resource.Factory, k *types.Kustomization) error {
	entries, err := f.list(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := path.Join(dir, entry.Name())
		add := func() {
			k.Resources = append(k.Resources, "./"+strings.TrimPrefix(strings.TrimPrefix(name, f.build), "/"))
		}
		found, err := f.kind(name)
		if err != nil {
			return err
		}
		switch {
		case found == directory && entry.Type()&fs.ModeSymlink == 0:
			own, err := f.hasKustomization(name)
			if err != nil {
				return err
			}
			if own {
				add()
				continue
			}
			if err := f.collect(name, factory, k); err != nil {
				return err
			}
		case found == file && (path.Ext(name) == ".yaml" || path.Ext(name) == ".yml"):
			data, err := f.read(name)
			if err != nil {
				return err
			}
			if _, err := factory.SliceFromBytes(data); err != nil {
				return &Error{Reason: ReasonInvalid, File: name,
					Detail: fmt.Sprintf("not a Kubernetes manifest: %v; fix it, add a kustomization.yaml that leaves it out, or exclude it in .sourceignore", err)}
			}
			add()
		}
	}
	return nil
}

func (f *filesystem) hasKustomization(dir string) (bool, error) {
	for _, base := range konfig.RecognizedKustomizationFileNames() {
		found, err := f.kind(path.Join(dir, base))
		if err != nil || found == file {
			return found == file, err
		}
	}
	return false, nil
}
