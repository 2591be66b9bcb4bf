package reconciler

import (
	"context"
	"time"

	"github.com/assay-dev/assay/reconciler/history"
)

// Action is the one thing that a pass does. Its name and reason are recorded and shown to people.
type Action interface {
	Name() string
	Reason() string
	// do does it. It is named by its inputs: done twice, it is done once.
	do(ctx context.Context, l *Loop, w *world) error
}

// wait does nothing, for the reason given, until something changes or the time has come.
type wait struct {
	until time.Time // zero: until something changes
	why   string
}

func (wait) Name() string                            { return "Wait" }
func (a wait) Reason() string                        { return a.why }
func (wait) do(context.Context, *Loop, *world) error { return nil }

// inherit moves the commits of the last final state forward: they render the same.
type inherit struct {
	targets []history.TargetState
	why     string
}

func (inherit) Name() string     { return "Inherit" }
func (a inherit) Reason() string { return a.why }
func (a inherit) do(ctx context.Context, l *Loop, w *world) error {
	return l.history.Inherit(ctx, w.key, a.targets, a.why, w.now)
}

// supersede ends the open Verification, whose state is no longer there, and the Runs that it has under way.
type supersede struct {
	verification history.Verification
	why          string
}

func (supersede) Name() string     { return "Supersede" }
func (a supersede) Reason() string { return a.why }
func (a supersede) do(ctx context.Context, l *Loop, w *world) error {
	v := a.verification
	v.Phase, v.Reason, v.Finished = history.Superseded, a.why, w.now
	if err := l.history.Advance(ctx, v); err != nil {
		return err
	}
	l.flights.cancel(v.ID)
	l.environments[w.key.Environment].release(v.ID)
	return nil
}
