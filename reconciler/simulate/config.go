package simulate

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/assay-dev/assay/sources/git"
)

// app is one Target in each environment: a folder that all environments render, and one for each of them.
type app struct {
	name       string
	repository *repository
	// settings by the place that holds them.
	common, local []setting
}

// setting is one line of an app's configuration.
type setting struct {
	in   *repository
	app  string
	name string
	// environment that it is of; empty for all.
	environment string
}

func (s setting) String() string {
	if s.environment == "" {
		return s.app + "." + s.name
	}
	return s.app + "." + s.name + " in " + s.environment
}

// key is how a rendering names the setting.
func (s setting) key() string {
	if s.environment == "" {
		return s.app + "/" + s.name
	}
	return s.app + "-local/" + s.name
}

// file that the setting is written in.
func (s setting) file() string {
	switch {
	case s.app == sharedApp:
		return "shared/settings.yaml"
	case s.name == imageSetting:
		return "apps/" + s.app + "/workload.yaml"
	case s.environment == "":
		return "apps/" + s.app + "/settings.yaml"
	}
	return "envs/" + s.environment + "/" + s.app + "/settings.yaml"
}

// sharedApp names what all apps of a repository render besides their own.
const sharedApp = "shared"

// imageSetting is the one that a robot writes.
const imageSetting = "image"

// kustomization is the file that names what all environments render of the app.
func (a *app) kustomization() string { return "apps/" + a.name + "/kustomization.yaml" }

// image is the setting that a robot writes.
func (a *app) image() setting { return setting{in: a.repository, app: a.name, name: imageSetting} }

// claim is a volume claim that a commit adds to an app along with what it changes.
func (a *app) addClaim(ctx context.Context, e edit, at git.Hash, name string) edit {
	e.set(a.kustomization(), withResource(a.repository.read(ctx, at, a.kustomization()), name+".yaml"))
	e.set("apps/"+a.name+"/"+name+".yaml", "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: "+name+"}\nspec: {accessModes: [ReadWriteOnce]}\n")
	return e
}

// withResource adds a file to those that a kustomization names.
func withResource(kustomization, file string) string {
	return strings.Replace(kustomization, "]", ", "+file+"]", 1)
}

// in lists the settings that are of one environment.
func (a *app) in(environment string) (own []setting) {
	for _, s := range a.local {
		if s.environment == environment {
			own = append(own, s)
		}
	}
	return own
}

func (a *app) folder(environment string) string { return path.Join("envs", environment, a.name) }

// configMap is a file of settings. The lines between them are what people leave for the next one.
func configMap(name string, settings []setting) string {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\ndata:\n", name)
	for _, s := range settings {
		fmt.Fprintf(&b, "  # %s of %s\n  %s: v0\n", s.name, name, s.name)
	}
	return b.String()
}

// layOut writes the files of an app as it begins.
func (a *app) layOut(e edit, environments []string, shared, image bool) {
	resources := []string{"settings.yaml"}
	e.set("apps/"+a.name+"/settings.yaml", configMap(a.name, a.common))
	if shared {
		resources = append(resources, "../../shared")
		e.set("shared/kustomization.yaml", "resources: [settings.yaml]\n")
		e.set("shared/settings.yaml", configMap(sharedApp, sharedSettings(a.repository)))
	}
	if image {
		resources = append(resources, "workload.yaml")
		e.set(automationFile, automation)
		e.set("apps/"+a.name+"/workload.yaml", workload(a.name))
	}
	e.set(a.kustomization(), "resources: ["+strings.Join(resources, ", ")+"]\n")
	for _, environment := range environments {
		e.set(path.Join(a.folder(environment), "kustomization.yaml"), "resources: [../../../apps/"+a.name+", settings.yaml]\n")
		e.set(path.Join(a.folder(environment), "settings.yaml"), configMap(a.name+"-local", a.in(environment)))
	}
}

// sharedSettings are those that all apps of a repository render.
func sharedSettings(r *repository) (all []setting) {
	for _, name := range []string{"s1", "s2", "s3", "s4"} {
		all = append(all, setting{in: r, app: sharedApp, name: name})
	}
	return all
}

func workload(name string) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: %[1]s
spec:
  template:
    spec:
      containers:
        - name: %[1]s
          image: registry.example/%[1]s:v0 # {"$imagepolicy": "flux-system:%[1]s"}
`, name)
}

var imageTag = regexp.MustCompile(`(image: [^:]+:)(\S+)`)

// assign is the edit that gives settings their values, on top of a commit.
func assign(ctx context.Context, at git.Hash, values ...value) edit {
	e := edit{}
	for _, v := range values {
		file := v.setting.file()
		content := v.setting.in.read(ctx, at, file)
		if earlier := e[file]; earlier != nil {
			content = *earlier
		}
		e.set(file, v.in(content))
	}
	return e
}

// value is what a setting is set to.
type value struct {
	setting setting
	to      string
}

// in writes the value into the file that holds its setting.
func (v value) in(content string) string {
	if v.setting.name == imageSetting {
		return imageTag.ReplaceAllString(content, "${1}"+v.to)
	}
	lines := strings.Split(content, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "  "+v.setting.name+": ") {
			lines[i] = "  " + v.setting.name + ": " + v.to
		}
	}
	return strings.Join(lines, "\n")
}
