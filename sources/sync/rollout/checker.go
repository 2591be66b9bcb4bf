package rollout

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/metadata"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/sources/sync/watch"
)

// Checker follows workloads and says whether the newest version of them alone is serving. It is safe for concurrent use.
type Checker struct {
	cluster *watch.Cluster
	live    metadata.Interface
	mapper  meta.RESTMapper
	clock   clock.WithDelayedExecution
	changed chan struct{}
	views   views

	// What is followed, from the first call on.
	pods     func() *watch.Kind[*pod]
	sets     func() *watch.Kind[*replicaSet]
	canaries func() *watch.Kind[*canary]

	mu        sync.Mutex
	workloads map[schema.GroupVersionResource]*watch.Kind[*workload]
	confirmed map[Ref]string // resource versions as of which a live reading told nothing newer than what was known
}

// New makes a Checker that follows nothing yet. Live reads single objects past all caches; the mapper says where the API serves custom
// resources, and without one they are passed over.
func New(cluster *watch.Cluster, live metadata.Interface, mapper meta.RESTMapper, clock clock.WithDelayedExecution) *Checker {
	c := &Checker{
		cluster: cluster, live: live, mapper: mapper, clock: clock, changed: make(chan struct{}, 1),
		workloads: map[schema.GroupVersionResource]*watch.Kind[*workload]{}, confirmed: map[Ref]string{},
	}
	c.pods = sync.OnceValue(func() *watch.Kind[*pod] { return follow(c, resources[barePods], podOf) })
	c.sets = sync.OnceValue(func() *watch.Kind[*replicaSet] { return follow(c, resources[replicaSets], replicaSetOf) })
	c.canaries = sync.OnceValue(func() *watch.Kind[*canary] { return follow(c, resources[canaries], canaryOf) })
	return c
}

// Changed receives a value, without blocking the Checker, when Finished may say something else than before.
func (c *Checker) Changed() <-chan struct{} { return c.changed }

func (c *Checker) signal() {
	tell(c.changed)
	c.views.tell()
}

func tell(changed chan<- struct{}) {
	select {
	case changed <- struct{}{}:
	default:
	}
}

// Finished says how far the rollout of everything in an inventory is. After is the resource version of the object that says that it was
// applied: what is known of a workload counts only if it is not older than that. Empty means that this need not be asked. An error says
// that it cannot be known now; Changed tells when that may be over.
func (c *Checker) Finished(ctx context.Context, refs []Ref, after string) (Result, error) {
	all := Result{State: Done}
	for _, ref := range refs {
		one, err := c.finished(ctx, ref, after)
		if err != nil {
			return Result{}, fmt.Errorf("whether %s is rolled out is not known: %w", ref, err)
		}
		all = all.worse(one.of(ref))
	}
	return all, nil
}

func (c *Checker) finished(ctx context.Context, ref Ref, after string) (Result, error) {
	resource, known := resources[ref.groupKind()]
	switch {
	case known && !c.cluster.Watches(ref.Namespace):
		return Result{}, fmt.Errorf("namespace %s is not among those that Assay watches", ref.Namespace)
	case known && ref.groupKind() == barePods:
		return c.barePod(ctx, ref, after)
	case known && ref.groupKind() == canaries:
		return Result{State: Done}, nil // it is judged with its target
	case known:
		return c.workload(ctx, ref, resource, after)
	case !custom(ref.groupKind()) || c.mapper == nil || !c.cluster.Watches(ref.Namespace):
		return Result{State: Done}, nil
	}
	mapping, err := c.mapper.RESTMapping(ref.groupKind(), ref.Version)
	if err != nil {
		return Result{}, err
	}
	if kind := c.kind(ref.groupKind(), mapping.Resource); kind.Forbidden() {
		return Result{State: Done}, nil
	}
	return c.workload(ctx, ref, mapping.Resource, after)
}

func (c *Checker) barePod(ctx context.Context, ref Ref, after string) (Result, error) {
	pods, err := ready(c.pods())
	if err != nil {
		return Result{}, err
	}
	seen := pods.Seen() // before what is read: that may only be newer
	p, found := pods.Get(ref.key())
	if !found {
		return missing, nil
	}
	return c.confirm(ctx, ref, resources[barePods], knownOf(p, found, seen), after, p.says.because(complaints([]*pod{p}, "")))
}

func (c *Checker) workload(ctx context.Context, ref Ref, resource schema.GroupVersionResource, after string) (Result, error) {
	kind, err := ready(c.kind(ref.groupKind(), resource))
	if err != nil {
		return Result{}, err
	}
	seen := kind.Seen() // before what is read: that may only be newer
	w, found := kind.Get(ref.key())
	result := missing
	switch {
	case found:
		if result, err = c.judge(ref, w); err != nil {
			return Result{}, err
		}
	case ref.groupKind() == jobs:
		result = Result{State: Done} // it was applied and is gone: it has ended, and stayed as long as it was to
	}
	return c.confirm(ctx, ref, resource, knownOf(w, found, seen), after, result)
}

var missing = waiting("it is not there")

// judge goes by what a workload says of itself, then by its pods, then by who brings it out.
func (c *Checker) judge(ref Ref, w *workload) (Result, error) {
	result, err := c.byPods(ref, w)
	if err != nil {
		return Result{}, err
	}
	return c.byEngine(ref, w, result)
}

// byPods looks at the pods of a workload one by one, where it has any.
func (c *Checker) byPods(ref Ref, w *workload) (Result, error) {
	if !slices.Contains([]schema.GroupKind{deployments, statefulSets, daemonSets, replicaSets, jobs, rollouts}, ref.groupKind()) {
		return w.says, nil
	}
	following, err := ready(c.pods())
	if err != nil {
		return Result{}, err
	}
	owner := belongsTo(ref.groupKind(), ref.Namespace, ref.Name)
	pods := following.With(owner)
	revision, retiring := w.revision, map[string]bool{}
	if ref.groupKind() == deployments || ref.groupKind() == rollouts {
		sets, err := ready(c.sets())
		if err != nil {
			return Result{}, err
		}
		made := sets.With(owner)
		for _, s := range made {
			retiring[s.hash] = s.retiring
		}
		if ref.groupKind() == deployments {
			revision = hashOf(made, w.revision)
		}
	}
	if w.says.State != Done {
		return w.says.because(complaints(pods, revision)), nil
	}
	switch ref.groupKind() {
	case deployments:
		if revision == "" {
			return waiting("the ReplicaSet of its newest version was not seen yet"), nil
		}
		fallthrough
	case rollouts:
		return left(old(pods, func(p *pod) bool { return p.revision != revision && !retiring[p.revision] })), nil
	case statefulSets:
		result := left(old(pods, func(p *pod) bool { return p.revision != revision && p.ordinal() >= w.spared }))
		if w.onDelete && result.State != Done {
			return onDeleteHeld, nil
		}
		return result, nil
	case daemonSets:
		return leftOfDaemonSet(w, pods), nil
	}
	return w.says, nil
}

// hashOf is the pods' hash of the ReplicaSet that bears a Deployment's revision.
func hashOf(sets []*replicaSet, revision string) string {
	for _, s := range sets {
		if revision != "" && s.revision == revision {
			return s.hash
		}
	}
	return ""
}

func old(pods []*pod, is func(*pod) bool) []*pod {
	return slices.DeleteFunc(slices.Clone(pods), func(p *pod) bool { return p.ended || !is(p) })
}

// leftOfDaemonSet counts, since pods of the newest template may bear an older number where a template came back. The DaemonSet itself says
// that it has enough new ones: what is more than these is old, and so is what goes and bears an older number.
func leftOfDaemonSet(w *workload, pods []*pod) Result {
	outdated := func(p *pod) bool { return p.revision != w.revision }
	if going := old(pods, func(p *pod) bool { return p.going && outdated(p) }); len(going) > 0 {
		return left(going)
	}
	living := old(pods, func(p *pod) bool { return !p.going })
	if int64(len(living)) <= w.most {
		return Result{State: Done}
	}
	if old := old(living, outdated); len(old) > 0 {
		return left(old)
	}
	return waiting("%d pods of it are there and %d should be", len(living), w.most)
}

// byEngine asks whoever brings a workload out besides Kubernetes itself.
func (c *Checker) byEngine(ref Ref, w *workload, result Result) (Result, error) {
	switch ref.groupKind() {
	case rollouts:
		if w.template == "" || result.State != Done {
			return result, nil
		}
		following, err := ready(c.kind(deployments, resources[deployments]))
		if err != nil {
			return Result{}, err
		}
		template, found := following.Get(watch.Key{Namespace: ref.Namespace, Name: w.template})
		if found && w.templateSeen != fmt.Sprint(template.Generation) {
			return waiting("Argo Rollouts has not seen the newest template of Deployment %s yet", w.template), nil
		}
		return result, nil
	case deployments, daemonSets:
		return c.byFlagger(ref, w, result)
	}
	return result, nil
}
