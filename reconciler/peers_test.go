package reconciler

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/sync"
)

// TestWhatIsSeenOfAnotherGate takes of its Verifications the one that says most about the time since noon.
func TestWhatIsSeenOfAnotherGate(t *testing.T) {
	// ended is one that ended some minutes after noon, or before.
	ended := func(id string, minutes int, outcome gate.Outcome, cause *blame.Cause) history.Verification {
		return history.Verification{
			ID: id, Phase: history.Done, Finished: noon.Add(time.Duration(minutes) * time.Minute), Verdict: &gate.Verdict{Outcome: outcome}, Cause: cause,
		}
	}
	running := history.Verification{ID: "running", Phase: history.Running}
	blaming := history.Verification{ID: "blaming", Phase: history.Blaming, Verdict: &gate.Verdict{Outcome: gate.Failed}}
	for name, tt := range map[string]struct {
		newestFirst []history.Verification
		want        string
	}{
		"nothing":                          {nil, ""},
		"it passed since":                  {[]history.Verification{ended("a", 1, gate.Passed, nil)}, "a"},
		"it passed just before":            {[]history.Verification{ended("a", -1, gate.Passed, nil)}, ""},
		"it failed just before":            {[]history.Verification{ended("a", -1, gate.Failed, &blame.Cause{Kind: blame.Unknown})}, "a"},
		"it passed long before":            {[]history.Verification{ended("a", -20, gate.Passed, nil)}, ""},
		"it failed long before":            {[]history.Verification{ended("a", -20, gate.Failed, &blame.Cause{Kind: blame.Unknown})}, ""},
		"it is out since long before":      {[]history.Verification{ended("a", -20, gate.Failed, &blame.Cause{Kind: blame.Environment, Outage: true})}, "a"},
		"it failed since, and passed then": {[]history.Verification{ended("a", 5, gate.Passed, nil), ended("b", 2, gate.Failed, &blame.Cause{Kind: blame.Environment})}, "b"},
		"a flake since":                    {[]history.Verification{ended("a", 5, gate.Passed, &blame.Cause{Kind: blame.Flake})}, "a"},
		"failed before, and passed before": {[]history.Verification{ended("a", -1, gate.Passed, nil), ended("b", -3, gate.Failed, &blame.Cause{Kind: blame.Environment})}, ""},
		"it runs":                          {[]history.Verification{running, ended("a", -1, gate.Passed, nil)}, "running"},
		"it runs, and passed since":        {[]history.Verification{running, ended("a", 1, gate.Passed, nil)}, "running"},
		"it is being blamed":               {[]history.Verification{blaming, ended("a", 1, gate.Passed, nil)}, "blaming"},
	} {
		t.Run(name, func(t *testing.T) {
			seen := seenMeanwhile(tt.newestFirst, noon)
			if tt.want == "" {
				require.Nil(t, seen)
				return
			}
			require.NotNil(t, seen)
			require.Equal(t, tt.want, seen.ID)
		})
	}
}

func TestWhatBlameAsksForIsDone(t *testing.T) {
	w := verifying()
	w.interval = 30 * time.Second
	open := *w.past.Latest
	open.Phase, open.Verdict = history.Blaming, &gate.Verdict{Outcome: gate.Failed, Reason: "told", Failing: []gate.FailedCase{{Suite: "smoke", Name: "pays"}}}
	c := blame.Case{
		Gate: w.gate, Verdict: *open.Verdict, Now: w.now, FailedAt: w.now, Tests: "T", Passed: &blame.Passed{Tests: "T", RanAt: noon},
		Changes: []blame.Change{{Target: shop, Before: "A", After: "B", Suspects: []blame.Suspect{{Commit: "c2"}}}},
	}
	w.evidence = &c
	require.Equal(t, history.ToRerun, decideBlame(w, open).(schedule).purpose)

	c.Controlled, w.controls = true, w.suites
	control := decideBlame(w, open).(schedule)
	require.Equal(t, history.ToControl, control.purpose)
	require.Equal(t, w.controls, control.suites)
	c.Controlled = false

	for range 7 {
		c.Rounds = append(c.Rounds, blame.Round{Outcome: gate.Failed})
	}
	c.Trials = &blame.Trials{Good: "c1", Rounds: map[string][]blame.Round{}}
	bisect := decideBlame(w, open).(schedule)
	require.Equal(t, history.ToBisect, bisect.purpose)
	require.Equal(t, "c1", bisect.trial.Commit)
	require.Equal(t, shop, bisect.trial.Targets[0])
	c.Trials = nil

	c.Peers = []blame.Peer{{Gate: "a"}, {Gate: "b"}}
	waiting := decideBlame(w, open).(wait)
	require.Equal(t, w.now.Add(30*time.Second), waiting.until, "nobody tells when the others are told")
	require.Contains(t, waiting.why, "may be an outage")
	c.Peers = nil
	require.Equal(t, "Config: c2 () is the only commit since the last pass that changed what is rendered", decideBlame(w, open).Reason())
}

func TestATrialIsBroughtAboutOrGivenUp(t *testing.T) {
	tried := func(edit func(*sync.Trial)) sync.State {
		trial := &sync.Trial{Commit: "c1", By: "v2", Since: noon.Add(time.Hour), Reason: "on its way"}
		edit(trial)
		return sync.State{Target: shop, Triable: true, Trial: trial}
	}
	for name, tt := range map[string]struct {
		state  sync.State
		action string
		reason string
	}{
		"nothing is tried yet":    {sync.State{Target: shop, Triable: true}, "Try", "c1 is brought live"},
		"another commit is tried": {tried(func(t *sync.Trial) { t.Commit = "c0" }), "Try", "c1"},
		"on its way":              {tried(func(*sync.Trial) {}), "Wait", "on its way"},
		"for too long":            {tried(func(t *sync.Trial) { t.Since = noon }), "GiveUp", "within 10m0s: on its way"},
		"live":                    {tried(func(t *sync.Trial) { t.Live = true }), "Execute", "1 run is waiting"},
		"allowed no more":         {sync.State{Target: shop}, "GiveUp", "no trials any more"},
	} {
		t.Run(name, func(t *testing.T) {
			w := verifying()
			w.states = map[sync.Target]sync.State{shop: tt.state}
			waiting := []history.Run{{ID: "r9", Purpose: history.ToBisect}}
			r := round{purpose: history.ToBisect, trial: &history.Trial{Commit: "c1", Targets: []sync.Target{shop}}, runs: waiting, waiting: waiting}
			action := decideTrial(w, w.past.Latest, r)
			require.Equal(t, tt.action, action.Name(), action.Reason())
			require.Contains(t, action.Reason(), tt.reason)
		})
	}
}
