package sync

import (
	"context"
	"fmt"
	"path"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/assay-dev/assay/sources/render"
)

// Rule says which Targets an Environment may see. Every field that is given must match.
type Rule struct {
	// Cluster is the operator's name for it.
	Cluster string
	// Namespaces are globs, as path.Match takes them; one that is malformed matches nothing.
	Namespaces []string
	// Labels are those of the Target.
	Labels labels.Selector
}

// Allows tells whether a Target may be seen.
func (r Rule) Allows(t Target, of map[string]string) bool {
	return (r.Cluster == "" || r.Cluster == t.Cluster) &&
		(len(r.Namespaces) == 0 || slices.ContainsFunc(r.Namespaces, func(glob string) bool {
			matched, err := path.Match(glob, t.Namespace)
			return matched && err == nil
		})) &&
		(r.Labels == nil || r.Labels.Matches(labels.Set(of)))
}

// Shared is one Source for several Environments, each of which sees what its Rule allows and hears of every change.
type Shared struct {
	source Selective

	mu   sync.Mutex
	seen []*allowed
}

// Share makes a Source one for several; its Changed and Moved are Shared's alone from now on.
func Share(source Selective) *Shared { return &Shared{source: source} }

// Run passes on what changes until ctx ends.
func (s *Shared) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.source.Changed():
		}
		s.pass()
	}
}

// pass has everybody hear of what moved.
func (s *Shared) pass() {
	s.mu.Lock()
	defer s.mu.Unlock()
	targets, all := s.source.Moved()
	if len(targets) == 0 && !all {
		return
	}
	for _, a := range s.seen {
		a.note(targets, all)
	}
}

// Allowed is the part of the Source that a Rule allows to be seen.
func (s *Shared) Allowed(rule Rule) Selective {
	a := &allowed{Moves: NewMoves(), shared: s, source: s.source, rule: rule}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, a)
	return a
}

type allowed struct {
	*Moves
	shared *Shared
	source Selective
	rule   Rule
}

// Moved implements Selective: nothing that the Source has told is still on its way here.
func (a *allowed) Moved() ([]Target, bool) {
	a.shared.pass()
	return a.Moves.Moved()
}

// Targets implements Source.
func (a *allowed) Targets(ctx context.Context) ([]State, error) {
	states, err := a.source.Targets(ctx)
	return a.only(states), err
}

// These implements Selective.
func (a *allowed) These(targets []Target) []State { return a.only(a.source.These(targets)) }

// Missing implements Selective.
func (a *allowed) Missing() error { return a.source.Missing() }

// Defined implements Definitions, where the shared Source does.
func (a *allowed) Defined(ctx context.Context, t Target, object *render.Object) (Build, error) {
	definitions, can := a.source.(Definitions)
	if !can {
		return Build{}, fmt.Errorf("nobody tells how an object would have %s built", t)
	}
	return definitions.Defined(ctx, t, object)
}

func (a *allowed) only(states []State) []State {
	return slices.DeleteFunc(states, func(s State) bool { return !a.rule.Allows(s.Target, s.Labels) })
}
