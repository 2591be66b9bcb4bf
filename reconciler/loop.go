package reconciler

import (
	"context"
	"sync"
	"time"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
)

// Run reconciles until ctx ends, and then stops gracefully: what is under way is cancelled and left to be taken up again, what is done is
// recorded. An error means that it could not begin.
func (l *Loop) Run(ctx context.Context) error {
	if err := l.Begin(ctx); err != nil {
		return err
	}
	running, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	l.running = running // Runs are told why they end
	var wait sync.WaitGroup
	for _, env := range l.environments {
		wait.Go(func() { l.watchTests(ctx, env) })
		wait.Go(func() { whenever(ctx, l.nudges[env.Name].gates, func() { l.lookAgain(ctx, env.Name) }) })
		for _, r := range l.rosters[env.Name] {
			wait.Go(func() { whenever(ctx, r.source.Changed(), func() { l.heard(ctx, env.Name, r) }) })
		}
		if env.Sites != nil {
			wait.Go(func() { env.Sites.Run(ctx) })
		}
	}
	wait.Go(func() { l.publisher.Run(ctx) })
	for range l.workers {
		l.atWork.Go(func() { l.work(ctx) })
	}
	<-ctx.Done()
	stop(runner.ErrStopping)
	l.queue.ShutDown()
	wait.Wait()
	l.ended()
	return nil
}

// Drain has the Loop take up nothing more, and waits until what is under way has come to its end, or ctx has. What is left is for the next
// Assay. The ctx of Run is to end after it.
func (l *Loop) Drain(ctx context.Context) {
	l.draining.Store(true)
	l.flights.ground()
	l.queue.ShutDown()
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		l.ended()
	}()
	select {
	case <-drained:
	case <-ctx.Done():
	}
}

// ended waits for passes, and for the Runs that they started.
func (l *Loop) ended() {
	l.atWork.Wait()
	l.flights.done.Wait()
}

// watchTests pulls the test repository of an Environment at its interval, and when it is nudged.
func (l *Loop) watchTests(ctx context.Context, env *Environment) {
	ticker := l.clock.NewTicker(env.Tests.Interval)
	defer ticker.Stop()
	for {
		changed, err := l.pull(ctx, env)
		if err != nil && ctx.Err() == nil {
			l.log.Error("the tests cannot be used; the last good revision stays in force", "environment", env.Name, "error", err)
			l.announce(Event{Kind: TestsRefused, Key: history.Key{Environment: env.Name}, Reason: err.Error()})
		}
		if changed {
			l.lookAgain(ctx, env.Name)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		case <-l.nudges[env.Name].tests:
		}
	}
}

// whenever does something each time that a value is received, until ctx ends.
func whenever(ctx context.Context, told <-chan struct{}, do func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-told:
			do()
		}
	}
}

// lookAgain has every Gate of an Environment take a pass.
func (l *Loop) lookAgain(ctx context.Context, environment string) {
	keys, err := l.Keys(ctx, environment)
	if err != nil && ctx.Err() == nil {
		l.log.Error("history cannot be read", "error", err)
	}
	for _, key := range keys {
		l.driver.Again(key)
	}
}

// take takes one pass, and tells how long it took.
func (l *Loop) take(ctx context.Context, key history.Key) (next time.Time, err error) {
	began := l.clock.Now()
	l.passes.begin(key, began)
	defer func() {
		l.passes.end(key)
		l.announce(Event{Kind: PassTaken, Key: key, Took: l.clock.Since(began), Err: err})
	}()
	return l.Pass(ctx, key)
}

// work takes passes until the queue shuts down.
func (l *Loop) work(ctx context.Context) {
	for {
		key, shutdown := l.queue.Get()
		if shutdown {
			return
		}
		if l.draining.Load() { // a queue that is shut down hands out what is in it
			l.queue.Done(key)
			continue
		}
		next, err := l.take(ctx, key)
		switch {
		case err == nil:
			l.queue.Forget(key)
			if !next.IsZero() {
				l.queue.AddAfter(key, max(next.Sub(l.clock.Now()), 0))
			}
		case ctx.Err() == nil:
			l.log.Error("a pass failed and will be taken again", "environment", key.Environment, "gate", key.Gate, "error", err)
			l.queue.AddRateLimited(key)
		}
		l.queue.Done(key)
	}
}
