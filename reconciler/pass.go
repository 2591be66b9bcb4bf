package reconciler

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/assay-dev/assay/reconciler/history"
)

// Begin ends what an earlier Assay left running. The Runs that are started from now on end with ctx. Run begins by itself.
func (l *Loop) Begin(ctx context.Context) error {
	if err := l.runner.Recover(ctx); err != nil {
		return fmt.Errorf("end what an earlier Assay left running: %w", err)
	}
	l.running = ctx
	return nil
}

// Pull looks at the test repository of an Environment once, and tells whether other tests are in force now. After an error the last good
// ones stay in force.
func (l *Loop) Pull(ctx context.Context, environment string) (changed bool, err error) {
	env, found := l.environments[environment]
	if !found {
		return false, unknownEnvironment(environment)
	}
	return l.pull(ctx, env)
}

// Keys are the Gates of an Environment, sorted: those that the tests in force hold, and those that have something open though the tests no
// longer hold them. With an error come those that are known all the same.
func (l *Loop) Keys(ctx context.Context, environment string) (keys []history.Key, err error) {
	in, found := l.inForce[environment]
	if !found {
		return nil, unknownEnvironment(environment)
	}
	if current := in.get(); current != nil {
		for _, g := range current.Gates {
			keys = append(keys, history.Key{Environment: environment, Gate: g.Name()})
		}
	}
	past, err := l.history.Unfinished(ctx)
	for _, key := range past {
		if key.Environment == environment {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b history.Key) int { return cmp.Compare(a.Gate, b.Gate) })
	return slices.Compact(keys), err
}

func unknownEnvironment(name string) error {
	return fmt.Errorf("environment %s is not one of this Assay's", name)
}

// steps bounds how many Actions one pass takes before others get their turn.
const steps = 32

// Pass acts until there is nothing left to do but wait, and returns until when; zero is until something changes.
func (l *Loop) Pass(ctx context.Context, key history.Key) (time.Time, error) {
	var before *world
	for range steps {
		w, err := l.observe(ctx, key)
		if err != nil {
			return time.Time{}, fmt.Errorf("observe: %w", err)
		}
		l.announceChanges(before, w)
		before = w
		if w.elsewhere {
			l.leave(key)
			return time.Time{}, nil
		}
		action := decide(w)
		if !l.stumbles.at(key, action) {
			if err := l.record(ctx, key, action.Name(), action.Reason()); err != nil {
				return time.Time{}, err
			}
		}
		if waiting, ok := action.(wait); ok {
			return waiting.until, nil
		}
		if err := action.do(ctx, l, w); err != nil {
			return time.Time{}, l.stumble(ctx, key, action, err)
		}
		l.stumbles.over(key)
		l.publisher.Wake()
	}
	return l.clock.Now(), nil
}

// leave says, once, that a Gate is left to another Assay. The history that they may share tells what that one decides.
func (l *Loop) leave(key history.Key) {
	if _, told := l.left.LoadOrStore(key, true); !told {
		l.log.Info("left to another Assay: the gate follows none of the targets that this one looks at", "environment", key.Environment, "gate", key.Gate,
			"targets", l.environments[key.Environment].Watch.String())
	}
}

// record keeps the decision with its reason, and tells it to who listens; the same decision again is only counted.
func (l *Loop) record(ctx context.Context, key history.Key, action, reason string) error {
	repeated, err := l.history.Decide(ctx, history.Decision{Key: key, Action: action, Reason: reason, At: l.clock.Now()})
	if err != nil {
		return err
	}
	if !repeated {
		l.log.Info(action, "environment", key.Environment, "gate", key.Gate, "reason", reason)
		l.announce(Event{Kind: Decided, Key: key, Action: action, Reason: reason})
	}
	return nil
}
