package reconciler

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/assay-dev/assay/reconciler/history"
)

// outlet is one way in which Verdicts of an Environment are told where a config repository is: beside its commits, or in it. What is to be
// told is in history, put there with what it tells of, so a crash loses none of it. It is told at least once, the newest last; telling has a goroutine
// and a backoff of its own, and holds up no pass.
type outlet struct {
	kind        history.PublicationKind
	environment *Environment
	repository  string
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
	publishBatch   = 200              // how many are told between two looks
	publishTimeout = 30 * time.Second // for one request to a server
	publishMaxAge  = 24 * time.Hour   // beyond which a status that could not be told is news no more

	firstPublishRetry   = time.Second
	longestPublishRetry = 10 * time.Minute
)

// newOutlets are those that the operator wants, sorted.
func newOutlets(l *Loop) (all []*outlet) {
	for _, name := range slices.Sorted(maps.Keys(l.environments)) {
		env := l.environments[name]
		for _, repository := range slices.Sorted(maps.Keys(env.Writable)) {
			add := func(kind history.PublicationKind, t teller) {
				all = append(all, &outlet{kind: kind, environment: env, repository: repository, teller: t, wake: make(chan struct{}, 1)})
			}
			if env.Statuses {
				add(history.StatusPublication, &statuses{loop: l, environment: env, repository: env.Writable[repository]})
			}
			if env.Notes {
				add(history.NotePublication, &ledger{loop: l, repository: env.Writable[repository]})
			}
		}
	}
	return all
}

// Publish tells outside what is due there, and returns when to try again; zero is when something more is recorded. Run does so by itself.
func (l *Loop) Publish(ctx context.Context) (next time.Time, err error) {
	var errs []error
	for _, o := range l.outlets {
		at, err := l.publishTo(ctx, o)
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
		errs = append(errs, err)
	}
	return next, errors.Join(errs...)
}

// publishTo tells what is due in one place, and returns when to try again after an error.
func (l *Loop) publishTo(ctx context.Context, o *outlet) (again time.Time, err error) {
	if l.clock.Now().Before(o.until) {
		return o.until, nil
	}
	for {
		due, err := l.history.Publications(ctx, o.kind, o.environment.Name, o.repository, publishBatch)
		if err == nil && len(due) > 0 {
			var told []history.Publication
			told, err = o.tell(ctx, due)
			err = errors.Join(err, l.history.Published(context.WithoutCancel(ctx), told))
		}
		switch {
		case err != nil:
			o.until = l.clock.Now().Add(min(firstPublishRetry<<min(o.failures, 20), longestPublishRetry))
			o.failures++
			return o.until, fmt.Errorf("tell verdicts of %s in %s: %w", o.environment.Name, o.repository, err)
		case len(due) == 0:
			o.failures, o.until = 0, time.Time{}
			return time.Time{}, nil
		}
	}
}

// keepPublishing tells whatever comes to be due in one place until ctx ends. An error is said once for as long as it stays the same.
func (l *Loop) keepPublishing(ctx context.Context, o *outlet) {
	said := ""
	for {
		again, err := l.publishTo(ctx, o)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && again.IsZero():
			said = ""
		case err != nil && err.Error() != said:
			said = err.Error()
			l.log.Warn("verdicts are not told yet, and will be tried again", "environment", o.environment.Name, "repository", o.repository, "error", err)
		}
		var timer <-chan time.Time
		if !again.IsZero() {
			timer = l.clock.After(max(again.Sub(l.clock.Now()), 0))
		}
		select {
		case <-ctx.Done():
			return
		case <-o.wake:
		case <-timer:
		}
	}
}

// wakeOutlets has them look whether there is something new to tell.
func (l *Loop) wakeOutlets() {
	for _, o := range l.outlets {
		select {
		case o.wake <- struct{}{}:
		default:
		}
	}
}

// newsOf is when what a Publication tells of came about.
func newsOf(p history.Publication) time.Time {
	return slices.MaxFunc([]time.Time{p.Verification.Started, p.Verification.Finished, p.Inherited}, time.Time.Compare)
}
