package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/process"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
)

// introduce says who and what there is, and has the Go tests compiled once, so that the story need not wait for that.
func (s *story) introduce(ctx context.Context) (err error) {
	s.heading("Once upon a time")
	s.say(cyan, ">", "A shop of two services runs here: catalog and checkout. Its configuration and its tests lie in Git, in %s", s.dir)
	options := s.settings.process()
	options.Dir = s.settings.runnerDir()
	r, err := process.New(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	text, isolated := r.Isolation()
	style := green
	if !isolated {
		style = yellow
	}
	s.say(style, "!", "%s", text)
	set, tree, err := s.loadTests(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tree.Close()) }()
	for _, suite := range set.Suites {
		if isGoTest(suite) {
			if err := s.compile(ctx, r, suite, tree); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *story) loadTests(ctx context.Context) (*tests.Set, *render.Directory, error) {
	tree, err := render.OpenDirectory(s.tests.dir)
	if err != nil {
		return nil, nil, err
	}
	set, err := tests.Load(ctx, render.NewBuilder(nil), tree, s.settings.Overlay, tests.Options{CheckExpr: gate.Check})
	if err != nil {
		return nil, nil, errors.Join(err, tree.Close())
	}
	return set, tree, nil
}

func isGoTest(suite *tests.Suite) bool { return strings.Contains(suite.Spec.Script, "go test ") }

// compile runs a Go suite without any of its tests: what it compiles stays in the environment's cache.
func (s *story) compile(ctx context.Context, r runner.Runner, suite *tests.Suite, tree *render.Directory) error {
	s.say(dim, " ", "Compiling the Go tests of suite %s once (what they import takes a while the first time)", suite.Name())
	nothing := *suite
	nothing.Spec.Env = append(slices.Clone(suite.Spec.Env), tests.EnvVar{Name: "GOFLAGS", Value: "-run=^$"})
	job := runner.Job{ID: "compile-" + suite.Name(), Environment: s.options.Environment, Suite: &nothing, Files: tree, Shards: 1}
	result, err := r.Run(ctx, job)
	if err != nil {
		return err
	}
	if result.End != runner.Exited || result.ExitCode != 0 {
		return fmt.Errorf("compile suite %s: %s %s\n%s", suite.Name(), result.End, result.Reason, result.Output)
	}
	return r.Forget(ctx, job.ID)
}
