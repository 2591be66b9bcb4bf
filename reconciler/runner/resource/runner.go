package resource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
	"github.com/assay-dev/assay/reconciler/runner/resource/condition"
)

// Runner runs Jobs whose Suites are custom resources.
type Runner struct {
	options Options
	mapper  *restmapper.DeferredDiscoveryRESTMapper

	mu      sync.Mutex
	running map[string]bool
	known   map[string]known // of Runs that were asked for
}

var _ runner.Runner = (*Runner)(nil)

// place is where an object of the cluster is.
type place struct {
	resource        schema.GroupVersionResource
	namespace, name string
}

func (p place) String() string {
	return p.resource.GroupResource().String() + " " + p.namespace + "/" + p.name
}

// known is the object of a Run; the UID is empty until it was seen.
type known struct {
	place
	uid types.UID
}

// New returns a Runner. It asks the cluster for nothing yet.
func New(options Options) (*Runner, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Runner{
		options: options, mapper: restmapper.NewDeferredDiscoveryRESTMapper(options.Discovery),
		running: map[string]bool{}, known: map[string]known{},
	}, nil
}

func (r *Runner) at(p place) dynamic.ResourceInterface {
	return r.options.Client.Resource(p.resource).Namespace(p.namespace)
}

// Run creates the resource, or adopts the one that is there under the Run's ID, and waits for its end. An earlier one that
// has ended is its own answer.
func (r *Runner) Run(ctx context.Context, job runner.Job) (runner.Result, error) {
	if err := r.begin(job.ID); err != nil {
		return runner.Result{}, fmt.Errorf("run %s: %w", job.ID, err)
	}
	defer r.end(job.ID)
	result, err := r.run(ctx, job)
	if errors.As(err, new(*runner.Refusal)) {
		return runner.Result{End: runner.NotStarted, ExitCode: -1, Reason: err.Error()}, nil
	}
	if err != nil && ctx.Err() != nil {
		return runner.Result{End: runner.Cancelled, ExitCode: -1, Reason: "cancelled before it started"}, nil
	}
	if err != nil {
		return runner.Result{}, fmt.Errorf("run %s: %w", job.ID, err)
	}
	return result, nil
}

func (r *Runner) begin(id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case id == "":
		return errors.New("it has no ID")
	case r.running[id]:
		return errors.New("it is running")
	}
	r.running[id] = true
	return nil
}

func (r *Runner) end(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.running, id)
}

func (r *Runner) run(ctx context.Context, job runner.Job) (runner.Result, error) {
	if ctx.Err() != nil {
		return runner.Result{}, ctx.Err()
	}
	if job.Suite.Spec.Resource == nil {
		return runner.Result{}, runner.Refuse("the Suite has no resource")
	}
	object, err := r.objectOf(job)
	if err != nil {
		return runner.Result{}, err
	}
	conditions, wrong := condition.Compile(job.Suite.Spec.Resource, object.Object)
	if err := first(wrong); err != nil {
		return runner.Result{}, err
	}
	timeout := cmp.Or(job.Suite.Spec.Timeout.Duration, r.options.DefaultTimeout)
	resource, err := cluster.Locate(ctx, r.mapper, object.GroupVersionKind())
	if err != nil {
		return runner.Result{}, err
	}
	at := place{resource, object.GetNamespace(), object.GetName()}
	asked := time.Now()
	starting, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r.remember(job.ID, known{place: at})
	object, fresh, err := r.create(starting, at, object)
	if err != nil && starting.Err() != nil && ctx.Err() == nil {
		return runner.Result{}, runner.Refuse("%v", err)
	}
	if err != nil {
		return runner.Result{}, err
	}
	r.remember(job.ID, known{at, object.GetUID()})
	if !fresh {
		asked = object.GetCreationTimestamp().Time
	}
	return r.follow(ctx, job, subject{known: known{at, object.GetUID()}, conditions: conditions, asked: asked, deadline: asked.Add(timeout), timeout: timeout})
}

// first is the first of the expressions that cannot be used, in alphabetical order.
func first(wrong map[string]error) error {
	for _, name := range []string{"cases", "failure", "inconclusive", "message", "metrics", "success"} {
		if err := wrong[name]; err != nil {
			return runner.Refuse("spec.resource.%s: %v", name, err)
		}
	}
	return nil
}

// Forget deletes what a Run created.
func (r *Runner) Forget(ctx context.Context, id string) error {
	if err := r.begin(id); err != nil {
		return fmt.Errorf("forget run %s: %w", id, err)
	}
	defer r.end(id)
	r.mu.Lock()
	left, ours := r.known[id]
	r.mu.Unlock()
	if !ours {
		return nil
	}
	if err := r.remove(ctx, id, left); err != nil {
		return fmt.Errorf("forget run %s: %w", id, err)
	}
	r.mu.Lock()
	delete(r.known, id)
	r.mu.Unlock()
	return nil
}

// remove deletes the object of a Run. One that was never seen may be there nevertheless: its creation was asked for.
func (r *Runner) remove(ctx context.Context, id string, left known) error {
	if left.uid == "" {
		var there *unstructured.Unstructured
		err := cluster.Patiently(ctx, func() (err error) {
			there, err = r.at(left.place).Get(ctx, left.name, metav1.GetOptions{})
			return err
		})
		if apierrors.IsNotFound(err) || err == nil && there.GetAnnotations()[cluster.RunID] != id {
			return nil
		}
		if err != nil {
			return err
		}
		left.uid = there.GetUID()
	}
	return r.delete(ctx, left.place, left.uid)
}

func (r *Runner) remember(id string, object known) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[id] = object
}

// Isolation says that such Runs take place elsewhere.
func (r *Runner) Isolation() (text string, isolated bool) {
	return "custom resources are run by their own controllers, in namespace " + strings.Join(r.options.Namespaces.All(), " and "), true
}
