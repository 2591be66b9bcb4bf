package sync_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/assay-dev/assay/sources/sync"
)

// steady is a Source of a few Targets.
type steady struct {
	states  []sync.State
	changed chan struct{}
}

func (s *steady) Changed() <-chan struct{} { return s.changed }

func (s *steady) Targets(context.Context) ([]sync.State, error) {
	return append([]sync.State(nil), s.states...), nil
}

func team(cluster, namespace, name, team string) sync.State {
	return sync.State{
		Target: sync.Target{Cluster: cluster, Kind: "Kustomization", Namespace: namespace, Name: name}, Labels: map[string]string{"team": team},
	}
}

func TestAnEnvironmentSeesWhatItMay(t *testing.T) {
	source := &steady{states: []sync.State{team("east", "shop-dev", "a", "red"), team("east", "shop-prod", "b", "red"), team("west", "shop-prod", "c", "blue")}}
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
			states, err := sync.Share(source).Allowed(c.rule).Targets(t.Context())
			require.NoError(t, err)
			var names []string
			for _, s := range states {
				names = append(names, s.Target.Name)
			}
			require.Equal(t, c.want, names)
		})
	}
}

func TestEveryEnvironmentHearsOfAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &steady{changed: make(chan struct{}, 1)}
		shared := sync.Share(source)
		one, two := shared.Allowed(sync.Rule{}), shared.Allowed(sync.Rule{})
		ctx, cancel := context.WithCancel(t.Context())
		go shared.Run(ctx)
		for range 2 { // nobody takes the first: the second must not block
			source.changed <- struct{}{}
			synctest.Wait()
		}
		require.Len(t, one.Changed(), 1)
		require.Len(t, two.Changed(), 1)
		cancel()
	})
}
