package argo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
)

// rendered is what an Application renders in one state.
type rendered struct {
	of        state
	namespace string // of the destination
	revisions []syncs.Revision
	builds    []syncs.Build
	// digest is empty where something in it cannot be built here.
	digest string
}

// resolve finds the commits of a state and what they render, unless it is known already. The error is fetch.ErrUnderway while a commit is
// fetched.
func (s *Source) resolve(ctx context.Context, l *look, a *application, p progress) (*rendered, error) {
	for _, known := range l.Remembered.rendered {
		if known != nil && p.newest.IsZero() && a.hydrator == nil && known.namespace == a.namespace && known.of.equal(p.state) {
			return known, nil
		}
	}
	origins, err := s.origins(ctx, l, a, p)
	if err != nil {
		return nil, err
	}
	r := &rendered{of: p.state, namespace: a.namespace}
	for _, o := range origins {
		r.revisions = append(r.revisions, o.at)
	}
	values, err := refValues(ctx, l, origins, p.sources)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	if known := charts(p.state, values); len(known) > 0 {
		sum.Write(known)
	}
	whole := true
	for _, o := range origins {
		settings := s.settings(a, o, p.sources, values)
		r.builds = append(r.builds, syncs.Build{Repository: o.at.Repository, Path: o.at.Path, Settings: settings})
		if settings.Application.Inputs != nil || o.isRef() {
			continue // it is part of what is built from it
		}
		digest, err := l.Digest(ctx, o.at, settings)
		if err != nil {
			return nil, err
		}
		whole = whole && digest != ""
		fmt.Fprintln(sum, digest)
		r.digest = digest
	}
	switch {
	case !whole:
		r.digest = ""
	case len(p.sources) != 1 || len(origins) != 1:
		r.digest = "sha256:" + hex.EncodeToString(sum.Sum(nil))
	}
	l.Remembered.rendered = [2]*rendered{r, l.Remembered.rendered[0]}
	return r, nil
}

// isRef says that a source only gives files to the others.
func (f source) isRef() bool { return f.Ref != "" && f.Path == "" }

// settings are what an Application says about building one of its sources in Git.
func (s *Source) settings(a *application, o origin, all []source, values map[string]string) render.Settings {
	app := &render.Application{
		Name: a.Name, Instance: a.instance, Namespace: a.namespace, Source: o.ApplicationSource, KubeVersion: s.options.KubeVersion, APIVersions: s.options.APIVersions,
	}
	switch {
	case o.isRef():
		app.Inputs = refPaths(o.Ref, all)
	case o.Helm != nil && len(values) > 0:
		app.Values = values
	}
	return render.Settings{Engine: render.ArgoCD, Application: app}
}

// files are those that a source in Helm is given, as it names them.
func (f source) files() []string {
	if f.Helm == nil {
		return nil
	}
	all := append([]string{}, f.Helm.ValueFiles...)
	for _, p := range f.Helm.FileParameters {
		all = append(all, p.Path)
	}
	return all
}

// refPaths are the files that other sources take from a source by its $ref.
func refPaths(ref string, all []source) []string {
	paths := []string{}
	for _, other := range all {
		for _, file := range other.files() {
			if rest, found := strings.CutPrefix(file, "$"+ref+"/"); found {
				paths = append(paths, path.Clean(rest))
			}
		}
	}
	return paths
}

// refValues reads the files that sources take from other sources by $ref, by the names that they have for them. One that is not there is
// left out.
func refValues(ctx context.Context, l *look, origins []origin, all []source) (map[string]string, error) {
	values := map[string]string{}
	for _, o := range origins {
		if o.Ref == "" {
			continue
		}
		for _, name := range refPaths(o.Ref, all) {
			tree, err := l.Tree(ctx, o.at.URL, o.at.Commit)
			if err != nil {
				return nil, err
			}
			data, err := fs.ReadFile(tree, name)
			switch {
			case errors.Is(err, fs.ErrNotExist):
			case err != nil:
				return nil, fmt.Errorf("read %s of %.8s: %w", name, o.at.Commit, err)
			default:
				values["$"+o.Ref+"/"+name] = string(data)
			}
		}
	}
	return values, nil
}

// charts describes the sources that are charts from elsewhere: what they say, the version that was resolved, and the values they are given.
func charts(s state, values map[string]string) []byte {
	type chart struct {
		Source   source
		Revision string
		Values   map[string]string
	}
	var all []chart
	for i, from := range s.sources {
		if from.Chart == "" {
			continue
		}
		given := map[string]string{}
		for _, file := range from.files() {
			if text, found := values[file]; found {
				given[file] = text
			}
		}
		from.TargetRevision = "" // what it was resolved to counts
		all = append(all, chart{from, s.revisions[i], given})
	}
	if len(all) == 0 {
		return nil
	}
	described, err := json.Marshal(all)
	if err != nil {
		return []byte(err.Error()) // the same each time, and nothing that was decoded from JSON fails to be encoded
	}
	return described
}
