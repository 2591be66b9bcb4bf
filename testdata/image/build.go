package main

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"maps"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// user that Assay runs as: nobody that a node knows, in the group of the same number.
const user = 65532

// runsAs is what a container of the image does unless told otherwise.
var runsAs = v1.Config{
	User:       fmt.Sprintf("%d:%[1]d", user),
	Env:        []string{"ASSAY_DATA_DIR=/data"},
	WorkingDir: "/data",
	Volumes:    map[string]struct{}{"/data": {}},
	Entrypoint: []string{"/assay"},
	Cmd:        []string{"run"},
}

// labels that do not depend on the build.
var labels = map[string]string{
	"org.opencontainers.image.title":       "Assay",
	"org.opencontainers.image.description": "Does the system still work? Asked after every change that GitOps delivers.",
	"org.opencontainers.image.licenses":    "Apache-2.0",
}

// binary is what a binary says of itself.
type binary struct {
	path              string
	platform          v1.Platform
	version, revision string // the revision is empty where the build did not know it
}

func readBinary(path string) (binary, error) {
	b := binary{path: path}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return b, fmt.Errorf("binary %s: %w", path, err)
	}
	b.version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "GOOS":
			b.platform.OS = s.Value
		case "GOARCH":
			b.platform.Architecture = s.Value
		case "vcs.revision":
			b.revision = s.Value
		case "CGO_ENABLED":
			if s.Value != "0" {
				return b, fmt.Errorf("binary %s needs a C library, which the image does not have: build it with CGO_ENABLED=0", path)
			}
		}
	}
	if b.platform.OS != "linux" {
		return b, fmt.Errorf("binary %s is for %s: build it with GOOS=linux", path, b.platform)
	}
	return b, nil
}

// buildIndex makes one image of each binary. What is listed is chosen by the node's platform.
func buildIndex(paths []string) (v1.ImageIndex, error) {
	if len(paths) == 0 {
		return nil, errors.New("name a binary for each platform")
	}
	base, err := baseLayer()
	if err != nil {
		return nil, err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	seen := map[string]string{}
	for _, path := range paths {
		b, err := readBinary(path)
		if err != nil {
			return nil, err
		}
		if other, there := seen[b.platform.String()]; there {
			return nil, fmt.Errorf("binaries %s and %s are both for %s", other, path, b.platform)
		}
		seen[b.platform.String()] = path
		image, err := buildImage(b, base)
		if err != nil {
			return nil, fmt.Errorf("image of %s: %w", path, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &b.platform}})
	}
	return index, nil
}

func buildImage(b binary, base v1.Layer) (v1.Image, error) {
	program, err := programLayer(b.path)
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if image, err = mutate.AppendLayers(image, base, program); err != nil {
		return nil, err
	}
	config := runsAs
	config.Labels = maps.Clone(labels)
	config.Labels["org.opencontainers.image.version"] = b.version
	if b.revision != "" {
		config.Labels["org.opencontainers.image.revision"] = b.revision
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Config = b.platform.OS, b.platform.Architecture, config
	file.History = []v1.History{{CreatedBy: "roots of trust, /data, /tmp"}, {CreatedBy: "/assay"}}
	return mutate.ConfigFile(image, file)
}
