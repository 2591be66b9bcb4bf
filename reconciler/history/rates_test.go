package history_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/reconciler/runner"
)

func TestRatesAreLearntAndDecay(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		pays := blame.CaseID{Suite: "smoke", Name: "checkout: pays"}
		ok := report.Case{Suite: "checkout", Name: "pays", Status: report.Passed}
		bad := report.Case{Suite: "checkout", Name: "pays", Status: report.Failed}
		verified(t, s, "v1", gate.Passed, nil, ok)
		verified(t, s, "v2", gate.Passed, &blame.Cause{Kind: blame.Flake}, bad)
		verified(t, s, "v3", gate.Failed, &blame.Cause{Kind: blame.Config}, bad)

		rates, err := s.Rates(ctx, key, []blame.CaseID{pays, {Suite: "smoke", Name: "other"}}, noon.Add(time.Minute))
		require.NoError(t, err)
		require.Equal(t, map[blame.CaseID]blame.Rate{pays: {Runs: 2, Flakes: 1}}, rates, "what broke for good teaches nothing of flakes")
		rates, err = s.Rates(ctx, key, []blame.CaseID{pays}, noon.Add(time.Minute+30*24*time.Hour))
		require.NoError(t, err)
		require.InDelta(t, 0.5, rates[pays].Flakes, 1e-9)
	})
}

// A Run that was lost says of its cases neither that they passed at once nor that they did not.
func TestALostRunTeachesNoRate(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		v := history.Verification{ID: "v1", Key: key, Targets: at("A", "c1"), Phase: history.Running, Started: noon}
		var runs []history.Run
		ends := []runner.End{runner.Killed, runner.NotStarted, runner.Exited}
		for n := range ends {
			runs = append(runs, history.Run{ID: fmt.Sprint("v1-", n), Verification: "v1", Purpose: history.ToVerify, Suite: "smoke", Attempt: n + 1, Shards: 1})
		}
		_, err := s.Begin(ctx, v, runs)
		require.NoError(t, err)
		pays := report.Case{Name: "pays", Status: report.Passed}
		for n, run := range runs {
			run.End, run.Started, run.Finished = ends[n], noon, noon.Add(time.Second)
			require.NoError(t, s.FinishRun(ctx, run, []*report.Report{report.Single(pays)}))
		}
		v.Phase, v.Finished, v.Verdict = history.Done, noon.Add(time.Minute), &gate.Verdict{Outcome: gate.Passed}
		require.NoError(t, s.Advance(ctx, v))
		id := blame.CaseID{Suite: "smoke", Name: "pays"}
		rates, err := s.Rates(ctx, key, []blame.CaseID{id}, v.Finished)
		require.NoError(t, err)
		require.Equal(t, map[blame.CaseID]blame.Rate{id: {Runs: 1}}, rates)
	})
}
