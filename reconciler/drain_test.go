package reconciler_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
)

// slowRunner has a Run end when it is told to, or no longer wanted.
type slowRunner struct {
	*judgeRunner
	began     chan string
	end       chan struct{}
	unwanted  chan error // why it ended early
	forgotten chan string
}

func newSlowRunner(r *judgeRunner) *slowRunner {
	return &slowRunner{r, make(chan string, 10), make(chan struct{}, 10), make(chan error, 10), make(chan string, 10)}
}

func (r *slowRunner) Run(ctx context.Context, job runner.Job) (runner.Result, error) {
	r.began <- job.ID
	select {
	case <-r.end:
		now := time.Now()
		return runner.Result{End: runner.Exited, Started: now, Finished: now}, nil
	case <-ctx.Done():
		r.unwanted <- context.Cause(ctx)
		return runner.Result{End: runner.Cancelled, ExitCode: -1}, nil
	}
}

func (r *slowRunner) Forget(_ context.Context, id string) error {
	r.forgotten <- id
	return nil
}

func TestADrainLetsRunsEnd(t *testing.T) {
	s := newShop(t)
	slow := newSlowRunner(s.runner)
	s.adjust = func(o *reconciler.Options) { o.Runner = slow }
	s.start()
	commit := s.deploy("Sell at 7", price("7"))
	id := <-slow.began

	over, cancel := context.WithCancel(t.Context())
	cancel()
	s.loop.Drain(over) // from now on nothing is taken up
	slow.end <- struct{}{}
	s.loop.Drain(t.Context())
	require.Equal(t, id, <-slow.forgotten)
	run, err := s.past.Run(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, runner.Exited, run.End, "what it showed is recorded")
	v, err := s.past.Verification(t.Context(), run.Verification)
	require.NoError(t, err)
	require.Equal(t, history.Running, v.Phase, "what to make of it is the next one's")
	s.stop()

	s.start()
	require.Equal(t, gate.Passed, s.verified("shop", commit).Verdict.Outcome)
	require.Empty(t, slow.began, "nothing runs twice")
}

func TestWhatOutlastsTheDrainIsTakenUpAgain(t *testing.T) {
	s := newShop(t)
	slow := newSlowRunner(s.runner)
	s.adjust = func(o *reconciler.Options) { o.Runner = slow }
	s.start()
	commit := s.deploy("Sell at 7", price("7"))
	id := <-slow.began

	over, cancel := context.WithCancel(t.Context())
	cancel()
	s.loop.Drain(over)
	s.stop()
	require.ErrorIs(t, <-slow.unwanted, runner.ErrStopping)
	require.Empty(t, slow.forgotten, "it may go on without Assay")

	s.start()
	require.Equal(t, id, <-slow.began, "under the name that it had")
	slow.end <- struct{}{}
	require.Equal(t, gate.Passed, s.verified("shop", commit).Verdict.Outcome)
}
