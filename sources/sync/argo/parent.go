package argo

import (
	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/track"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// lookAtUsersOf has the Applications looked at that hang on something.
func (s *Source) lookAtUsersOf(indexKey string) {
	for _, a := range s.applications.With(indexKey) {
		s.tracker.LookAt(track.ItemOf(KindApplication, a))
	}
}

// lookAtChildren has the Applications looked at that another one applied, by itself or by an ApplicationSet.
func (s *Source) lookAtChildren(parent track.Item) {
	s.lookAtUsersOf(parent.Key.Name)
	for _, set := range s.sets.With(parent.Key.Name) {
		s.lookAtUsersOf("set/" + watch.KeyOf(set).String())
	}
}

// definition is where an Application is written, when another one applied it, or the ApplicationSet that makes it.
func (s *Source) definition(a *application) *syncs.Definition {
	parent, written := parentOf(a), render.ObjectRef{Group: applicationResource.Group, Kind: KindApplication, Namespace: a.Namespace, Name: a.Name}
	if owner := a.owner(); owner != "" {
		set, found := s.sets.Get(watch.Key{Namespace: a.Namespace, Name: owner})
		if !found {
			return nil
		}
		parent, written.Kind, written.Name = parentOf(set), "ApplicationSet", owner
	}
	if parent.Namespace == "" {
		parent.Namespace = s.options.Namespace
	}
	by, known := s.tracker.State(track.Item{Kind: KindApplication, Key: parent})
	if !known || by.Sync == nil || len(by.Sync.Revisions) == 0 || parent == watch.KeyOf(a) {
		return nil
	}
	d := &syncs.Definition{By: by.Target, Revision: by.Sync.Revisions[0]}
	d.Build = by.BuildOf(d.Revision)
	d.Build.Only = []render.ObjectRef{written}
	return d
}
