package main

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/cmd/assay/internal/wire"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/sync"
)

// pastOf makes the data of an Assay that verified some Gates, which it has open for as long as the test runs.
func pastOf(t *testing.T, keys ...history.Key) (data string) {
	t.Helper()
	data = t.TempDir()
	store, err := history.Open(t.Context(), filepath.Join(data, wire.HistoryDir))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	for _, key := range keys {
		v := history.Verification{
			ID: key.Environment + key.Gate, Key: key, Phase: history.Running, Started: time.Now(),
			Targets: []history.TargetState{{
				Target: sync.Target{Kind: "Site", Name: "shop"}, Digest: "D", Outcome: sync.Applied,
				Revisions: []sync.Revision{{Repository: "git.example.com/config", Branch: "main", Commit: "c0ffee", Path: "."}},
			}},
		}
		_, err := store.Begin(t.Context(), v, nil)
		require.NoError(t, err)
		v.Phase, v.Finished, v.Verdict = history.Done, time.Now(), &gate.Verdict{Outcome: gate.Passed, Reason: "1 case passed"}
		require.NoError(t, store.Advance(t.Context(), v))
	}
	return data
}

func TestHoldAndResume(t *testing.T) {
	data := pastOf(t, history.Key{Environment: "prod", Gate: "shop"}, history.Key{Environment: "staging", Gate: "shop"})
	t.Setenv(dataDirVariable, data)
	held := assay(t, "hold", "--environment", "prod", "--for", "2h", "--reason", "release freeze")
	require.Equal(t, exitYes, held.code, held.err)
	require.Regexp(t, `^\S.* held environment prod at \S+Z, until \S+Z: release freeze\n$`, held.out)
	held = assay(t, "hold", "--repository", "https://git.example.com/config.git", "--reason", "moving")
	require.Equal(t, exitYes, held.code, held.err)
	require.Contains(t, held.out, "repository git.example.com/config at", "it is normalised")

	status := assay(t, "status")
	require.Regexp(t, `^ON HOLD: .*release freeze\nON HOLD: .*moving\nENVIRONMENT`, status.out)
	require.Contains(t, status.out, "[on hold]")
	var now standing
	require.NoError(t, json.Unmarshal([]byte(assay(t, "status", "-o", "json").out), &now))
	require.Len(t, now.Holds, 2)
	require.Len(t, now.Items[0].Holds, 2)
	require.Len(t, now.Items[1].Holds, 1)

	all := assay(t, "resume")
	require.Equal(t, exitNo, all.code)
	require.Contains(t, all.err, "no hold is of exactly everything; in force are:\n")
	require.Contains(t, all.err, "release freeze")
	lifted := assay(t, "resume", "--environment", "prod")
	require.Equal(t, exitYes, lifted.code, lifted.err)
	require.Regexp(t, `^lifted 1 hold of environment prod\nstill in force:\n  .*moving\n$`, lifted.out)
	require.Equal(t, exitYes, assay(t, "resume", "--repository", "https://git.example.com/config").code)
	require.Equal(t, "assay: nothing is held\n", assay(t, "resume").err)
	require.NotContains(t, assay(t, "status").out, "hold")
}

func TestBeforeAnythingWasVerified(t *testing.T) {
	t.Setenv(dataDirVariable, pastOf(t))
	require.Equal(t, "no gate is known yet: assay run verifies each once its targets are seen\n", assay(t, "status", "--gate", "shop").out)
	require.Equal(t, "nothing was verified yet, or nothing that was chosen\n", assay(t, "history", "--gate", "shop").out)
	require.Equal(t, "no incident yet, or none that matches\n", assay(t, "incidents").out)
	require.Contains(t, assay(t, "hold", "--gate", "shop", "--reason", "x").err, "nothing is known of gate shop: hold everything")
	require.Equal(t, exitYes, assay(t, "hold", "--reason", "x").code)
}

func TestWhatIsMisspeltHoldsNothing(t *testing.T) {
	t.Setenv(dataDirVariable, pastOf(t, history.Key{Environment: "prod", Gate: "shop"}, history.Key{Environment: "prod", Gate: "pay"}))
	for name, tt := range map[string]struct {
		args []string
		err  string
	}{
		"no reason":             {[]string{"hold"}, "--reason"},
		"an empty reason":       {[]string{"hold", "--reason", " "}, "--reason"},
		"a time gone by":        {[]string{"hold", "--reason", "x", "--for", "-2h"}, "--for -2h0m0s must be"},
		"unknown environment":   {[]string{"hold", "--reason", "x", "--environment", "pord"}, "no environment pord is known: there is prod"},
		"unknown gate":          {[]string{"hold", "--reason", "x", "--gate", "shpo"}, "no gate shpo is known: there is pay, shop"},
		"unknown repository":    {[]string{"hold", "--reason", "x", "--repository", "https://git.example.com/cofnig"}, "there is git.example.com/config"},
		"status of no gate":     {[]string{"status", "--gate", "shpo"}, "no gate shpo is known: there is pay, shop"},
		"history of no gate":    {[]string{"history", "--gate", "shpo"}, "no gate shpo is known: there is pay, shop"},
		"since a time to come":  {[]string{"history", "--since", "-1h"}, "--since -1h0m0s must be"},
		"less than none":        {[]string{"incidents", "--limit", "-1"}, "--limit -1 must be"},
		"no history to hold in": {[]string{"hold", "--reason", "x", "--data-dir", "nowhere"}, "there is no history in nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			got := assay(t, tt.args...)
			require.Equal(t, exitUsage, got.code, got.err)
			require.Contains(t, got.err, tt.err)
			require.Empty(t, got.out)
		})
	}
}
