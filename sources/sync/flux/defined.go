package flux

import (
	"context"
	"errors"
	"fmt"

	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// Defined implements syncs.Definitions for Kustomizations of a GitRepository. Whatever else is built, a manifest alone does not tell.
func (s *Source) Defined(ctx context.Context, t syncs.Target, object *render.Object) (told syncs.Build, err error) {
	if t.Kind != KindKustomization || t.Cluster != s.options.Cluster {
		return told, fmt.Errorf("%s is no Kustomization of this cluster", t)
	}
	var manifest unstructured.Unstructured
	if err := object.Decode(&manifest); err != nil {
		return told, err
	}
	manifest.SetNamespace(t.Namespace) // a manifest may leave it to who applies it
	k := trimKustomization(&manifest)
	switch {
	case k.invalid != "":
		return told, errors.New(k.invalid)
	case k.source().kind != sourcev1.GitRepositoryKind:
		return told, fmt.Errorf("its source %s is no GitRepository", k.source())
	}
	key := watch.Key{Namespace: t.Namespace, Name: t.Name}
	if live, found := s.kustomizations.Get(key); !found || live.source() != k.source() {
		return told, fmt.Errorf("its source %s is not the one that it has in the cluster", k.source())
	}
	from, reason := s.source(k.source())
	if reason != "" {
		return told, errors.New(reason)
	}
	o, reason := s.origin(k, from.revision, from.originRevision)
	switch {
	case reason != "":
		return told, errors.New(reason)
	case len(o.revisions) != 1 || o.folders != nil:
		return told, fmt.Errorf("its source %s includes others", k.source())
	}
	told = syncs.Build{Repository: o.revisions[0].Repository, Path: o.revisions[0].Path, Settings: k.settings()}
	told.Settings.Ignore, told.Settings.Unknown = o.ignore, o.unknown
	return told, s.complete(ctx, k, &told.Settings)
}
