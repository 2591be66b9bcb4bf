package argo

import (
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/track"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// Options are how Argo CD is looked at.
type Options struct {
	// Cluster is the operator's name for the cluster.
	Cluster string
	// Labels is a label selector for Applications; empty for all.
	Labels string
	// Namespace is Argo CD's own, where its credentials are, and where Applications lie that are named without a namespace.
	Namespace string
	// KubeVersion and APIVersions are what charts are told of the cluster, as Argo CD tells them.
	KubeVersion string
	APIVersions []string
	// Rollout is asked before a Sync is finished; nil to take Argo CD's word.
	Rollout track.Rollout
}

// Source is the Source of Argo CD's Applications. It is safe for concurrent use.
type Source struct {
	track.Source // the tracker's

	tracker *track.Tracker[remembered]
	options Options
	objects dynamic.Interface
	mirrors *git.Mirrors
	clock   clock.PassiveClock
	refs    *references

	applications *watch.Kind[*application]
	sets         *watch.Kind[*applicationSet]
}

// look is one at an Application.
type look = track.Look[remembered]

// remembered is what is known of an Application from one look to the next.
type remembered struct {
	last     *syncs.Sync  // that finished
	pending  *syncs.Sync  // that is on its way, since its At
	finished *rendered    // whose workloads were seen to be done
	rendered [2]*rendered // of the states that were looked at last: what is live, and what failed
}

// applicationSet is what is kept of one: who applied it.
type applicationSet struct{ metav1.ObjectMeta }

// IndexKeys has ApplicationSets found by the name of the Application that they hang on.
func (s *applicationSet) IndexKeys() []string { return []string{parentOf(s).Name} }

func trimApplicationSet(u *unstructured.Unstructured) *applicationSet {
	return &applicationSet{watch.Meta(u, trackingID)}
}

// New makes a Source on top of what is followed in a cluster. Objects reads the credentials that Argo CD has.
func New(
	cluster *watch.Cluster, objects dynamic.Interface, mirrors *git.Mirrors, builder *render.Builder, clock clock.PassiveClock, options Options,
) *Source {
	s := &Source{options: options, objects: objects, mirrors: mirrors, clock: clock, refs: newReferences(clock)}
	s.tracker = track.New[remembered](track.Options{
		Cluster: options.Cluster, Mirrors: mirrors, Builder: builder, Clock: clock, Rollout: options.Rollout,
		Missing: s.missing, Synced: s.lookAtChildren,
	})
	s.Source = s.tracker
	s.applications = watch.Follow(
		cluster, applicationResource, watch.Selection{Labels: options.Labels}, trimApplication, s.tracker.Note(KindApplication),
	)
	users := s.tracker.Notify(func(set watch.Key) { s.lookAtUsersOf("set/" + set.String()) })
	s.sets = watch.Follow(cluster, applicationSetResource, watch.Selection{}, trimApplicationSet, users)
	s.tracker.Open(track.Of(KindApplication, s.applications, s.lookAt))
	return s
}

// missing is why some Applications may not be known. What is seen of one says by itself where it may be old.
func (s *Source) missing() error {
	if reason := s.applications.Reason(); reason != "" && !s.applications.Synced() {
		return errors.New(reason)
	}
	return nil
}
