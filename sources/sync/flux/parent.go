package flux

import (
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"

	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/track"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// adopt notes which Kustomization applied a Target, which is looked at again when that one has moved. It returns what is told of it.
func (s *Source) adopt(parent watch.Key, child track.Item) (state syncs.State, known bool) {
	if parent.Name == "" {
		return state, false
	}
	s.mu.Lock()
	if s.children[parent] == nil {
		s.children[parent] = map[track.Item]bool{}
	}
	s.children[parent][child] = true
	s.mu.Unlock()
	return s.tracker.State(track.Item{Kind: KindKustomization, Key: parent})
}

// lookAtChildren has what a Kustomization applied looked at, which adopts it again.
func (s *Source) lookAtChildren(parent track.Item) {
	if parent.Kind != KindKustomization {
		return
	}
	s.mu.Lock()
	children := s.children[parent.Key]
	delete(s.children, parent.Key)
	s.mu.Unlock()
	for child := range children {
		s.tracker.LookAt(child)
	}
}

// definition is where a Kustomization that another one applied is written.
func (s *Source) definition(i track.Item, parent watch.Key) *syncs.Definition {
	by, known := s.adopt(parent, i)
	if !known || by.Sync == nil || len(by.Sync.Revisions) != 1 || parent == i.Key {
		return nil
	}
	build := by.Build
	build.Only = []render.ObjectRef{{Group: kustomizev1.GroupVersion.Group, Kind: i.Kind, Namespace: i.Key.Namespace, Name: i.Key.Name}}
	return &syncs.Definition{By: by.Target, Revision: by.Sync.Revisions[0], Build: build}
}
