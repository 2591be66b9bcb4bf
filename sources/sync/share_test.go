package sync_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/sync"
)

// steady is a Source of a few Targets.
type steady struct {
	*sync.Moves
	states []sync.State
}

func newSteady(states ...sync.State) *steady { return &steady{sync.NewMoves(), states} }

func (s *steady) Missing() error { return nil }

func (s *steady) Targets(context.Context) ([]sync.State, error) {
	return append([]sync.State(nil), s.states...), nil
}

func (s *steady) These(targets []sync.Target) (states []sync.State) {
	for _, state := range s.states {
		if slices.Contains(targets, state.Target) {
			states = append(states, state)
		}
	}
	return states
}

func team(cluster, namespace, name, team string) sync.State {
	return sync.State{
		Target: sync.Target{Cluster: cluster, Kind: "Kustomization", Namespace: namespace, Name: name}, Labels: map[string]string{"team": team},
	}
}

func TestAnEnvironmentSeesWhatItMay(t *testing.T) {
	source := newSteady(team("east", "shop-dev", "a", "red"), team("east", "shop-prod", "b", "red"), team("west", "shop-prod", "c", "blue"))
	var all []sync.Target
	for _, s := range source.states {
		all = append(all, s.Target)
	}
	red, err := labels.Parse("team=red")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		rule sync.Rule
		want []string
	}{
		"everything":       {sync.Rule{}, []string{"a", "b", "c"}},
		"a cluster":        {sync.Rule{Cluster: "west"}, []string{"c"}},
		"namespaces":       {sync.Rule{Namespaces: []string{"*-dev", "other"}}, []string{"a"}},
		"labels":           {sync.Rule{Labels: red}, []string{"a", "b"}},
		"all of it":        {sync.Rule{Cluster: "east", Namespaces: []string{"*-prod"}, Labels: red}, []string{"b"}},
		"a malformed glob": {sync.Rule{Namespaces: []string{"["}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			allowed := sync.Share(source).Allowed(c.rule)
			states, err := allowed.Targets(t.Context())
			require.NoError(t, err)
			require.Equal(t, states, allowed.These(all))
			var names []string
			for _, s := range states {
				names = append(names, s.Target.Name)
			}
			require.Equal(t, c.want, names)
		})
	}
}

// defining is a Source that tells how objects would have their Targets built.
type defining struct{ *steady }

func (defining) Defined(_ context.Context, _ sync.Target, object *render.Object) (sync.Build, error) {
	return sync.Build{Path: "apps/" + object.Name}, nil
}

func TestDefinitionsAreSharedToo(t *testing.T) {
	object, target := &render.Object{}, sync.Target{Kind: "Kustomization", Name: "a"}
	object.Name = "shop"
	told, err := sync.Share(defining{newSteady()}).Allowed(sync.Rule{}).(sync.Definitions).Defined(t.Context(), target, object)
	require.NoError(t, err)
	require.Equal(t, "apps/shop", told.Path)
	_, err = sync.Share(newSteady()).Allowed(sync.Rule{}).(sync.Definitions).Defined(t.Context(), target, object)
	require.ErrorContains(t, err, "nobody tells how an object would have Kustomization/a built")
}

func TestEveryEnvironmentHearsOfAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newSteady()
		shared := sync.Share(source)
		one, two := shared.Allowed(sync.Rule{}), shared.Allowed(sync.Rule{})
		ctx, cancel := context.WithCancel(t.Context())
		go shared.Run(ctx)
		a, b := sync.Target{Name: "a"}, sync.Target{Name: "b"}
		for _, moved := range []sync.Target{a, b, a} { // nobody takes the first: the second must not block
			source.Note(moved)
			synctest.Wait()
		}
		for _, each := range []sync.Selective{one, two} {
			require.Len(t, each.Changed(), 1)
			moved, all := each.Moved()
			require.ElementsMatch(t, []sync.Target{a, b}, moved, "each once")
			require.False(t, all)
		}
		source.NoteAll()
		synctest.Wait()
		_, all := one.Moved()
		require.True(t, all)
		moved, all := one.Moved()
		require.Empty(t, moved, "once")
		require.False(t, all)
		cancel()
	})
}

func TestWhatTheSourceHasToldIsNotOnItsWay(t *testing.T) {
	source := newSteady()
	shared := sync.Share(source)
	one, two := shared.Allowed(sync.Rule{}), shared.Allowed(sync.Rule{})
	a := sync.Target{Name: "a"}
	source.Note(a) // Run has not come to it yet
	for _, each := range []sync.Selective{one, two} {
		moved, all := each.Moved()
		require.Equal(t, []sync.Target{a}, moved)
		require.False(t, all)
	}
}
