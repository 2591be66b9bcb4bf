package reconciler_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/tests"
)

// beside opens the history as another process does.
func (a *assay) beside() *history.Store {
	a.t.Helper()
	s, err := history.OpenBeside(a.t.Context(), filepath.Join(a.data, "history"))
	require.NoError(a.t, err)
	a.t.Cleanup(func() { require.NoError(a.t, s.Close()) })
	return s
}

func TestAHoldFromBesideStopsProposingAndMergingUntilItIsLifted(t *testing.T) {
	s := newShop(t)
	s.mode = tests.Merge
	s.tests.push("Be bold", bold(tests.Merge))
	s.start()
	beside := s.beside()
	waits := func(why string) func() bool {
		return func() bool {
			all, err := s.past.Decisions(t.Context(), history.Filter{Limit: 1})
			require.NoError(t, err)
			return len(all) == 1 && all[0].Action == "Wait" && strings.Contains(all[0].Reason, why)
		}
	}
	s.verified("shop", s.deploy("Sell at 7", price("7")))
	scope := history.Scope{Environment: "staging", Gate: "shop"}
	require.NoError(t, beside.Hold(t.Context(), history.Hold{Scope: scope, Reason: "the fair", By: "ann", At: time.Now()}))
	require.NoError(t, beside.Hold(t.Context(), history.Hold{Scope: history.Scope{Environment: "prod"}, Reason: "else", By: "bob", At: time.Now()}))

	bad := s.deploy("Sell for nothing", price("0"))
	require.Equal(t, gate.Failed, s.verified("shop", bad).Verdict.Outcome, "tests go on")
	s.eventually("the reason why nothing is proposed", waits("ann held environment staging, gate shop"))
	require.Empty(t, gitIn(t, s.config.bare, "for-each-ref", "refs/heads/assay"))
	state, err := s.past.Gate(t.Context(), history.Key{Environment: "staging", Gate: "shop"})
	require.NoError(t, err)
	require.NotContains(t, state.Proposals[0].Reason, "bob", "what is held elsewhere is nobody's reason here")

	n, err := beside.Resume(t.Context(), scope, "ann", time.Now())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	s.eventually("the revert", func() bool { return gitIn(t, s.config.bare, "rev-parse", "main") != bad })
	s.setLive(gitIn(t, s.config.bare, "rev-parse", "main"))
	s.eventually("recovery", func() bool { return s.incidents()[0].State == history.Recovered })
}
