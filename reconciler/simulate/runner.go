package simulate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/assay-dev/assay/reconciler/runner"
)

// testbed is a runner.Runner whose tests look at what is live in the world.
type testbed struct{ world *world }

// Run implements runner.Runner. The tests look at the world at some moment of the time that they take.
func (t testbed) Run(ctx context.Context, job runner.Job) (runner.Result, error) {
	w := t.world
	w.spent(job)
	result := runner.Result{End: runner.Exited, Started: w.schedule.now}
	takes := w.luck.between(w.spec.Tests.Takes)
	lost := w.luck.happens(w.spec.Tests.Lost) && !w.over
	looksAfter := time.Duration(w.luck.Float64() * float64(takes))
	if !w.routines.sleep(ctx, looksAfter) {
		return cancelled(result, w.schedule.now), nil
	}
	output, failed, err := w.test(job)
	if err != nil {
		return result, err
	}
	if !w.routines.sleep(ctx, takes-looksAfter) {
		return cancelled(result, w.schedule.now), nil
	}
	result.Finished, result.Output = w.schedule.now, output
	if failed {
		result.ExitCode = 1
	}
	if lost {
		return w.lose(result), nil
	}
	result.Reports = []runner.File{{
		Path: "stdout", Format: "tap", Size: int64(len(output)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(output)), nil },
	}}
	return result, nil
}

func cancelled(r runner.Result, at time.Time) runner.Result {
	r.End, r.ExitCode, r.Reason, r.Finished = runner.Cancelled, -1, "no longer wanted", at
	return r
}

// lose turns a Run into one that ended without evidence.
func (w *world) lose(r runner.Result) runner.Result {
	switch w.luck.IntN(3) {
	case 0:
		r.End, r.ExitCode, r.Reason = runner.NotStarted, -1, "the image cannot be pulled"
	case 1:
		r.End, r.ExitCode, r.Reason = runner.Killed, -1, "the node is gone"
	} // else it lost its report only
	return r
}

// test runs a Suite's cases against what is live now.
func (w *world) test(job runner.Job) (output []byte, failed bool, err error) {
	cases, wrong, err := readCases(job.Files, job.Suite.Origin.Folder())
	if err != nil {
		return nil, false, fmt.Errorf("run %s: %w", job.ID, err)
	}
	s, e := w.suite(job.Suite.Name()), w.environment(job.Environment)
	var tap strings.Builder
	fmt.Fprintf(&tap, "1..%d\n", len(cases))
	for i, name := range cases {
		because := w.why(e, s.id(name), wrong[name])
		w.saw(job, because)
		flakes := w.luck.happens(s.rate(name))
		ok := len(because) == 0 && !flakes
		if ok {
			fmt.Fprintf(&tap, "ok %d - %s\n", i+1, name)
			continue
		}
		failed = true
		fmt.Fprintf(&tap, "not ok %d - %s\n", i+1, name)
	}
	return []byte(tap.String()), failed, nil
}

// rate at which a case flakes.
func (s *suite) rate(name string) float64 {
	if i := slices.Index(s.cases, name); i >= 0 {
		return s.rates[i]
	}
	return 0
}

// Forget implements runner.Runner.
func (testbed) Forget(context.Context, string) error { return nil }

// Recover implements runner.Runner.
func (testbed) Recover(context.Context) error { return nil }

// Isolation implements runner.Runner.
func (testbed) Isolation() (string, bool) { return "nothing is run", true }
