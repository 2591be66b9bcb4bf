package flux

import (
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"

	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/track"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// lookAtChildren has what a Kustomization applied looked at.
func (s *Source) lookAtChildren(parent track.Item) {
	if parent.Kind != KindKustomization {
		return
	}
	for _, k := range s.kustomizations.With(appliedBy(parent.Key)) {
		s.tracker.LookAt(track.ItemOf(KindKustomization, k))
	}
	for _, r := range s.releases.With(appliedBy(parent.Key)) {
		s.tracker.LookAt(track.ItemOf(KindHelmRelease, r))
	}
}

// definition is where a Kustomization that another one applied is written.
func (s *Source) definition(i track.Item, parent watch.Key) *syncs.Definition {
	by, known := s.tracker.State(track.Item{Kind: KindKustomization, Key: parent})
	if !known || by.Sync == nil || len(by.Sync.Revisions) != 1 || parent == i.Key {
		return nil
	}
	build := by.Build
	build.Only = []render.ObjectRef{{Group: kustomizev1.GroupVersion.Group, Kind: i.Kind, Namespace: i.Key.Namespace, Name: i.Key.Name}}
	return &syncs.Definition{By: by.Target, Revision: by.Sync.Revisions[0], Build: build}
}
