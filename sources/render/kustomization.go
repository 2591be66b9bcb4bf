package render

import (
	"fmt"
	"path"
	"slices"
	"strconv"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// errCustomSchema ends a run that comes upon an openapi field while Kustomize's schema is that of earlier builds.
var errCustomSchema = fmt.Errorf("the build brings its own schema")

// kustomization checks a kustomization file that Kustomize is about to read and returns what Kustomize shall see of it:
// the file itself, or with Configurations or Origins its content with these added.
func (f *filesystem) kustomization(name string, data []byte) ([]byte, error) {
	var k types.Kustomization
	if err := k.Unmarshal(data); err != nil {
		return data, nil // Kustomize says the same, with the line numbers of the file as it is
	}
	if err := f.scan(name, data, &k); err != nil {
		return nil, f.fail(err)
	}
	if len(k.OpenAPI) > 0 && !f.customSchema {
		return nil, f.fail(errCustomSchema)
	}
	top := path.Dir(name) == f.build
	if top {
		f.keepOrigins = slices.Contains(k.BuildMetadata, types.OriginAnnotations)
		f.labelled = slices.Contains(k.BuildMetadata, types.ManagedByLabelOption)
	}
	addOrigins := top && f.settings.Origins && !f.keepOrigins
	if len(f.settings.Configurations) == 0 && !addOrigins {
		return data, nil
	}
	for i := range f.settings.Configurations {
		k.Configurations = append(k.Configurations, path.Join(configurationDir, strconv.Itoa(i)))
	}
	if addOrigins {
		k.BuildMetadata = append(k.BuildMetadata, types.OriginAnnotations)
	}
	return yaml.Marshal(k)
}

// configuration returns one of Settings.Configurations by its index.
func (f *filesystem) configuration(index string) ([]byte, error) {
	i, err := strconv.Atoi(index)
	if err != nil || i < 0 || i >= len(f.settings.Configurations) {
		return nil, fmt.Errorf("there is no configuration %s among the settings'", index)
	}
	return []byte(f.settings.Configurations[i]), nil
}
