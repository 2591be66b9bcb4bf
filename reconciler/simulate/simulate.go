package simulate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/assay-dev/assay/sources/render"
)

// Options say what to simulate.
type Options struct {
	Scenarios []*Scenario
	// Seed of everything that chance decides.
	Seed uint64
	// Breakages in all, spread over the Scenarios by their shares. Each gets at least one.
	Breakages int
	// Parallel is how many worlds happen at the same time; 0 is one for each processor.
	Parallel int
	// Goals must hold over all Scenarios, besides those of each.
	Goals Goals
	// Progress, when given, is told how many breakages there were, of all; it is called by one at a time.
	Progress func(done, all int)
}

// worldSize is how many breakages happen one after the other in one world.
const worldSize = 50

// Run simulates. The Result is the same for the same Options, whatever is parallel. An error says that the simulation itself failed; goals
// that were missed and truths that did not hold are in the Result.
func Run(ctx context.Context, o Options) (*Result, error) {
	type job struct {
		scenario  int
		seed      uint64
		breakages int
		outcome   *outcome
	}
	var jobs []*job
	var shares float64
	for _, s := range o.Scenarios {
		shares += s.Spec.Share
	}
	for i, s := range o.Scenarios {
		left := max(1, int(float64(o.Breakages)*s.Spec.Share/shares+0.5))
		for n := uint64(0); left > 0; n++ {
			jobs = append(jobs, &job{scenario: i, seed: o.Seed + n, breakages: min(left, worldSize)})
			left -= worldSize
		}
	}
	if o.Parallel == 0 {
		o.Parallel = runtime.GOMAXPROCS(0)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(o.Parallel)
	finished := make(chan *job, len(jobs))
	for _, j := range jobs {
		group.Go(func() (err error) {
			s := o.Scenarios[j.scenario]
			j.outcome, err = play(ctx, s, j.seed, j.breakages, render.NewBuilder(builderKey), nil)
			if err != nil {
				return fmt.Errorf("scenario %s, seed %d: %w", s.Metadata.Name, j.seed, err)
			}
			finished <- j
			return nil
		})
	}
	go func() { _ = group.Wait(); close(finished) }()
	done := 0
	for j := range finished {
		done += len(j.outcome.breakages)
		if o.Progress != nil {
			o.Progress(done, o.Breakages)
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	r := &Result{Seed: o.Seed, All: Tally{Scenario: "all"}}
	for i, s := range o.Scenarios {
		t := Tally{Scenario: s.Metadata.Name}
		for _, j := range jobs {
			if j.scenario == i {
				t.add(j.outcome)
			}
		}
		r.All.join(t)
		t.finish()
		r.Scenarios = append(r.Scenarios, t)
		r.Missed = append(r.Missed, s.Spec.Goals.missed(t)...)
	}
	r.All.finish()
	r.Missed = append(r.Missed, o.Goals.missed(r.All)...)
	return r, nil
}

// builderKey is no secret: nothing in a simulated world is.
var builderKey = []byte("simulated")

// Trace tells the story of one world: every commit, decision and action in fake time, and what the truth was.
func Trace(ctx context.Context, s *Scenario, seed uint64, breakages int, story io.Writer) error {
	o, err := play(ctx, s, seed, breakages, render.NewBuilder(builderKey), story)
	if err != nil {
		return err
	}
	var violated []error
	for _, v := range o.violations {
		violated = append(violated, errors.New(v))
	}
	return errors.Join(violated...)
}
