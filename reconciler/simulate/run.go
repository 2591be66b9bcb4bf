package simulate

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/assay-dev/assay/sources/render"
)

// settling is how long a world goes on after the last breakage is over, so that all that Assay left for later comes to its end.
const settling = 30 * time.Hour

// patience is how much longer a Verification that is due again every now and then may take.
const patience = 6 * time.Hour

// play lets a world happen from its beginning to its end.
func play(ctx context.Context, s *Scenario, seed uint64, breakages int, builder *render.Builder, trace io.Writer) (result *outcome, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dir, err := os.MkdirTemp("", "assay-simulate-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	err = guarded(func() error {
		w := newWorld(ctx, s, seed, breakages, builder, trace)
		if err := w.start(ctx, dir); err != nil {
			return err
		}
		err := w.happen(ctx, func() error { return nil })
		cancel()
		result = w.judge.outcome(s.Metadata.Name, seed)
		return errors.Join(err, w.stop())
	})
	return result, err
}

// guarded turns what broke the world into an error.
func guarded(f func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			why, ours := cause.(broken)
			if !ours {
				panic(cause)
			}
			err = why.error
		}
	}()
	return f()
}

// stop ends Assay, once the context of its start has ended.
func (w *world) stop() error {
	w.routines.end()
	return w.history.Close()
}

// happen lets everything happen, and calls between after each event, until enough breakages were there and are over, and then for as
// long as Assay puts anything off.
func (w *world) happen(ctx context.Context, between func() error) error {
	w.live()
	w.liveTests()
	w.liveRobot()
	w.breakSoon()
	w.busy = w.schedule.now
	for ctx.Err() == nil && w.schedule.step() {
		if err := between(); err != nil {
			return err
		}
		w.over = w.allWell() && w.begun() >= w.wanted
		if !w.over {
			w.busy = w.schedule.now
		}
		switch quiet := w.schedule.now.Sub(w.busy); {
		case quiet > settling+patience+w.policy.Every.Duration, quiet > settling && w.judge.atRest():
			w.judge.checkEnd()
			return nil
		}
	}
	return context.Cause(ctx)
}
