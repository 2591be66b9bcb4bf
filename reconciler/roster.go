package reconciler

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	gosync "sync"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/sync"
)

// roster says which Gates name the Targets of a Source, where the Source can tell of some of them alone: what moves wakes no other Gates
// then, and a pass reads no other Targets.
type roster struct {
	source    sync.Source
	selective sync.Selective  // nil where the Source tells of all Targets at once
	watch     labels.Selector // as the Environment's

	mu    gosync.Mutex
	tests *revision // whose Gates these are
	known map[sync.Target]concern
	named map[string]map[sync.Target]bool // by Gate
}

// concern is what a Target has to do with Gates.
type concern struct {
	labels map[string]string
	gates  []string // that name it
}

func newRoster(source sync.Source, watch labels.Selector) *roster {
	selective, _ := source.(sync.Selective)
	return &roster{source: source, selective: selective, watch: watch}
}

// all are the states of every Target.
func (r *roster) all(ctx context.Context) ([]sync.State, error) {
	states, err := r.source.Targets(ctx)
	return r.watched(states), err
}

// of are the states of the Targets that a Gate names, as far as the roster has caught up; not found where it has
// with other tests meanwhile.
func (r *roster) of(name string, current *revision) (states []sync.State, found bool) {
	r.mu.Lock()
	if r.tests != current {
		r.mu.Unlock()
		return nil, false
	}
	targets := slices.SortedFunc(maps.Keys(r.named[name]), func(a, b sync.Target) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	r.mu.Unlock()
	return r.watched(r.selective.These(targets)), true
}

// watched leaves out what is another Assay's.
func (r *roster) watched(states []sync.State) []sync.State {
	if r.watch == nil {
		return states
	}
	return slices.DeleteFunc(states, func(s sync.State) bool { return !r.watch.Matches(labels.Set(s.Labels)) })
}

// catchUp takes in what moved, and tells which Gates of the tests in force name it, or did; all says that it may be any.
func (r *roster) catchUp(ctx context.Context, current *revision) (gates []string, all bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	moved, all := r.selective.Moved()
	if all || r.tests != current {
		r.begin(ctx, current)
		return nil, true
	}
	for _, t := range moved {
		before := r.known[t]
		r.forget(t)
		for _, state := range r.watched(r.selective.These([]sync.Target{t})) {
			r.learn(state, before)
		}
		gates = append(gates, before.gates...)
		gates = append(gates, r.known[t].gates...)
	}
	slices.Sort(gates)
	return slices.Compact(gates), false
}

// begin holds every Target against the Gates of a revision.
func (r *roster) begin(ctx context.Context, current *revision) {
	r.tests, r.known, r.named = current, map[sync.Target]concern{}, map[string]map[sync.Target]bool{}
	states, _ := r.all(ctx) // why some are missing is asked by each pass
	for _, state := range states {
		r.learn(state, concern{})
	}
}

// learn notes which Gates name a Target; those of before still do when its labels are the same.
func (r *roster) learn(state sync.State, before concern) {
	gates := before.gates
	if gates == nil || !maps.Equal(before.labels, state.Labels) {
		gates = []string{}
		for _, g := range r.tests.Gates {
			if matches(g.Spec.After, state) || matches(g.Spec.Exercises, state) {
				gates = append(gates, g.Name())
			}
		}
	}
	r.known[state.Target] = concern{labels: state.Labels, gates: gates}
	for _, name := range gates {
		if r.named[name] == nil {
			r.named[name] = map[sync.Target]bool{}
		}
		r.named[name][state.Target] = true
	}
}

func (r *roster) forget(t sync.Target) {
	for _, name := range r.known[t].gates {
		delete(r.named[name], t)
	}
	delete(r.known, t)
}

// states are those of the Targets that a Gate names, and maybe of others. What a Source cannot tell does not hide what the others can.
func (l *Loop) states(ctx context.Context, current *revision, of history.Key) (all []sync.State, err error) {
	for _, r := range l.rosters[of.Environment] {
		var states []sync.State
		var missing error
		if r.selective == nil {
			states, missing = r.all(ctx)
		} else {
			missing = r.selective.Missing() // before it is asked what moved, which tells of all that is not missing
			l.catchUp(ctx, r, current, of)
			found := false
			if states, found = r.of(of.Gate, current); !found {
				states, missing = r.all(ctx)
			}
		}
		err = errors.Join(err, missing)
		if all == nil {
			all = states // there may be thousands, and mostly there is one Source
			continue
		}
		all = append(all, states...)
	}
	return all, err
}

// others reads the states of the Targets that a Gate does not name. There may be thousands.
func (l *Loop) others(ctx context.Context, w *world) (others []sync.State) {
	for _, r := range l.rosters[w.key.Environment] {
		states, _ := r.all(ctx) // an error was told with the Gate's own
		for _, state := range states {
			if _, named := w.states[state.Target]; !named {
				others = append(others, state)
			}
		}
	}
	return others
}

// catchUp has those Gates take a pass that what moved concerns; but for one, which is in a pass.
func (l *Loop) catchUp(ctx context.Context, r *roster, current *revision, but history.Key) {
	gates, all := r.catchUp(ctx, current)
	if all {
		l.lookAgain(ctx, but.Environment)
	}
	for _, name := range gates {
		if name != but.Gate {
			l.driver.Again(history.Key{Environment: but.Environment, Gate: name})
		}
	}
}

// heard has the Gates take a pass that may be concerned by what a Source has just told.
func (l *Loop) heard(ctx context.Context, environment string, r *roster) {
	current := l.inForce[environment].get()
	switch {
	case r.selective == nil:
		l.lookAgain(ctx, environment)
	case current != nil: // else it is caught up with once there are Gates
		l.catchUp(ctx, r, current, history.Key{Environment: environment})
	}
}
