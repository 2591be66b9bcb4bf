package track_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	syncs "github.com/assay-dev/assay/sources/sync"
)

func TestOnlyWhatIsNewIsToldToHaveMoved(t *testing.T) {
	first, second := &syncs.Sync{Outcome: syncs.Applied}, &syncs.Sync{Outcome: syncs.Failed}
	in(t, func(t *testing.T, e *engine) {
		e.shop("one", "")
		e.run()
		e.moved()
		for _, step := range []struct {
			name   string
			state  syncs.State
			doubt  string
			synced []string
		}{
			{name: "a Sync", state: syncs.State{Sync: first}, synced: []string{"one"}},
			{name: "one on its way", state: syncs.State{Sync: first, Pending: &syncs.Sync{Reason: "it begins"}}},
			{name: "which is farther", state: syncs.State{Sync: first, Pending: &syncs.Sync{Reason: "it ends"}}},
			{name: "another", state: syncs.State{Sync: second}, synced: []string{"one"}},
			{name: "a Definition", state: syncs.State{Sync: second, Definition: &syncs.Definition{}}},
			{name: "a Reason", state: syncs.State{Sync: second, Definition: &syncs.Definition{}, Reason: "it is old"}},
			{name: "a doubt", state: syncs.State{Sync: second, Definition: &syncs.Definition{}}, doubt: "it may be old"},
		} {
			for _, moved := range [][]string{{"one"}, nil} {
				e.finds(func(_ context.Context, l *look) {
					pending := step.state.Pending
					if pending != nil {
						pending = &syncs.Sync{Reason: pending.Reason}
					}
					l.State.Sync, l.State.Pending, l.State.Definition, l.State.Reason = step.state.Sync, pending, step.state.Definition, step.state.Reason
					l.Doubt = step.doubt
				})
				e.tracker.LookAt(item("one"))
				require.Equal(t, moved, e.moved(), step.name)
			}
			require.Equal(t, step.synced, e.synced, step.name)
			e.synced = nil
			require.Equal(t, step.state.Reason+step.doubt, e.One().Reason, step.name)
		}
		e.shop("one", "team: other")
		require.Equal(t, []string{"one"}, e.moved(), "its labels")
	})
}

func TestWhatIsToldOfTargets(t *testing.T) {
	in(t, func(t *testing.T, e *engine) {
		e.finds(func(_ context.Context, l *look) { l.State.Reason = "the look of " + l.Item.Key.Name })
		for _, name := range []string{"two", "one", "three"} {
			e.shop(name, "")
		}
		e.run()
		var names []string
		for _, state := range e.States() {
			names = append(names, state.Target.Name)
		}
		require.Equal(t, []string{"one", "three", "two"}, names, "in the order of their names")

		other := target("one")
		other.Cluster = "test"
		these := e.tracker.These([]syncs.Target{target("two"), target("gone"), other, target("one")})
		require.Len(t, these, 2)
		require.Equal(t, target("two"), these[0].Target)
		require.Equal(t, target("one"), these[1].Target)

		state, known := e.tracker.State(item("two"))
		require.True(t, known)
		require.Equal(t, "the look of two", state.Reason)
		_, known = e.tracker.State(item("gone"))
		require.False(t, known)
	})
}

func TestATargetThatIsGoneIsForgotten(t *testing.T) {
	in(t, func(t *testing.T, e *engine) {
		var remembered int
		e.finds(func(_ context.Context, l *look) { remembered = *l.Remembered })
		e.shop("one", "")
		e.run()
		e.moved()
		before := remembered
		e.shop("one", "team: other")
		e.moved()
		require.Equal(t, before+1, remembered)
		require.NoError(t, e.Objects.Resource(resources["Shop"]).Namespace("shops").Delete(t.Context(), "one", metav1.DeleteOptions{}))
		require.Equal(t, []string{"one"}, e.moved())
		require.Empty(t, e.States())
		e.shop("one", "")
		e.moved()
		require.Equal(t, 1, remembered, "it is another one")
	})
}

func TestWhatMayBeMissingIsTold(t *testing.T) {
	in(t, func(t *testing.T, e *engine) {
		refused := apierrors.NewForbidden(resources["Shop"].GroupResource(), "", nil)
		e.Objects.PrependReactor("list", "shops", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, refused })
		e.run()
		e.looked()
		states, err := e.tracker.Targets(t.Context())
		require.Empty(t, states)
		require.ErrorContains(t, err, "Assay may not read shops.example.com")
		require.Equal(t, err, e.tracker.Missing())
	})
}
