package reconciler

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
)

// askOthers has other Gates verified, to see whether they fail too. That they were asked is part of the Verification, where they find it by
// themselves.
type askOthers struct {
	verification history.Verification
	gates        []string
	why          string
}

func (askOthers) Name() string     { return "AskOthers" }
func (a askOthers) Reason() string { return a.why }
func (a askOthers) do(ctx context.Context, l *Loop, w *world) error {
	v := a.verification
	v.Asked = append(slices.Clone(v.Asked), a.gates...)
	if err := l.history.Advance(ctx, v); err != nil {
		return err
	}
	for _, name := range a.gates {
		l.driver.Again(history.Key{Environment: w.key.Environment, Gate: name})
	}
	return nil
}

// wouldTell says whether verifying a Gate again would tell of an outage: it passed, or one was all that it failed for.
func wouldTell(final history.Verification) bool {
	return final.Verdict.Outcome == gate.Passed || final.Cause != nil && final.Cause.Outage
}

// askable are the Gates that share no Target with what changed, may tell of an outage and are at rest; those that take least time first.
// They are looked for once something failed again, and only until some were asked.
func (l *Loop) askable(ctx context.Context, env *Environment, w *world, open *history.Verification, c *blame.Case) (names []string, err error) {
	if c.Controlled || len(open.Asked) > 0 || c.Passed == nil || len(c.Rounds)+len(c.FailedSyncs) == 0 {
		return nil, nil
	}
	takes := map[string]time.Duration{}
	for _, g := range l.inForce[env.Name].get().Gates {
		if g.Name() == w.key.Gate || slices.ContainsFunc(c.Peers, func(p blame.Peer) bool { return p.Gate == g.Name() }) {
			continue
		}
		past, err := l.history.Gate(ctx, history.Key{Environment: env.Name, Gate: g.Name()})
		if err != nil {
			return nil, err
		}
		if f := past.Final; f != nil && f.ID == past.Latest.ID && wouldTell(*f) && !touches(f.Targets, c.Changes) {
			names, takes[g.Name()] = append(names, g.Name()), f.Finished.Sub(f.Started)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(takes[a], takes[b]), strings.Compare(a, b)) })
	return names, nil
}

// touches tells whether one of some Targets changed.
func touches(targets []history.TargetState, changes []blame.Change) bool {
	return slices.ContainsFunc(changes, func(c blame.Change) bool { return c.Before != c.After && find(targets, c.Target) != nil })
}

// askedBy is the Verification of another Gate that asked this one to be verified, where it was not since; nil where there is none.
func (l *Loop) askedBy(ctx context.Context, w *world) (*history.Verification, error) {
	final := w.past.Final
	if final == nil {
		return nil, nil
	}
	blaming, err := l.history.Blaming(ctx, w.key.Environment)
	for i, v := range blaming {
		if slices.Contains(v.Asked, w.key.Gate) && !during(*final, v.Started) {
			return &blaming[i], err
		}
	}
	return nil, err
}

func askedWhy(v *history.Verification) string {
	return fmt.Sprintf("gate %s failed: see whether it is an outage, which this one would meet too", v.Key.Gate)
}
