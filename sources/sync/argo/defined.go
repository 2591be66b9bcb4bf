package argo

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// Defined implements syncs.Definitions for Applications of one source in Git. What an ApplicationSet makes, its manifest does not tell,
// nor does that of an Application of several sources tell what they give each other.
func (s *Source) Defined(_ context.Context, t syncs.Target, object *render.Object) (told syncs.Build, err error) {
	if t.Kind != KindApplication || t.Cluster != s.options.Cluster {
		return told, fmt.Errorf("%s is no Application of this Argo CD", t)
	}
	if object.Kind != KindApplication {
		return told, fmt.Errorf("what the %s makes is not known", object.Kind)
	}
	var manifest unstructured.Unstructured
	if err := object.Decode(&manifest); err != nil {
		return told, err
	}
	manifest.SetNamespace(t.Namespace) // a manifest may leave it to who applies it
	live, found := s.applications.Get(watch.Key{Namespace: t.Namespace, Name: t.Name})
	if !found {
		return told, fmt.Errorf("%s is not in the cluster", t)
	}
	a := trimApplication(&manifest)
	if a.invalid != "" {
		return told, errors.New(a.invalid)
	}
	if a.hydrator != nil || len(a.sources) != 1 || len(live.sources) != 1 || a.sources[0].Chart != "" {
		return told, errors.New("it has other sources than one folder in Git")
	}
	from, now := a.sources[0], live.sources[0]
	if from.RepoURL != now.RepoURL || from.TargetRevision != now.TargetRevision {
		return told, fmt.Errorf("its source %s %s is not the one that it has in the cluster", from.RepoURL, from.TargetRevision)
	}
	if slices.ContainsFunc(from.files(), func(name string) bool { return strings.HasPrefix(name, "$") }) {
		return told, errors.New("it takes files of other sources")
	}
	a.instance = live.instance // which the status tells
	at := syncs.Revision{Repository: git.Normalize(from.RepoURL), URL: from.RepoURL, Path: "."}
	if from.Path != "" {
		at.Path = path.Clean(from.Path)
	}
	return syncs.Build{Repository: at.Repository, Path: at.Path, Settings: s.settings(a, origin{from, at}, a.sources, nil)}, nil
}
