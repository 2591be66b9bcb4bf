package simulate

import (
	"context"
	"errors"
	"fmt"
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
	defer func() {
		if cause := recover(); cause != nil {
			why, ours := cause.(broken)
			if !ours {
				panic(cause)
			}
			err = fmt.Errorf("scenario %s, seed %d: %w", s.Metadata.Name, seed, why.error)
		}
	}()
	w := newWorld(ctx, s, seed, breakages, builder, trace)
	if err := w.start(ctx, dir); err != nil {
		return nil, err
	}
	defer func() {
		cancel()
		w.routines.end()
		err = errors.Join(err, w.history.Close())
	}()
	w.live()
	w.liveTests()
	w.breakSoon()
	if err := w.untilTheEnd(ctx); err != nil {
		return nil, err
	}
	w.judge.checkEnd()
	return w.judge.outcome(s.Metadata.Name, seed), nil
}

// untilTheEnd lets everything happen until enough breakages were there and are over, and then for as long as Assay puts anything off.
func (w *world) untilTheEnd(ctx context.Context) error {
	idle := w.schedule.now
	for ctx.Err() == nil && w.schedule.step() {
		w.over = w.allWell() && w.begun() >= w.wanted
		if !w.over {
			idle = w.schedule.now
		}
		switch quiet := w.schedule.now.Sub(idle); {
		case quiet > settling+patience, quiet > settling && w.judge.atRest():
			return nil
		}
	}
	return context.Cause(ctx)
}
