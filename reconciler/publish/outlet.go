package publish

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/reconciler/history"
)

// outlet is one way in which Verdicts are told in one Place.
type outlet struct {
	place   Place
	kind    history.PublicationKind
	history *history.Store
	clock   clock.Clock
	log     *slog.Logger
	teller
	wake chan struct{} // holds one value while there may be something new

	failures int
	until    time.Time // before which nothing is tried again
}

// teller tells Publications outside. It returns those that are told, or never will be; the others are told again, after an error.
type teller interface {
	tell(ctx context.Context, due []history.Publication) (told []history.Publication, err error)
}

const (
	batch          = 200              // how many are told between two looks
	requestTimeout = 30 * time.Second // for one request to a server

	firstRetry   = time.Second
	longestRetry = 10 * time.Minute
)

func newOutlet(o Options, place Place, kind history.PublicationKind, t teller) *outlet {
	return &outlet{place: place, kind: kind, history: o.History, clock: o.Clock, log: o.Log, teller: t, wake: make(chan struct{}, 1)}
}

// publish tells what is due, and returns when to try again after an error.
func (o *outlet) publish(ctx context.Context) (again time.Time, err error) {
	if o.clock.Now().Before(o.until) {
		return o.until, nil
	}
	for {
		due, err := o.history.Publications(ctx, o.kind, o.place.Environment, o.place.Repository, batch)
		if err == nil && len(due) > 0 {
			var told []history.Publication
			told, err = o.tell(ctx, due)
			err = errors.Join(err, o.history.Published(context.WithoutCancel(ctx), told))
		}
		switch {
		case err != nil:
			o.until = o.clock.Now().Add(min(firstRetry<<min(o.failures, 20), longestRetry))
			o.failures++
			return o.until, fmt.Errorf("tell verdicts of %s in %s: %w", o.place.Environment, o.place.Repository, err)
		case len(due) == 0:
			o.failures, o.until = 0, time.Time{}
			return time.Time{}, nil
		}
	}
}

// run tells whatever comes to be due until ctx ends. An error is said once for as long as it stays the same.
func (o *outlet) run(ctx context.Context) {
	said := ""
	for {
		again, err := o.publish(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && again.IsZero():
			said = ""
		case err != nil && err.Error() != said:
			said = err.Error()
			o.log.Warn("verdicts are not told yet, and will be tried again",
				"environment", o.place.Environment, "repository", o.place.Repository, "error", err)
		}
		var timer <-chan time.Time
		if !again.IsZero() {
			timer = o.clock.After(max(again.Sub(o.clock.Now()), 0))
		}
		select {
		case <-ctx.Done():
			return
		case <-o.wake:
		case <-timer:
		}
	}
}
