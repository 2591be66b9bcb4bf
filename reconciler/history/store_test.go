package history_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/sync"
)

var (
	noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	key  = history.Key{Environment: "staging", Gate: "shop"}
	shop = sync.Target{Kind: "Site", Name: "shop"}
)

func at(digest, commit string) []history.TargetState {
	return []history.TargetState{{
		Target: shop, Digest: digest, Outcome: sync.Applied,
		Revisions: []sync.Revision{{Repository: "https://git.example/config", Branch: "main", Commit: commit, Path: "staging"}},
	}}
}

// verified records one Verification with one Run of the given cases, up to its end.
func verified(t *testing.T, s *history.Store, id string, outcome gate.Outcome, cause *blame.Cause, cases ...report.Case) history.Verification {
	t.Helper()
	ctx := t.Context()
	v := history.Verification{ID: id, Key: key, Targets: at("A", "c-"+id), Phase: history.Running, Started: noon}
	run := history.Run{ID: id + "-1", Verification: id, Purpose: history.ToVerify, Suite: "smoke", Attempt: 1, Shards: 1}
	created, err := s.Begin(ctx, v, []history.Run{run})
	require.NoError(t, err)
	require.True(t, created)
	require.NoError(t, s.StartRun(ctx, run.ID, noon))
	run.End, run.Started, run.Finished = runner.Exited, noon, noon.Add(time.Second)
	var reports []*report.Report
	for _, c := range cases {
		reports = append(reports, report.Single(c))
	}
	require.NoError(t, s.FinishRun(ctx, run, reports))
	v.Phase, v.Finished, v.Cause = history.Done, noon.Add(time.Minute), cause
	v.Verdict = &gate.Verdict{Outcome: outcome, Reason: "as told", Suites: []gate.Suite{{Name: "smoke", Outcome: outcome}}}
	for _, c := range cases {
		if c.Unsuccessful() {
			v.Verdict.Failing = append(v.Verdict.Failing, gate.FailedCase{Suite: "smoke", Name: c.FullName()})
		}
	}
	require.NoError(t, s.Advance(ctx, v))
	return v
}

func TestWhatIsNamedByItsInputsIsWrittenOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		v := verified(t, s, "v1", gate.Passed, nil, report.Case{Name: "pays", Status: report.Passed})

		created, err := s.Begin(ctx, history.Verification{ID: "v1", Key: key, Phase: history.Running}, nil)
		require.NoError(t, err)
		require.False(t, created)
		require.NoError(t, s.Advance(ctx, v), "the same end again")
		v.Verdict.Outcome = gate.Failed
		require.ErrorContains(t, s.Advance(ctx, v), "Done already, and that is final")

		runs, err := s.Runs(ctx, "v1")
		require.NoError(t, err)
		require.Len(t, runs, 1)
		require.NoError(t, s.AddRuns(ctx, runs))
		require.NoError(t, s.FinishRun(ctx, runs[0], nil), "the same end again")
		require.ErrorContains(t, s.StartRun(ctx, runs[0].ID, noon), "ended already")
		runs[0].ExitCode = 1
		require.ErrorContains(t, s.FinishRun(ctx, runs[0], nil), "it ended as Exited already")
		require.ErrorContains(t, s.StartRun(ctx, "none", noon), "no such run")
	})
}

func TestReportsComeBackAsTheyWere(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		want := &report.Report{
			Format: "junit", Counts: report.Counts{Total: 2, Passed: 1, Failed: 1}, Duration: 3 * time.Second, Problems: []string{"a problem"},
			Metrics: map[string]float64{"p95": 12.5},
			Cases: []report.Case{
				{Name: "pays", Suite: "checkout", File: "pay.go", Status: report.Failed, Message: "402", Detail: "stack", Duration: time.Second},
				{Name: "lists", Status: report.Passed, Flaky: true},
			},
		}
		run := history.Run{ID: "r", Verification: "v", Suite: "smoke"}
		_, err := s.Begin(ctx, history.Verification{ID: "v", Key: key, Phase: history.Running}, []history.Run{run})
		require.NoError(t, err)
		run.End = runner.Exited
		require.NoError(t, s.FinishRun(ctx, run, []*report.Report{want, report.Single(report.Case{Name: "x", Status: report.Passed})}))
		got, err := s.Reports(ctx, "r")
		require.NoError(t, err)
		require.Len(t, got, 2)
		require.Equal(t, want, got[0])
	})
}

func TestGateTellsWhatIsOpenAndWhatPassed(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		empty, err := s.Gate(ctx, key)
		require.NoError(t, err)
		require.Equal(t, history.GateState{}, empty)

		passed := verified(t, s, "v1", gate.Passed, nil)
		failed := verified(t, s, "v2", gate.Failed, &blame.Cause{Kind: blame.Config, Reason: "c2"})
		verified(t, s, "v3", gate.Inconclusive, nil)
		verified(t, s, "v4", gate.Inconclusive, nil)
		_, err = s.Begin(ctx, history.Verification{ID: "v5", Key: key, Phase: history.Running}, nil)
		require.NoError(t, err)
		created, err := s.OpenIncident(ctx, history.Incident{ID: "v2", Key: key, Verification: "v2", Latest: "v2", State: history.Ongoing, Cause: failed.Cause})
		require.NoError(t, err)
		require.True(t, created)
		proposal := history.Proposal{ID: "p", Incident: "v2", Key: key, Repository: "https://git.example/config", State: history.ProposalOpen}
		require.NoError(t, s.SaveProposal(ctx, proposal))

		got, err := s.Gate(ctx, key)
		require.NoError(t, err)
		require.Equal(t, "v5", got.Latest.ID)
		require.Equal(t, "v4", got.Final.ID)
		require.Equal(t, 2, got.InconclusiveInARow)
		require.Equal(t, passed.ID, got.Passed.Verification)
		require.Equal(t, passed.Finished, got.Passed.RanAt)
		require.Equal(t, "v2", got.Incident.ID)
		require.Equal(t, []history.Proposal{proposal}, got.Proposals)

		keys, err := s.Keys(ctx)
		require.NoError(t, err)
		require.Equal(t, []history.Key{key}, keys)
		unfinished, err := s.Unfinished(ctx)
		require.NoError(t, err)
		require.Equal(t, []history.Key{key}, unfinished)
	})
}

func TestUnfinishedIsWhatMustEnd(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		verified(t, s, "v1", gate.Failed, &blame.Cause{Kind: blame.Config})
		incident := history.Incident{ID: "v1", Key: key, State: history.Ongoing}
		_, err := s.OpenIncident(ctx, incident)
		require.NoError(t, err)
		unfinished, err := s.Unfinished(ctx)
		require.NoError(t, err)
		require.Equal(t, []history.Key{key}, unfinished)
		incident.State = history.Recovered
		require.NoError(t, s.UpdateIncident(ctx, incident))
		unfinished, err = s.Unfinished(ctx)
		require.NoError(t, err)
		require.Empty(t, unfinished)
	})
}

func TestInheritMovesCommitsAndNothingElse(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		verified(t, s, "v1", gate.Passed, nil)
		require.ErrorContains(t, s.Inherit(ctx, key, at("B", "c2"), "no", noon), "no verdict of the same digests")
		require.NoError(t, s.Inherit(ctx, key, at("A", "c2"), "renders the same", noon.Add(time.Hour)))
		got, err := s.Gate(ctx, key)
		require.NoError(t, err)
		require.Equal(t, "c2", got.Passed.Targets[0].Revisions[0].Commit)
		require.Equal(t, "c2", got.Final.Targets[0].Revisions[0].Commit)
		require.Equal(t, noon.Add(time.Minute), got.Passed.RanAt, "the time of the last pass that ran")

		verified(t, s, "v2", gate.Failed, &blame.Cause{Kind: blame.Unknown})
		require.NoError(t, s.Inherit(ctx, key, at("A", "c3"), "renders the same", noon))
		got, err = s.Gate(ctx, key)
		require.NoError(t, err)
		require.Equal(t, "c2", got.Passed.Targets[0].Revisions[0].Commit, "a failed state hands no pass down")
	})
}

func TestSawSyncKeepsOnlyWhatIsNew(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		one := sync.Sync{Target: shop, Digest: "A", Outcome: sync.Applied, At: noon}
		two := sync.Sync{Target: shop, Digest: "B", Outcome: sync.Applied, At: noon.Add(time.Minute)}
		for _, tt := range []struct {
			seen  sync.Sync
			isNew bool
		}{{one, true}, {one, false}, {two, true}, {one, true}, {one, false}} {
			isNew, err := s.SawSync(ctx, "staging", tt.seen)
			require.NoError(t, err)
			require.Equal(t, tt.isNew, isNew)
		}
	})
}

func TestWhatIsFinalStaysFinal(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		incident := history.Incident{ID: "i", Key: key, State: history.Ongoing}
		_, err := s.OpenIncident(ctx, incident)
		require.NoError(t, err)
		incident.State = history.Recovered
		require.NoError(t, s.UpdateIncident(ctx, incident))
		incident.State = history.Ongoing
		require.ErrorContains(t, s.UpdateIncident(ctx, incident), "Recovered already")

		proposal := history.Proposal{ID: "p", Key: key, State: history.ProposalClosed}
		require.NoError(t, s.SaveProposal(ctx, proposal))
		proposal.State = history.ProposalOpen
		require.ErrorContains(t, s.SaveProposal(ctx, proposal), "Closed already")
	})
}

func TestDecisionsCountUp(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		d := history.Decision{Key: key, Action: "Wait", Reason: "nothing changed", At: noon}
		for i, want := range []bool{false, true, true} {
			repeated, err := s.Decide(ctx, d)
			require.NoError(t, err)
			require.Equal(t, want, repeated, i)
		}
		_, err := s.Decide(ctx, history.Decision{Key: key, Action: "Verify", Reason: "a sync", At: noon.Add(time.Second)})
		require.NoError(t, err)
		got, err := s.Decisions(ctx, history.Filter{Environment: "staging", Limit: 5})
		require.NoError(t, err)
		require.Len(t, got, 2)
		require.Equal(t, "Verify", got[0].Action)
		require.Equal(t, 3, got[1].Times)
	})
}

func TestOpenRefusesADamagedDatabase(t *testing.T) {
	dir := t.TempDir()
	s, err := history.Open(t.Context(), dir)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	file := filepath.Join(dir, "history.db")
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	for i := 4096; i < len(data); i++ {
		data[i] = 0xAA
	}
	require.NoError(t, os.WriteFile(file, data, 0o600))
	_, err = history.Open(t.Context(), dir)
	require.ErrorContains(t, err, "damaged")
	require.ErrorContains(t, err, dir)
}

func TestOpenRefusesANewerSchema(t *testing.T) {
	everyPlace(t, func(t *testing.T, place string) {
		s, err := history.Open(t.Context(), place)
		require.NoError(t, err)
		require.NoError(t, s.Close())
		driver, name := "sqlite", filepath.Join(place, "history.db")
		if strings.HasPrefix(place, "postgres:") {
			driver, name = "pgx", place
		}
		db, err := sql.Open(driver, name)
		require.NoError(t, err)
		_, err = db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, '1')`)
		require.NoError(t, err)
		require.NoError(t, db.Close())
		_, err = history.Open(t.Context(), place)
		require.ErrorContains(t, err, "newer Assay")
		_, err = history.OpenReadOnly(t.Context(), place)
		require.ErrorContains(t, err, "another version of Assay")
	})
}

// A report may hold what no database takes as it is. Everything else of it is kept, and it never keeps the Run from being recorded.
func TestWhatIsNoTextIsRecorded(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		run := history.Run{ID: "r", Verification: "v", Suite: "smoke", Output: "a\x00b"}
		_, err := s.Begin(ctx, history.Verification{ID: "v", Key: key, Phase: history.Running}, []history.Run{run})
		require.NoError(t, err)
		run.End = runner.Exited
		bad := report.Case{Name: "zero \x00 byte", Message: "no \xff UTF-8", Detail: "kept", Status: report.Failed}
		require.NoError(t, s.FinishRun(ctx, run, []*report.Report{report.Single(bad)}))
		got, err := s.Reports(ctx, "r")
		require.NoError(t, err)
		require.Equal(t, "kept", got[0].Cases[0].Detail)
		known, err := s.Run(ctx, "r")
		require.NoError(t, err)
		require.Equal(t, run.Output, known.Output)
		_, err = s.Decide(ctx, history.Decision{Key: key, Action: "Wait", Reason: "it said \x00 and \xff", At: noon})
		require.NoError(t, err)
	})
}

func TestAThousandCasesComeBackInTheirOrder(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		run := history.Run{ID: "r", Verification: "v", Suite: "smoke"}
		_, err := s.Begin(ctx, history.Verification{ID: "v", Key: key, Phase: history.Running}, []history.Run{run})
		require.NoError(t, err)
		want := &report.Report{Metrics: map[string]float64{}}
		for i := range 1371 {
			want.Cases = append(want.Cases, report.Case{Name: fmt.Sprint("case ", i), Status: report.Passed})
		}
		run.End = runner.Exited
		require.NoError(t, s.FinishRun(ctx, run, []*report.Report{want}))
		got, err := s.Reports(ctx, "r")
		require.NoError(t, err)
		require.Equal(t, want.Cases, got[0].Cases)
	})
}

func TestWhoComesFirstBringsTheKey(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		for _, mine := range []string{"first", "second"} {
			key, err := s.Key(t.Context(), "digests", []byte(mine))
			require.NoError(t, err)
			require.Equal(t, "first", string(key))
		}
	})
}
