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

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// rendered is what an Application renders in one state.
type rendered struct {
	of        state
	namespace string // of the destination
	revisions []sync.Revision
	builds    []sync.Build
	// digest is empty where something in it cannot be built here.
	digest string
}

// remembered is how many states of an Application are remembered: what is live, and what failed.
const remembered = 2

// resolve finds the commits of a state and what they render, unless it is known already. The error is fetch.ErrUnderway while a commit is
// fetched.
func (s *Source) resolve(ctx context.Context, key watch.Key, a *application, t *tracked, p progress) (*rendered, error) {
	for _, known := range t.rendered {
		if p.newest.IsZero() && a.hydrator == nil && known.namespace == a.namespace && known.of.equal(p.state) {
			return known, nil
		}
	}
	origins, err := s.origins(ctx, key, a, p)
	if err != nil {
		return nil, err
	}
	r := &rendered{of: p.state, namespace: a.namespace}
	for _, o := range origins {
		r.revisions = append(r.revisions, o.at)
	}
	values, err := s.refValues(ctx, key, origins, p.sources)
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
		r.builds = append(r.builds, sync.Build{Repository: o.at.Repository, Path: o.at.Path, Settings: settings})
		if settings.Application.Inputs != nil || o.isRef() {
			continue // it is part of what is built from it
		}
		digest, err := s.digest(ctx, key, o.at, settings)
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
	t.rendered = append([]*rendered{r}, t.rendered[:min(len(t.rendered), remembered-1)]...)
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
func (s *Source) refValues(ctx context.Context, key watch.Key, origins []origin, all []source) (map[string]string, error) {
	values := map[string]string{}
	for _, o := range origins {
		if o.Ref == "" {
			continue
		}
		for _, name := range refPaths(o.Ref, all) {
			tree, err := s.tree(ctx, key, o.at.URL, o.at.Commit)
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

// digest is that of what a Revision renders, empty where it does not build here.
func (s *Source) digest(ctx context.Context, key watch.Key, at sync.Revision, settings render.Settings) (string, error) {
	tree, err := s.tree(ctx, key, at.URL, at.Commit)
	if err != nil {
		return "", err
	}
	select {
	case s.builds <- struct{}{}:
		defer func() { <-s.builds }()
	case <-ctx.Done():
		return "", fmt.Errorf("waiting to build: %w", context.Cause(ctx))
	}
	rendering, err := s.builder.Build(ctx, tree, at.Path, settings)
	var refusal *render.Error
	switch {
	case errors.As(err, &refusal):
		return "", nil
	case err != nil:
		return "", err
	}
	return rendering.Digest, nil
}

// tree is that of a commit.
func (s *Source) tree(ctx context.Context, key watch.Key, url, id string) (*git.TreeFS, error) {
	mirror, err := s.mirrors.Mirror(url)
	if err != nil {
		return nil, err
	}
	hash, err := git.ParseHash(id)
	if err != nil {
		return nil, fmt.Errorf("commit %q of %s: %w", id, url, err)
	}
	commit, err := s.fetches.Commit(ctx, mirror, url, hash, key)
	if err != nil {
		return nil, err
	}
	return git.FS(ctx, mirror.Repository(), commit.Tree), nil
}
