package render

//lint:file-ignore SA1019 people still write the fields that Kustomize deprecates, and it still reads them

import (
	"fmt"
	"net/url"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
)

// reference is a path that a kustomization field holds.
type reference struct {
	field string
	value string
	base  bool // may be a folder, or a Git repository
	data  bool // does not hold YAML that Kustomize takes apart
}

// scan refuses a kustomization that would make Kustomize fetch something or run something. It comes before Kustomize acts
// on the file, because remote bases run git or HTTP before any look at the file system.
func (f *filesystem) scan(name string, data []byte, k *types.Kustomization) error {
	refused := func(reason Reason, field, value, detail string) error {
		return &Error{Reason: reason, File: name, Line: lineOf(data, field, value), Field: field, Detail: detail}
	}
	switch {
	case len(k.HelmCharts) > 0:
		return refused(ReasonChart, "helmCharts", "", chartDetail)
	case len(k.HelmChartInflationGenerator) > 0:
		return refused(ReasonChart, "helmChartInflationGenerator", "", chartDetail)
	}
	for _, r := range references(k) {
		if isRemoteFile(r.value) || r.base && isRemoteBase(r.value) {
			return refused(ReasonRemote, r.field, r.value, remoteDetail(r.value))
		}
		lies := at(name, r.value)
		if _, known := f.unparsed[lies]; !known || !r.data {
			f.unparsed[lies] = r.data
		}
	}
	plugins := pluginScan{filesystem: f, visited: map[string]bool{}}
	for _, list := range []struct {
		field   string
		entries []string
	}{{"generators", k.Generators}, {"transformers", k.Transformers}, {"validators", k.Validators}} {
		if err := plugins.entries(name, data, list.field, list.entries); err != nil {
			return err
		}
	}
	return nil
}

const chartDetail = "a Helm chart is inflated here, which needs the helm command; render the chart into the repository, or let Flux or Argo CD install it"

func remoteDetail(value string) string {
	return fmt.Sprintf("%q is fetched from elsewhere, so what is built is not known from this commit; copy it into the repository and refer to it by path", value)
}

// references lists the paths that Kustomize follows from a kustomization, except those of plugins.
func references(k *types.Kustomization) []reference {
	var all []reference
	add := func(base bool, field string, values ...string) {
		for i, value := range values {
			all = append(all, reference{field: fmt.Sprintf("%s[%d]", field, i), value: value, base: base})
		}
	}
	add(true, "resources", k.Resources...)
	add(true, "bases", k.Bases...)
	add(true, "components", k.Components...)
	add(false, "crds", k.Crds...)
	add(false, "configurations", k.Configurations...)
	one := func(value, format string, args ...any) {
		all = append(all, reference{field: fmt.Sprintf(format, args...), value: value})
	}
	data := func(value, format string, args ...any) {
		one(value, format, args...)
		all[len(all)-1].data = true
	}
	data(k.OpenAPI["path"], "openapi.path")
	for i, p := range k.PatchesStrategicMerge {
		one(string(p), "patchesStrategicMerge[%d]", i)
	}
	for i, p := range k.PatchesJson6902 {
		one(p.Path, "patchesJson6902[%d].path", i)
	}
	for i, p := range k.Patches {
		one(p.Path, "patches[%d].path", i)
	}
	for i, r := range k.Replacements {
		one(r.Path, "replacements[%d].path", i)
	}
	sources := func(field string, i int, s types.KvPairSources) {
		for j, value := range s.FileSources {
			data(sourcePath(value), "%s[%d].files[%d]", field, i, j)
		}
		for j, value := range s.EnvSources {
			data(value, "%s[%d].envs[%d]", field, i, j)
		}
		data(s.EnvSource, "%s[%d].env", field, i)
	}
	for i, g := range k.ConfigMapGenerator {
		sources("configMapGenerator", i, g.KvPairSources)
	}
	for i, g := range k.SecretGenerator {
		sources("secretGenerator", i, g.KvPairSources)
	}
	return all
}

// sourcePath is the path in a generator's file source, [key=]path.
func sourcePath(source string) string {
	if _, after, found := strings.Cut(source, "="); found {
		return after
	}
	return source
}

// isRemoteFile is Kustomize's own rule for what it fetches over HTTP.
func isRemoteFile(value string) bool {
	u, err := url.Parse(value)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https")
}

// isRemoteBase is Kustomize's own rule for what it clones: the parser is not exported, but an Origin names the repository
// that it finds. The parser complains on standard error about git::, so that prefix is judged here.
func isRemoteBase(value string) bool {
	return strings.HasPrefix(strings.ToLower(value), "git::") || (&resource.Origin{}).Append(value).Repo != ""
}

// at resolves a path that the file named by from holds.
func at(from, value string) string {
	return path.Join(path.Dir(from), value)
}
