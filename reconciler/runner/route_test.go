package runner_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

// station is a Runner that says its name.
type station struct {
	name     string
	isolated bool
	calls    []string
}

func (s *station) Run(context.Context, runner.Job) (runner.Result, error) {
	return runner.Result{End: runner.Exited, Reason: s.name}, nil
}

func (s *station) Forget(_ context.Context, id string) error {
	s.calls = append(s.calls, "forget "+id)
	return nil
}

func (s *station) Recover(context.Context) error {
	s.calls = append(s.calls, "recover")
	return errors.New(s.name + " is away")
}

func (s *station) Isolation() (string, bool) { return s.name + " keeps them apart", s.isolated }

func TestRoute(t *testing.T) {
	process, pods, resource := &station{name: "process"}, &station{name: "pods", isolated: true}, &station{name: "resource", isolated: true}
	command := tests.SuiteSpec{Script: "exit 0"}
	beside := tests.SuiteSpec{Script: "exit 0", Services: []tests.Service{{Name: "db", Image: "postgres"}, {Name: "mq", Path: "mq"}}}
	custom := tests.SuiteSpec{Resource: &tests.Resource{File: "a.yaml"}}
	no := func(runner.Job) bool { return false }
	for name, test := range map[string]struct {
		routes runner.Routes
		spec   tests.SuiteSpec
		want   string
		end    runner.End
	}{
		"a command without a cluster":         {runner.Routes{Process: process}, command, "process", runner.Exited},
		"a command in a cluster":              {runner.Routes{Process: process, Pods: pods}, command, "pods", runner.Exited},
		"a command that shall stay here":      {runner.Routes{Process: process, Pods: pods, InPods: no}, command, "process", runner.Exited},
		"a command that can only run in pods": {runner.Routes{Pods: pods, InPods: no}, command, "pods", runner.Exited},
		"a resource":                          {runner.Routes{Process: process, Resource: resource}, custom, "resource", runner.Exited},
		"a resource without a cluster":        {runner.Routes{Process: process}, custom, "the Suite is a custom resource, which needs an Assay in a cluster", runner.NotStarted},
		"a command where none is run":         {runner.Routes{Resource: resource}, command, "the Suite is a command, and commands are not run here", runner.NotStarted},
		"services in a cluster":               {runner.Routes{Process: process, Pods: pods}, beside, "pods", runner.Exited},
		"services without one":                {runner.Routes{Process: process}, beside, "the Suite has services (db, mq), which only runs in a cluster have", runner.NotStarted},
	} {
		result, err := test.routes.Run(t.Context(), runner.Job{Suite: &tests.Suite{Spec: test.spec}})
		require.NoError(t, err, name)
		require.Equal(t, test.want, result.Reason, name)
		require.Equal(t, test.end, result.End, name)
	}

	all := runner.Routes{Process: process, Resource: resource}
	require.NoError(t, all.Forget(t.Context(), "run-1"))
	require.EqualError(t, all.Recover(t.Context()), "process is away\nresource is away", "one does not keep the other from it")
	for _, one := range []*station{process, resource} {
		require.Equal(t, []string{"forget run-1", "recover"}, one.calls)
	}
	text, isolated := all.Isolation()
	require.Equal(t, "process keeps them apart; resource keeps them apart", text)
	require.False(t, isolated, "as well as the worst of them")
}
