package history_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/history"
)

func TestHoldsAreInForceUntilTheyAreLiftedOrOver(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		prod := history.Scope{Environment: "prod"}
		require.NoError(t, s.Hold(ctx, history.Hold{Scope: prod, Reason: "the fair", By: "ann", At: noon, Until: noon.Add(2 * time.Hour)}))
		require.NoError(t, s.Hold(ctx, history.Hold{Scope: history.Scope{Gate: "shop"}, Reason: "we look at it", By: "bob", At: noon}))

		held := func(now time.Time) (by []string) {
			all, err := s.Holds(ctx, now)
			require.NoError(t, err)
			for _, h := range all {
				by = append(by, h.By)
			}
			return by
		}
		require.Equal(t, []string{"ann", "bob"}, held(noon))
		require.Equal(t, []string{"bob"}, held(noon.Add(2*time.Hour)), "over by itself")

		n, err := s.Resume(ctx, history.Scope{}, "eve", noon)
		require.NoError(t, err)
		require.Zero(t, n, "a wider scope lifts nothing")
		n, err = s.Resume(ctx, prod, "eve", noon.Add(3*time.Hour))
		require.NoError(t, err)
		require.Zero(t, n, "what is over is not lifted")
		n, err = s.Resume(ctx, prod, "eve", noon.Add(time.Hour))
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.Equal(t, []string{"bob"}, held(noon.Add(time.Hour)))
	})
}

func TestWhatAHoldStops(t *testing.T) {
	const config = "https://git.example/config"
	for name, tt := range map[string]struct {
		scope    history.Scope
		says     string
		concerns bool
		stops    bool
	}{
		"everything":          {history.Scope{}, "everything", true, true},
		"the environment":     {history.Scope{Environment: "staging"}, "environment staging", true, true},
		"another environment": {history.Scope{Environment: "prod"}, "environment prod", false, false},
		"the gate":            {history.Scope{Environment: "staging", Gate: "shop"}, "environment staging, gate shop", true, true},
		"another gate":        {history.Scope{Gate: "pay"}, "gate pay", false, false},
		"the repository":      {history.Scope{Repository: config}, "repository " + config, true, true},
		"another repository":  {history.Scope{Repository: config + "2"}, "repository " + config + "2", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := history.Hold{Scope: tt.scope, Reason: "the fair", By: "ann", At: noon}
			require.Equal(t, tt.concerns, h.Concerns(key))
			require.Equal(t, tt.stops, h.Stops(key, config))
			require.Equal(t, "ann held "+tt.says+" at 2026-05-04T12:00:00Z: the fair", h.String())
		})
	}
}

func TestAnotherProcessHoldsWhileAnAssayWrites(t *testing.T) {
	everyPlace(t, func(t *testing.T, place string) {
		ctx, running := t.Context(), open(t, place)
		verified(t, running, "v1", "Passed", nil)
		beside, err := history.OpenBeside(ctx, place)
		require.NoError(t, err)
		require.NoError(t, beside.Hold(ctx, history.Hold{Reason: "the fair", By: "ann", At: noon}))
		require.NoError(t, beside.Close())

		state, err := running.Gate(ctx, key)
		require.NoError(t, err)
		require.Len(t, state.Holds, 1, "what is held is known at once")
	})
}
