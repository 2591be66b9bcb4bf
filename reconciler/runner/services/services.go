package services

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/restmapper"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
	"github.com/assay-dev/assay/sources/tests"
)

// Runner runs Jobs with their services.
type Runner struct {
	runner.Runner
	options Options
	mapper  *restmapper.DeferredDiscoveryRESTMapper

	mu   sync.Mutex
	made map[string]types.UID // of the namespaces of Runs that were asked for; empty until it was seen
}

var _ runner.Runner = (*Runner)(nil)

// New gives the Jobs of a Runner their services.
func New(inner runner.Runner, options Options) (*Runner, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Runner{
		Runner: inner, options: options, mapper: restmapper.NewDeferredDiscoveryRESTMapper(options.Discovery), made: map[string]types.UID{},
	}, nil
}

// Run brings the services of the Job up, runs it, and takes them down. A Job whose services do not come up is NotStarted.
func (r *Runner) Run(ctx context.Context, job runner.Job) (runner.Result, error) {
	job = with(containersOf(job.Suite), job)
	if !slices.ContainsFunc(job.Suite.Spec.Services, isFolder) {
		return r.Runner.Run(ctx, job)
	}
	result, err := r.run(ctx, job)
	if errors.Is(context.Cause(ctx), runner.ErrStopping) {
		return result, err // the Run may go on without this Assay, and needs them; the next one takes them down
	}
	if down := r.takeDown(ctx, job.ID); down != nil {
		result.Notes = append(result.Notes, down.Error()+"; it is tried again when the run is forgotten")
	}
	return result, err
}

func isFolder(s tests.Service) bool { return s.Path != "" }

func (r *Runner) run(ctx context.Context, job runner.Job) (runner.Result, error) {
	uid, addresses, err := r.bringUp(ctx, job)
	switch {
	case errors.As(err, new(*runner.Refusal)):
		return runner.Result{End: runner.NotStarted, ExitCode: -1, Reason: "services: " + err.Error()}, nil
	case err != nil && ctx.Err() != nil:
		return runner.Result{End: runner.Cancelled, ExitCode: -1, Reason: "cancelled before its services were ready"}, nil
	case err != nil:
		return runner.Result{}, fmt.Errorf("services of run %s: %w", job.ID, err)
	}
	result, err := r.Runner.Run(ctx, with(addresses, job))
	if err != nil || result.End != runner.Exited && result.End != runner.TimedOut {
		return result, err
	}
	if err := r.kept(ctx, job.ID, uid); errors.As(err, new(*runner.Refusal)) {
		result.End, result.ExitCode, result.Reason = runner.Killed, -1, err.Error()
	} else if err != nil {
		return runner.Result{}, fmt.Errorf("services of run %s: %w", job.ID, err)
	}
	return result, nil
}

// containersOf are the variables that say where the services are that share the Run's pod.
func containersOf(suite *tests.Suite) map[string]string {
	addresses := map[string]string{}
	for _, service := range suite.Spec.Services {
		if service.Image != "" && len(service.Ports) > 0 {
			addresses[tests.ServiceVariable(service.Name)] = fmt.Sprintf("localhost:%d", service.Ports[0])
		}
	}
	return addresses
}

// with is the Job with further variables.
func with(variables map[string]string, job runner.Job) runner.Job {
	env := maps.Clone(variables)
	maps.Copy(env, job.Env)
	job.Env = env
	return job
}

// bringUp makes the namespace, creates in it what the folders render, and waits until all of that is ready. It returns the UID of the
// namespace, and the variables that say where things are.
func (r *Runner) bringUp(ctx context.Context, job runner.Job) (uid types.UID, addresses map[string]string, err error) {
	rendered, err := r.render(ctx, job)
	if err != nil {
		return "", nil, err
	}
	making, cancel := context.WithTimeout(ctx, cluster.Patience)
	defer cancel()
	if uid, err = r.makeNamespace(making, job); err != nil {
		return "", nil, err
	}
	addresses = map[string]string{"ASSAY_SERVICES_NAMESPACE": namespaceOf(job.ID), cluster.ServicesUID: string(uid)}
	began := time.Now()
	for _, folder := range rendered {
		if err := r.createAll(making, folder); err != nil {
			return "", nil, err
		}
		maps.Copy(addresses, folder.addresses())
	}
	for _, folder := range rendered {
		if err := r.awaitReady(ctx, folder, began); err != nil {
			return "", nil, err
		}
	}
	return uid, addresses, nil
}

// downTime is how long the deletion of a namespace is tried, and to look at it when the Run has ended.
const downTime = 30 * time.Second

// takeDown deletes the namespace of a Run, also when ctx has ended. The cluster goes on with it on its own.
func (r *Runner) takeDown(ctx context.Context, id string) error {
	r.mu.Lock()
	uid, made := r.made[id]
	r.mu.Unlock()
	if !made {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTime)
	defer cancel()
	if err := r.deleteNamespace(ctx, id, uid); err != nil {
		return err
	}
	r.forget(id)
	return nil
}

func (r *Runner) forget(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.made, id)
}

// Forget removes what a Run left, and its namespace if that is still there.
func (r *Runner) Forget(ctx context.Context, id string) error {
	return errors.Join(r.takeDown(ctx, id), r.Runner.Forget(ctx, id))
}

// Recover also finds the namespaces that an earlier Assay left. A Run that is asked for again adopts its own; what nobody has asked for
// within the time for orphans is deleted then, unless ctx ends before.
func (r *Runner) Recover(ctx context.Context) error {
	left, err := r.leftNamespaces(ctx)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		orphans := cluster.Orphans{What: "a namespace of services", After: r.options.Orphan, Asked: r.asked, Log: r.options.Log}
		go orphans.Sweep(ctx, left)
	}
	return r.Runner.Recover(ctx)
}

func (r *Runner) asked(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, asked := r.made[id]
	return asked
}

func (r *Runner) remember(id string, uid types.UID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.made[id] = uid
}
