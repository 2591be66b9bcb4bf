package flux

import (
	"errors"
	"time"

	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/track"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// Options are how Flux is looked at.
type Options struct {
	// Cluster is the operator's name for the cluster.
	Cluster string
	// Labels is a label selector for Kustomizations and HelmReleases; empty for all.
	Labels string
	// NoCrossNamespaceRefs is that flag of Flux's controllers: sources are in the namespace of what refers to them.
	NoCrossNamespaceRefs bool
	// Rollout is asked before a Sync is finished; nil to take Flux's word.
	Rollout track.Rollout
}

// Source is the Source of Flux's Kustomizations and HelmReleases. It is safe for concurrent use.
type Source struct {
	track.Source // the tracker's

	tracker *track.Tracker[remembered]
	options Options
	objects dynamic.Interface
	clock   clock.PassiveClock

	kustomizations *watch.Kind[*kustomization]
	releases       *watch.Kind[*helmRelease]
	sources        map[string]*watch.Kind[*source]
}

// look is one at a Kustomization or HelmRelease.
type look = track.Look[remembered]

// remembered is what is known of a Target from one look to the next.
type remembered struct {
	last     *syncs.Sync // that finished
	pending  attempt     // that is on its way, and since when
	since    time.Time
	finished attempt // whose workloads were seen to be done
	failed   attempt
	rendered *rendered
}

// attempt identifies what Flux tries to bring about: a revision, under a generation of the spec.
type attempt struct {
	revision, origin string
	generation       int64
}

// New makes a Source on top of what is followed in a cluster. Objects reads single ConfigMaps and Secrets.
func New(
	cluster *watch.Cluster, objects dynamic.Interface, mirrors *git.Mirrors, builder *render.Builder, clock clock.PassiveClock, options Options,
) *Source {
	s := &Source{options: options, objects: objects, clock: clock, sources: map[string]*watch.Kind[*source]{}}
	s.tracker = track.New[remembered](track.Options{
		Cluster: options.Cluster, Mirrors: mirrors, Builder: builder, Clock: clock, Rollout: options.Rollout,
		Missing: s.missing, Synced: s.lookAtChildren,
	})
	s.Source = s.tracker
	selection := watch.Selection{Labels: options.Labels}
	s.kustomizations = watch.Follow(cluster, kustomizationResource, selection, trimKustomization, s.tracker.Note(KindKustomization))
	s.releases = watch.Follow(cluster, helmReleaseResource, selection, trimHelmRelease, s.tracker.Note(KindHelmRelease))
	for kind, resource := range sourceResources {
		users := s.tracker.Notify(func(key watch.Key) { s.lookAtUsersOf(sourceKey{kind, key}) })
		s.sources[kind] = watch.Follow(cluster, resource, watch.Selection{}, trims[kind], users)
	}
	s.tracker.Open(
		track.Of(KindKustomization, s.kustomizations, s.lookAtKustomization),
		track.Of(KindHelmRelease, s.releases, s.lookAtRelease),
	)
	return s
}

func (s *Source) missing() error { return errors.Join(missing(s.kustomizations), missing(s.releases)) }

// missing is why some of a kind may not be known.
func missing[T metav1.Object](kind *watch.Kind[T]) error {
	if reason := kind.Reason(); reason != "" && !kind.Absent() {
		return errors.New(reason)
	}
	return nil
}

// lookAtUsersOf has the Targets looked at that are made of a source, directly or by way of an ExternalArtifact.
func (s *Source) lookAtUsersOf(changed sourceKey) {
	users := []sourceKey{changed}
	for _, artifact := range s.sources[sourcev1.ExternalArtifactKind].With(changed.String()) {
		users = append(users, referredTo(sourcev1.ExternalArtifactKind, artifact.Namespace, artifact.Name, ""))
	}
	for _, source := range users {
		for _, k := range s.kustomizations.With(source.String()) {
			s.tracker.LookAt(track.ItemOf(KindKustomization, k))
		}
	}
}
