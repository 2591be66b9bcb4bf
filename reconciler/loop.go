package reconciler

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/assay-dev/assay/reconciler/history"
)

// Run reconciles until ctx ends, and then stops gracefully: what is under way is cancelled and left to be taken up again, what is done is recorded.
// An error means that it could not begin.
func (l *Loop) Run(ctx context.Context) error {
	if err := l.runner.Recover(ctx); err != nil {
		return fmt.Errorf("end what an earlier Assay left running: %w", err)
	}
	l.running = ctx
	var wait sync.WaitGroup
	for _, env := range l.environments {
		wait.Go(func() { l.watchTests(ctx, env) })
		for _, source := range env.Sources {
			wait.Go(func() { l.watchSource(ctx, env, source.Changed()) })
		}
		if env.Sites != nil {
			wait.Go(func() { env.Sites.Run(ctx) })
			wait.Go(func() { l.watchSource(ctx, env, env.Sites.Changed()) })
		}
	}
	for range l.workers {
		wait.Go(func() { l.work(ctx) })
	}
	<-ctx.Done()
	l.queue.ShutDown()
	wait.Wait()
	l.flights.done.Wait()
	return nil
}

// watchTests pulls the test repository of an Environment at its interval.
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
			l.lookAgain(ctx, env)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		}
	}
}

func (l *Loop) watchSource(ctx context.Context, env *Environment, changed <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
			l.lookAgain(ctx, env)
		}
	}
}

// lookAgain queues every Gate of the Environment, and those that have something open though the tests no longer hold them.
func (l *Loop) lookAgain(ctx context.Context, env *Environment) {
	keys := map[history.Key]bool{}
	if current := l.inForce[env.Name].get(); current != nil {
		for _, g := range current.Gates {
			keys[history.Key{Environment: env.Name, Gate: g.Name()}] = true
		}
	}
	past, err := l.history.Unfinished(ctx)
	if err != nil && ctx.Err() == nil {
		l.log.Error("history cannot be read", "error", err)
	}
	for _, key := range past {
		if key.Environment == env.Name {
			keys[key] = true
		}
	}
	for key := range maps.Keys(keys) {
		l.queue.Add(key)
	}
}

// work takes passes until the queue shuts down.
func (l *Loop) work(ctx context.Context) {
	for {
		key, shutdown := l.queue.Get()
		if shutdown {
			return
		}
		next, err := l.pass(ctx, key)
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

// steps bounds how many Actions one pass takes before others get their turn.
const steps = 32

// pass acts until there is nothing left to do but wait, and returns until when; zero is until something changes.
func (l *Loop) pass(ctx context.Context, key history.Key) (time.Time, error) {
	for range steps {
		w, err := l.observe(ctx, key)
		if err != nil {
			return time.Time{}, fmt.Errorf("observe: %w", err)
		}
		action := decide(w)
		if err := l.record(ctx, key, action); err != nil {
			return time.Time{}, err
		}
		if waiting, ok := action.(wait); ok {
			return waiting.until, nil
		}
		if err := action.do(ctx, l, w); err != nil {
			return time.Time{}, fmt.Errorf("%s: %w", action.Name(), err)
		}
	}
	return l.clock.Now(), nil
}

// record keeps the decision with its reason, and tells it to who listens; the same decision again is only counted.
func (l *Loop) record(ctx context.Context, key history.Key, action Action) error {
	repeated, err := l.history.Decide(ctx, history.Decision{Key: key, Action: action.Name(), Reason: action.Reason(), At: l.clock.Now()})
	if err != nil {
		return err
	}
	if !repeated {
		l.log.Info(action.Name(), "environment", key.Environment, "gate", key.Gate, "reason", action.Reason())
		l.announce(Event{Kind: Decided, Key: key, Action: action.Name(), Reason: action.Reason()})
	}
	return nil
}
