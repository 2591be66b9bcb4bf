package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/reconciler/events"
	runners "github.com/assay-dev/assay/reconciler/runner/cluster"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/argo"
	"github.com/assay-dev/assay/sources/sync/flux"
	"github.com/assay-dev/assay/sources/sync/rollout"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// Cluster is the one whose Targets are followed and in which Suites run.
type Cluster struct {
	Config *rest.Config
	// Name that its Targets have.
	Name string
	// Namespaces that are looked at; none is all. ArgoNamespace is Argo CD's own.
	Namespaces    []string
	ArgoNamespace string
	// NoCrossNamespaceRefs is Flux's flag of that name.
	NoCrossNamespaceRefs bool
	// Events has the loop's announcements written about Targets, and Annotate an annotation too.
	Events, Annotate bool
	// Instance is this replica, such as the pod's name.
	Instance string
	// Pods says how Suites run as pods.
	Pods Pods
	// CountEvent is told what became of each Kubernetes Event.
	CountEvent func(result string)
}

// cluster is what Assay knows of one, and the clients that it is asked with.
type cluster struct {
	typed     kubernetes.Interface
	objects   dynamic.Interface
	discovery discovery.CachedDiscoveryInterface
	events    *events.Writer

	watched  *watch.Cluster
	watching atomic.Bool // this replica is the one that does
	flux     *flux.Source
	argo     *argo.Source
	shared   []*syncs.Shared
}

// Patience is how long an API server that is away is waited for at start: less than what the manifests give Assay to get up.
const Patience = 100 * time.Second

// openCluster makes the clients, and says what is followed. Only the cluster's version is asked for; the rest once it runs.
func openCluster(ctx context.Context, c *Cluster, mirrors *git.Mirrors, builder *render.Builder, log *slog.Logger) (*cluster, error) {
	typed, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	objects, err := dynamic.NewForConfig(c.Config)
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	about, err := metadata.NewForConfig(c.Config)
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	o := &cluster{
		typed: typed, objects: objects, discovery: memory.NewMemCacheClient(typed.Discovery()), watched: watch.New(objects, about, c.Namespaces...),
	}
	if c.Events {
		o.events = events.New(events.Options{
			Events: typed.EventsV1(), Metadata: about, Cluster: c.Name, Instance: c.Instance, Annotate: c.Annotate,
			Clock: clock.RealClock{}, Log: log, Count: c.CountEvent,
		})
	}
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	var version string
	var served []string
	err = runners.Patiently(ctx, func() (err error) {
		version, served, err = apis(o.discovery)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("cluster: ask for its version, which charts may depend on: %w", err)
	}
	rolled := rollout.New(o.watched, about, restmapper.NewDeferredDiscoveryRESTMapper(o.discovery), clock.RealClock{})
	o.flux = flux.New(o.watched, objects, mirrors, builder, clock.RealClock{}, flux.Options{
		Cluster: c.Name, NoCrossNamespaceRefs: c.NoCrossNamespaceRefs, Rollout: rolled.View(),
	})
	o.argo = argo.New(o.watched, objects, mirrors, builder, clock.RealClock{}, argo.Options{
		Cluster: c.Name, Namespace: c.ArgoNamespace, Rollout: rolled.View(), KubeVersion: version, APIVersions: served,
	})
	o.shared = []*syncs.Shared{syncs.Share(o.flux), syncs.Share(o.argo)}
	return o, nil
}

// apis are the version of the cluster and of all that it serves, sorted: as Argo CD tells charts. Groups whose server is away are left out.
func apis(cluster discovery.DiscoveryInterface) (version string, versions []string, err error) {
	server, err := cluster.ServerVersion()
	if err != nil {
		return "", nil, err
	}
	_, lists, err := cluster.ServerGroupsAndResources()
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) {
		return "", nil, err
	}
	for _, list := range lists {
		versions = append(versions, list.GroupVersion)
		for _, resource := range list.APIResources {
			if !strings.Contains(resource.Name, "/") { // no subresource
				versions = append(versions, list.GroupVersion+"/"+resource.Kind)
			}
		}
	}
	slices.Sort(versions)
	return server.GitVersion, slices.Compact(versions), nil
}

// sources are the parts of the Targets that an Environment may see.
func (o *cluster) sources(rule syncs.Rule) (all []syncs.Source) {
	for _, one := range o.shared {
		all = append(all, one.Allowed(rule))
	}
	return all
}

// run watches the cluster until ctx ends.
func (o *cluster) run(ctx context.Context) {
	o.watching.Store(true)
	defer o.watching.Store(false)
	var wait sync.WaitGroup
	wait.Go(func() { o.watched.Run(ctx) })
	wait.Go(func() { o.flux.Run(ctx) })
	wait.Go(func() { o.argo.Run(ctx) })
	for _, one := range o.shared {
		wait.Go(func() { one.Run(ctx) })
	}
	if o.events != nil {
		wait.Go(func() { o.events.Run(ctx) })
	}
	wait.Wait()
}

// authTime is how long opening a repository may wait for its credentials.
const authTime = 10 * time.Second

// auth is what the engines of the cluster read a repository with, asked for anew each time: whoever rotates it does so in one place. Over
// SSH it is what there was when the repository was opened.
func (o *cluster) auth(repository string) git.Auth {
	ctx, cancel := context.WithTimeout(context.Background(), authTime)
	defer cancel()
	ask := func(ctx context.Context) (git.Auth, error) {
		found, err := o.flux.Auth(ctx, repository)
		if errors.Is(err, flux.ErrNoAuth) {
			found, err = o.argo.Auth(ctx, repository)
		}
		if errors.Is(err, argo.ErrNoAuth) {
			return git.Auth{}, nil // it may be open to everybody
		}
		return found, err
	}
	first, err := ask(ctx)
	if err != nil {
		first = git.Auth{} // the error is told by the first exchange
	}
	first.Renew = ask
	return first
}
