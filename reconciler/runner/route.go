package runner

import (
	"context"
	"errors"

	"github.com/assay-dev/assay/sources/tests"
)

// Routes are a Runner made of those for the kinds of Suites: each Job goes to the one for its Suite. One that is nil is not to be had here.
// A Job that none can run is NotStarted, and the reason says what is missing.
type Routes struct {
	// Process runs commands on this machine, and Pods in a cluster.
	Process, Pods Runner
	// Resource runs custom resources.
	Resource Runner
	// InPods says of a command, where both can run it, that it runs in a pod. Default: all do.
	InPods func(job Job) bool
}

var _ Runner = Routes{}

// Run gives the Job to its Runner.
func (r Routes) Run(ctx context.Context, job Job) (Result, error) {
	chosen, missing := r.choose(job)
	if missing != "" {
		return Result{End: NotStarted, ExitCode: -1, Reason: missing}, nil
	}
	return chosen.Run(ctx, job)
}

// choose returns the Runner of a Job, or what is missing to run it.
func (r Routes) choose(job Job) (chosen Runner, missing string) {
	spec := job.Suite.Spec
	switch {
	case spec.Resource != nil && r.Resource == nil:
		return nil, "the Suite is a custom resource, which needs an Assay in a cluster"
	case spec.Resource != nil:
		return r.Resource, ""
	case r.Pods != nil && (r.Process == nil || r.InPods == nil || r.InPods(job)):
		return r.Pods, ""
	case len(spec.Services) > 0:
		return nil, "the Suite has services (" + names(spec.Services) + "), which only runs in a cluster have"
	case r.Process == nil:
		return nil, "the Suite is a command, and commands are not run here"
	}
	return r.Process, ""
}

func names(services []tests.Service) string {
	text := services[0].Name
	for _, service := range services[1:] {
		text += ", " + service.Name
	}
	return text
}

func (r Routes) all() []Runner {
	var all []Runner
	for _, one := range []Runner{r.Process, r.Pods, r.Resource} {
		if one != nil {
			all = append(all, one)
		}
	}
	return all
}

// Forget removes what a Run left, whichever Runner it had: after a restart nobody knows.
func (r Routes) Forget(ctx context.Context, id string) error {
	var failures []error
	for _, one := range r.all() {
		failures = append(failures, one.Forget(ctx, id))
	}
	return errors.Join(failures...)
}

// Recover recovers all Runners.
func (r Routes) Recover(ctx context.Context) error {
	var failures []error
	for _, one := range r.all() {
		failures = append(failures, one.Recover(ctx))
	}
	return errors.Join(failures...)
}

// Isolation is that of all Runners; runs are isolated where those of each are.
func (r Routes) Isolation() (text string, isolated bool) {
	isolated = true
	for _, one := range r.all() {
		part, apart := one.Isolation()
		if text != "" {
			text += "; "
		}
		text, isolated = text+part, isolated && apart
	}
	return text, isolated
}
