package reconciler

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

// bakery is a Source of Targets that do not move.
type bakery struct {
	*sync.Moves
	states []sync.State
}

func (b *bakery) Targets(context.Context) ([]sync.State, error) { return slices.Clone(b.states), nil }
func (b *bakery) Missing() error                                { return nil }
func (b *bakery) These(targets []sync.Target) []sync.State {
	return slices.DeleteFunc(slices.Clone(b.states), func(s sync.State) bool { return !slices.Contains(targets, s.Target) })
}

// TestARosterIsOfTheTestsThatItCaughtUpWith has two passes meet while the tests change: each must get the Targets that its own tests name.
func TestARosterIsOfTheTestsThatItCaughtUpWith(t *testing.T) {
	bread, cake := sync.State{Target: sync.Target{Kind: "Site", Name: "bread"}}, sync.State{Target: sync.Target{Kind: "Site", Name: "cake"}}
	after := func(name string) *revision {
		g := &tests.Gate{Meta: tests.Meta{Metadata: tests.ObjectMeta{Name: "shop"}}}
		g.Spec.After = []tests.TargetSelector{{Kind: "Site", Name: name}}
		return &revision{Set: &tests.Set{Gates: []*tests.Gate{g}}}
	}
	older, newer := after("bread"), after("cake")
	r := newRoster(&bakery{sync.NewMoves(), []sync.State{bread, cake}}, nil)
	_, all := r.catchUp(t.Context(), older)
	require.True(t, all)
	states, found := r.of("shop", older)
	require.True(t, found)
	require.Equal(t, []sync.State{bread}, states)

	_, all = r.catchUp(t.Context(), newer) // by another pass
	require.True(t, all)
	_, found = r.of("shop", older)
	require.False(t, found)
	states, found = r.of("shop", newer)
	require.True(t, found)
	require.Equal(t, []sync.State{cake}, states)
}
