// Package trial runs the tests of an Environment here and now, for a person or a CI job. In go a loaded overlay and what to run of it; out
// comes a Verdict for each Gate, and what happens on the way as Steps. It knows no history: nothing is compared with a baseline, nothing is
// rerun, nothing is blamed, and nothing is written but what the runner needs.
package trial

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

// Trial is what to run, and where.
type Trial struct {
	Environment string
	Set         *tests.Set
	// Files is the tree that the Set was loaded from, at Revision (empty for a working copy).
	Files    fs.FS
	Revision string
	// Gates and Suites are names, as they are rendered or as their files have them. Without Gates, all are judged; with Suites, no Gate is:
	// these Suites must pass.
	Gates, Suites []string
	Runner        runner.Runner
	// Step is told of each Run that begins or ends; it is called from several goroutines.
	Step func(Step)
}

// Step is a Run that begins, or one that has ended.
type Step struct {
	Suite, Variant string
	Result         *runner.Result // nil when it begins
	Report         *report.Report // of one that ended, merged; nil without reports
}

// Results are the Verdicts of the Gates, and what they are about.
type Results struct {
	Environment string    `json:"environment"`
	Revision    string    `json:"revision,omitempty"`
	Gates       []Verdict `json:"gates"`
}

// Verdict is one Gate's; without a name it is of Suites that were asked for by name.
type Verdict struct {
	Gate string `json:"gate,omitempty"`
	gate.Verdict
}

// Run runs the Suites of each Gate and judges it. An error means that something kept it from doing so.
func (t *Trial) Run(ctx context.Context) (*Results, error) {
	gates, err := t.plan()
	if err != nil {
		return nil, err
	}
	results := &Results{Environment: t.Environment, Revision: t.Revision}
	done := map[string]gate.Suite{}
	for _, g := range gates {
		suites, err := t.suites(ctx, g.gate, g.suites, done)
		if err != nil {
			return nil, err
		}
		results.Gates = append(results.Gates, Verdict{g.gate.Name(), gate.Judge(g.gate, suites, nil)})
	}
	return results, nil
}

type planned struct {
	gate   *tests.Gate
	suites []*tests.Suite
}

// plan says which Suites are run for which Gates.
func (t *Trial) plan() ([]planned, error) {
	if len(t.Suites) > 0 {
		suites, err := pick("Suite", t.Suites, t.Set.Suites, func(s *tests.Suite) []string { return []string{s.Name(), s.Origin.Name} })
		return []planned{{&tests.Gate{}, suites}}, err
	}
	gates := t.Set.Gates
	if len(t.Gates) > 0 {
		var err error
		if gates, err = pick("Gate", t.Gates, gates, func(g *tests.Gate) []string { return []string{g.Name(), g.Origin.Name} }); err != nil {
			return nil, err
		}
	}
	if len(gates) == 0 {
		return nil, fmt.Errorf("the overlay has no Gate: name the Suites to run")
	}
	var plan []planned
	for _, g := range gates {
		plan = append(plan, planned{g, t.Set.SuitesOf(g)})
	}
	return plan, nil
}

// pick finds documents by name.
func pick[T any](kind string, wanted []string, all []T, names func(T) []string) (found []T, err error) {
	for _, name := range wanted {
		at := slices.IndexFunc(all, func(d T) bool { return slices.Contains(names(d), name) })
		if at < 0 {
			var known []string
			for _, d := range all {
				known = append(known, names(d)[0])
			}
			return nil, fmt.Errorf("the overlay has no %s %q, but %s", kind, name, strings.Join(known, ", "))
		}
		found = append(found, all[at])
	}
	return found, nil
}

// suites runs those that no earlier Gate has run: one after the other until one does not hold where the Gate is ordered, else all at once.
func (t *Trial) suites(ctx context.Context, g *tests.Gate, suites []*tests.Suite, done map[string]gate.Suite) ([]gate.Suite, error) {
	assessed := make([]gate.Suite, len(suites))
	if g.Spec.Order == tests.Ordered {
		held := true
		for i, suite := range suites {
			if !held {
				assessed[i] = gate.Assess(suite, nil)
				assessed[i].Reason = "not run, since a suite before it did not hold"
				continue
			}
			one, err := t.suite(ctx, suite, done)
			if err != nil {
				return nil, err
			}
			assessed[i], held = one, one.Outcome == gate.Passed
			done[suite.Name()] = one
		}
		return assessed, nil
	}
	group, ctx := errgroup.WithContext(ctx)
	for i, suite := range suites {
		group.Go(func() (err error) {
			assessed[i], err = t.suite(ctx, suite, done)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, one := range assessed {
		done[one.Name] = one
	}
	return assessed, nil
}

// suite runs all shards and combinations of one Suite.
func (t *Trial) suite(ctx context.Context, suite *tests.Suite, done map[string]gate.Suite) (gate.Suite, error) {
	if one, there := done[suite.Name()]; there {
		return one, nil
	}
	jobs, err := runner.Plan(runner.Job{
		ID: "verify-" + suite.Name(), Environment: t.Environment, Suite: suite, Files: t.Files,
		Env: map[string]string{"ASSAY_ENVIRONMENT": t.Environment, "ASSAY_REVISION": t.Revision},
	})
	if err != nil {
		return gate.Suite{}, err
	}
	runs := make([]gate.Run, len(jobs))
	var wait sync.WaitGroup
	errs := make([]error, len(jobs))
	for i, job := range jobs {
		wait.Go(func() { runs[i], errs[i] = t.run(ctx, job) })
	}
	wait.Wait()
	for _, err := range append(errs, ctx.Err()) {
		if err != nil {
			return gate.Suite{}, fmt.Errorf("suite %s: %w", suite.Name(), err)
		}
	}
	return gate.Assess(suite, runs), nil
}

// run runs one Job, and reads its reports before they are removed.
func (t *Trial) run(ctx context.Context, job runner.Job) (gate.Run, error) {
	t.Step(Step{Suite: job.Suite.Name(), Variant: job.Variant()})
	result, err := t.Runner.Run(ctx, job)
	if err != nil {
		return gate.Run{}, err
	}
	run := gate.Run{
		Label: job.Variant(), End: result.End, ExitCode: result.ExitCode, Reason: result.Reason, Started: result.Started, Finished: result.Finished,
	}
	for _, file := range result.Reports {
		parsed, err := parse(ctx, file)
		if err != nil {
			run.Unreadable = append(run.Unreadable, err.Error())
			continue
		}
		run.Reports = append(run.Reports, parsed)
	}
	step := Step{Suite: job.Suite.Name(), Variant: job.Variant(), Result: &result}
	if len(run.Reports) > 0 {
		step.Report = report.Merge(run.Reports...)
	}
	t.Step(step)
	return run, t.Runner.Forget(context.WithoutCancel(ctx), job.ID)
}

func parse(ctx context.Context, file runner.File) (*report.Report, error) {
	r, err := file.Open()
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", file.Path, err)
	}
	defer r.Close()
	return report.Parse(ctx, r, report.Options{Name: file.Path, Format: file.Format})
}
