package render

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/gobwas/glob"
	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resource"
)

var manifestName = regexp.MustCompile(`\.(yaml|yml|json|jsonnet)$`)

// skipMarker in a file has Argo CD leave it out.
const skipMarker = "+argocd:skip-file-rendering"

// manifests are the objects of all manifests that lie in the folder.
func (f *filesystem) manifests(o *ApplicationDirectory) ([]*resource.Resource, error) {
	if o == nil {
		o = &ApplicationDirectory{}
	}
	matches, err := o.matcher()
	if err != nil {
		return nil, err
	}
	names, err := f.manifestFiles(f.build, o.Recurse, matches)
	if err != nil {
		return nil, err
	}
	free, err := f.takeTurn()
	if err != nil {
		return nil, err
	}
	defer free()
	var all []*resource.Resource
	factory := provider.NewDefaultDepProvider().GetResourceFactory()
	for _, name := range names {
		data, err := f.read(name)
		if err != nil {
			return nil, err
		}
		switch {
		case bytes.Contains(data, []byte(skipMarker)):
			continue
		case path.Ext(name) == ".jsonnet":
			return nil, &Error{Reason: ReasonPlugin, File: name,
				Detail: "Jsonnet is a program that makes manifests; commit what it makes for its result to be known here"}
		}
		objects, err := factory.SliceFromBytes(data)
		if err != nil {
			return nil, &Error{Reason: ReasonInvalid, File: name, Detail: fmt.Sprintf("not a Kubernetes manifest: %v", err)}
		}
		all = append(all, objects...)
	}
	return all, nil
}

// matcher tells which paths in the folder are taken.
func (o *ApplicationDirectory) matcher() (func(string) bool, error) {
	compile := func(field, pattern string) (glob.Glob, error) {
		compiled, err := glob.Compile(pattern)
		if err != nil {
			return nil, &Error{Reason: ReasonInvalid, Field: "directory." + field, Detail: fmt.Sprintf("%q is no glob: %v", pattern, err)}
		}
		return compiled, nil
	}
	include, err := compile("include", o.Include)
	if err != nil {
		return nil, err
	}
	exclude, err := compile("exclude", o.Exclude)
	return func(name string) bool {
		return (o.Include == "" || include.Match(name)) && (o.Exclude == "" || !exclude.Match(name))
	}, err
}

// manifestFiles lists the files beneath a folder that are taken, in the order of their paths. Links to folders are not followed.
func (f *filesystem) manifestFiles(dir string, recurse bool, matches func(string) bool) (names []string, err error) {
	if found, err := f.kind(dir); err != nil || found != directory {
		return nil, orMissing(err)
	}
	entries, err := f.list(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		name := path.Join(dir, entry.Name())
		switch {
		case entry.IsDir() && recurse:
			beneath, err := f.manifestFiles(name, recurse, matches)
			if err != nil {
				return nil, err
			}
			names = append(names, beneath...)
			continue
		case entry.IsDir() || !manifestName.MatchString(name) || !matches(f.inFolder(name)):
			continue
		}
		found, err := f.kind(name)
		switch {
		case err != nil:
			return nil, err
		case found == file || entry.Type()&fs.ModeSymlink == 0:
			names = append(names, name)
		}
	}
	return names, nil
}

// inFolder is a path of the tree as seen from the folder that is built.
func (f *filesystem) inFolder(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(name, f.build), "/")
}
