package render

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/strvals"
	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/yaml"
)

// chartFile makes a folder a chart.
const chartFile = "Chart.yaml"

// chart are the objects of a chart that lies in the folder, as `helm template` prints them.
func (f *filesystem) chart(o *ApplicationHelm) ([]*resource.Resource, error) {
	if o == nil {
		o = &ApplicationHelm{}
	}
	files, err := f.chartFiles(f.build)
	if err != nil {
		return nil, err
	}
	printed, err := f.template(o, files)
	if err != nil {
		return nil, err
	}
	again, err := f.template(o, files)
	if err != nil {
		return nil, err
	}
	if !slices.EqualFunc(printed, again, bytes.Equal) {
		return nil, &Error{Reason: ReasonChart, File: path.Join(f.build, chartFile),
			Detail: "the chart renders something else each time, such as random passwords or the time of day; give it these as values"}
	}
	free, err := f.takeTurn()
	if err != nil {
		return nil, err
	}
	defer free()
	var all []*resource.Resource
	factory := provider.NewDefaultDepProvider().GetResourceFactory()
	for _, text := range printed {
		objects, err := factory.SliceFromBytes(text)
		if err != nil {
			return nil, f.badChart(fmt.Errorf("it renders no Kubernetes manifest: %w", err))
		}
		all = append(all, objects...)
	}
	if o.SkipTests {
		all = slices.DeleteFunc(all, isTest)
	}
	return all, nil
}

func (f *filesystem) badChart(err error) *Error {
	return &Error{Reason: ReasonInvalid, File: path.Join(f.build, chartFile), Detail: err.Error()}
}

// chartFiles reads everything beneath the folder.
func (f *filesystem) chartFiles(dir string) (files []*loader.BufferedFile, err error) {
	if found, err := f.kind(dir); err != nil || found != directory {
		return nil, orMissing(err)
	}
	entries, err := f.list(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		name := path.Join(dir, entry.Name())
		found, err := f.kind(name)
		if err != nil {
			return nil, err
		}
		if found == directory {
			beneath, err := f.chartFiles(name)
			if err != nil {
				return nil, err
			}
			files = append(files, beneath...)
			continue
		}
		f.unparsed[name] = true // templates are no YAML
		data, err := f.read(name)
		if err != nil {
			return nil, err
		}
		files = append(files, &loader.BufferedFile{Name: f.inFolder(name), Data: data})
	}
	return files, nil
}

// values merges all that the chart is given: value files, then the Application's own values, then parameters.
func (f *filesystem) values(o *ApplicationHelm) (map[string]any, error) {
	values := map[string]any{}
	for i, name := range o.ValueFiles {
		field := fmt.Sprintf("helm.valueFiles[%d]", i)
		data, found, err := f.valueFile(field, name)
		switch {
		case err != nil:
			return nil, err
		case !found && o.IgnoreMissingValueFiles:
			continue
		case !found:
			return nil, &Error{Reason: ReasonMissing, Field: field, Detail: fmt.Sprintf("there is no value file %s in this commit", name)}
		}
		if values, err = mergeValues(values, data); err != nil {
			return nil, &Error{Reason: ReasonInvalid, File: name, Field: field, Detail: err.Error()}
		}
	}
	own := []byte(o.Values)
	if o.ValuesObject != nil {
		var err error
		if own, err = yaml.Marshal(o.ValuesObject); err != nil {
			return nil, fmt.Errorf("write the Application's values: %w", err)
		}
	}
	values, err := mergeValues(values, own)
	if err != nil {
		return nil, &Error{Reason: ReasonInvalid, Field: "helm.values", Detail: err.Error()}
	}
	return values, f.parameters(o, values)
}

// mergeValues lays the values of a file over those there are.
func mergeValues(values map[string]any, data []byte) (map[string]any, error) {
	over := map[string]any{}
	if err := yaml.Unmarshal(data, &over); err != nil {
		return nil, err
	}
	return chartutil.MergeTables(over, values), nil
}

// parameters sets single values, as --set, --set-string and --set-file do. Argo CD passes them without an order; here it is that of the
// names, so that what is built is always the same.
func (f *filesystem) parameters(o *ApplicationHelm, values map[string]any) error {
	ordered := slices.Clone(o.Parameters)
	slices.SortStableFunc(ordered, func(a, b HelmParameter) int { return strings.Compare(a.Name, b.Name) })
	for _, p := range ordered {
		field := "helm.parameters " + p.Name
		value, err := f.substitute(field, p.Value)
		if err != nil {
			return err
		}
		parse := strvals.ParseInto
		if p.ForceString {
			parse = strvals.ParseIntoString
		}
		if err := parse(p.Name+"="+escapeCommas(value), values); err != nil {
			return &Error{Reason: ReasonInvalid, Field: field, Detail: err.Error()}
		}
	}
	for _, p := range o.FileParameters {
		field := "helm.fileParameters " + p.Name
		data, found, err := f.valueFile(field, p.Path)
		if err != nil {
			return err
		}
		if !found {
			return &Error{Reason: ReasonMissing, Field: field, Detail: fmt.Sprintf("there is no file %s in this commit", p.Path)}
		}
		read := func([]rune) (any, error) { return string(data), nil }
		if err := strvals.ParseIntoFile(p.Name+"="+escapeCommas(p.Path), values, read); err != nil {
			return &Error{Reason: ReasonInvalid, Field: field, Detail: err.Error()}
		}
	}
	return nil
}

// escapeCommas keeps Helm from taking a value for several, except a list in braces, as Argo CD does.
func escapeCommas(value string) string {
	if strings.HasPrefix(value, "{") {
		return value
	}
	return unescapedComma.ReplaceAllString(value, `$1\,`)
}

var unescapedComma = regexp.MustCompile(`([^\\]|^),`)

// valueFile reads a file that a chart is given: one of another source by its $ref, one of the tree from its root by a leading slash, else
// relative to the folder.
func (f *filesystem) valueFile(field, name string) (data []byte, found bool, err error) {
	if strings.HasPrefix(name, "$") {
		if text, known := f.settings.Application.Values[name]; known {
			return []byte(text), true, nil
		}
	}
	name, err = f.substitute(field, name)
	if err != nil {
		return nil, false, err
	}
	if strings.Contains(name, "://") {
		return nil, false, &Error{Reason: ReasonRemote, Field: field, Detail: remoteDetail(name)}
	}
	lies := path.Join(f.build, name)
	if strings.HasPrefix(name, "/") {
		lies = path.Clean(strings.TrimPrefix(name, "/"))
	}
	if lies == ".." || strings.HasPrefix(lies, "../") {
		return nil, false, &Error{Reason: ReasonMissing, Field: field, Detail: fmt.Sprintf("%s leads out of the repository", name)}
	}
	there, err := f.kind(lies)
	if err != nil || there != file {
		return nil, false, err
	}
	data, err = f.read(lies)
	return data, true, err
}

// template renders the chart once. The texts are in the order of their files' names, custom resource definitions first.
func (f *filesystem) template(o *ApplicationHelm, files []*loader.BufferedFile) ([][]byte, error) {
	app := f.settings.Application
	values, err := f.values(o)
	if err != nil {
		return nil, err
	}
	c, err := loader.LoadFiles(files)
	if err != nil {
		return nil, f.badChart(err)
	}
	if missing := missingDependencies(c); len(missing) > 0 {
		return nil, &Error{Reason: ReasonChart, File: path.Join(f.build, chartFile), Field: "dependencies",
			Detail: fmt.Sprintf("%s must be fetched from elsewhere; commit them under charts/", strings.Join(missing, ", "))}
	}
	if err := chartutil.ProcessDependenciesWithMerge(c, values); err != nil {
		return nil, f.badChart(err)
	}
	capabilities, err := app.capabilities(o)
	if err != nil {
		return nil, f.badChart(err)
	}
	release := chartutil.ReleaseOptions{Name: or(o.ReleaseName, app.Name), Namespace: or(o.Namespace, app.Namespace), Revision: 1, IsInstall: true}
	given, err := chartutil.ToRenderValuesWithSchemaValidation(c, values, release, capabilities, o.SkipSchemaValidation)
	if err != nil {
		return nil, f.badChart(err)
	}
	rendered, err := engine.Render(c, given)
	if err != nil {
		return nil, f.badChart(err)
	}
	var texts [][]byte
	if !o.SkipCRDs {
		for _, crd := range c.CRDObjects() {
			texts = append(texts, crd.File.Data)
		}
	}
	names := make([]string, 0, len(rendered))
	for name := range rendered {
		if base := path.Base(name); base != "NOTES.txt" && !strings.HasPrefix(base, "_") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		texts = append(texts, []byte(rendered[name]))
	}
	return texts, nil
}

func or(value, otherwise string) string {
	if value != "" {
		return value
	}
	return otherwise
}

// missingDependencies are the charts that a chart needs and that are not in its folder.
func missingDependencies(c *chart.Chart) (missing []string) {
	for _, needed := range c.Metadata.Dependencies {
		if !slices.ContainsFunc(c.Dependencies(), func(there *chart.Chart) bool { return there.Name() == needed.Name }) {
			missing = append(missing, needed.Name)
		}
	}
	return missing
}

// capabilities are what the chart is told of the cluster: what the source says, else what the cluster does.
func (a *Application) capabilities(o *ApplicationHelm) (*chartutil.Capabilities, error) {
	c := chartutil.DefaultCapabilities.Copy()
	if text := or(o.KubeVersion, a.KubeVersion); text != "" {
		version, err := chartutil.ParseKubeVersion(text)
		if err != nil {
			return nil, fmt.Errorf("kubeVersion %q: %w", text, err)
		}
		c.KubeVersion = *version
	}
	versions := o.APIVersions
	if len(versions) == 0 {
		versions = a.APIVersions
	}
	c.APIVersions = append(c.APIVersions, versions...)
	return c, nil
}

// isTest tells whether an object is a test that Helm runs when asked to.
func isTest(object *resource.Resource) bool {
	return strings.HasPrefix(strings.TrimSpace(object.GetAnnotations()["helm.sh/hook"]), "test")
}
