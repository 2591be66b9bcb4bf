package track

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"strings"

	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// tracked is a Target with what is known of it. Only the worker that looks at it changes anything, and no other sees what is remembered;
// Tracker.mu guards the rest.
type tracked[T any] struct {
	state      syncs.State
	rolling    bool // it waits for its workloads
	remembered T
}

// Changed implements syncs.Source.
func (t *Tracker[T]) Changed() <-chan struct{} { return t.moves.Changed() }

// Moved implements syncs.Selective.
func (t *Tracker[T]) Moved() ([]syncs.Target, bool) { return t.moves.Moved() }

// Missing implements syncs.Selective.
func (t *Tracker[T]) Missing() error { return t.options.Missing() }

// Targets implements syncs.Source.
func (t *Tracker[T]) Targets(context.Context) ([]syncs.State, error) {
	missing := t.Missing() // first: what is not missing now is among what is told
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sorted == nil {
		t.sorted = make([]*tracked[T], 0, len(t.targets))
		for _, one := range t.targets {
			t.sorted = append(t.sorted, one)
		}
		slices.SortFunc(t.sorted, func(a, b *tracked[T]) int {
			return strings.Compare(a.state.Target.String(), b.state.Target.String())
		})
	}
	states := make([]syncs.State, len(t.sorted))
	for i, one := range t.sorted {
		states[i] = one.state
	}
	return states, missing
}

// These implements syncs.Selective.
func (t *Tracker[T]) These(targets []syncs.Target) []syncs.State {
	t.mu.Lock()
	defer t.mu.Unlock()
	states := make([]syncs.State, 0, len(targets))
	for _, target := range targets {
		one := t.targets[Item{target.Kind, watch.Key{Namespace: target.Namespace, Name: target.Name}}]
		if one != nil && one.state.Target == target {
			states = append(states, one.state)
		}
	}
	return states
}

// State is what is told of a Target; known says that there is one.
func (t *Tracker[T]) State(i Item) (state syncs.State, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one, known := t.targets[i]
	if known {
		state = one.state
	}
	return state, known
}

// tell puts what was found in place of what was known, and has it heard of when it says something new.
func (t *Tracker[T]) tell(l *Look[T]) {
	l.State.Reason = cmp.Or(l.State.Reason, l.Doubt)
	before := &l.of.state // which nobody else changes
	moved, synced := !same(before, &l.State), before.Sync != l.State.Sync
	t.mu.Lock()
	l.of.state, l.of.rolling = l.State, l.Rolling
	known := t.targets[l.Item] == l.of
	if !known {
		t.targets[l.Item], t.sorted = l.of, nil
	}
	t.mu.Unlock()
	if l.Rolling && t.rolled.Load() != l.rolled { // who looked for Targets that wait did not see yet that this one does
		t.LookAt(l.Item)
	}
	if moved || !known {
		t.moves.Note(l.State.Target)
	}
	if synced {
		t.options.Synced(l.Item)
	}
}

// same tells whether two States say the same. What mostly differs comes first: at a commit, thousands do. A Sync that is the same is the
// same one.
func same(a, b *syncs.State) bool {
	return a.Sync == b.Sync && a.Reason == b.Reason && (a.Pending == nil) == (b.Pending == nil) && reflect.DeepEqual(a, b)
}

// forget drops a Target that is gone.
func (t *Tracker[T]) forget(i Item) {
	t.mu.Lock()
	one, known := t.targets[i]
	delete(t.targets, i)
	t.sorted = nil
	t.mu.Unlock()
	if known {
		t.moves.Note(one.state.Target)
	}
}
