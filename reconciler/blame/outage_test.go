package blame_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/sources/sync"
)

// peers are other Gates that share no change with this one, edited by their place.
func peers(n int, outcome gate.Outcome, edit ...func(*blame.Peer)) (all []blame.Peer) {
	for i := range n {
		p := blame.Peer{Gate: fmt.Sprintf("%s-%d", outcome, i), Outcome: outcome, Failures: 1, Failing: []blame.CaseID{pays}, Rates: map[blame.CaseID]blame.Rate{pays: {Runs: 50}}}
		for _, e := range edit {
			e(&p)
		}
		all = append(all, p)
	}
	return all
}

func join(lists ...[]blame.Peer) (all []blame.Peer) {
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

func TestOutages(t *testing.T) {
	flaky := func(p *blame.Peer) { p.Rates = map[blame.CaseID]blame.Rate{pays: {Runs: 100, Flakes: 16}} }
	open := func(p *blame.Peer) { p.Open = true }
	related := func(p *blame.Peer) { p.Related = true }
	for name, tt := range map[string]struct {
		peers []blame.Peer
		kind  blame.Kind
	}{
		"one fails for which nothing changed":      {peers(1, gate.Failed, func(p *blame.Peer) { p.Unchanged = true }), blame.Environment},
		"one of many for which nothing changed":    {join(peers(1, gate.Failed, func(p *blame.Peer) { p.Unchanged = true }), peers(3, gate.Passed)), blame.Config},
		"nobody else ran":                          {nil, blame.Config},
		"one other gate fails":                     {peers(1, gate.Failed), blame.Config},
		"two others fail":                          {peers(2, gate.Failed), blame.Environment},
		"two of many fail":                         {join(peers(2, gate.Failed), peers(10, gate.Passed)), blame.Config},
		"half of them fail":                        {join(peers(5, gate.Failed), peers(6, gate.Passed)), blame.Environment},
		"those that share a change do not count":   {peers(5, gate.Failed, related), blame.Config},
		"flakes do not count":                      {peers(5, gate.Failed, flaky), blame.Config},
		"unless they fail again and again":         {peers(5, gate.Failed, flaky, func(p *blame.Peer) { p.Failures = 3 }), blame.Environment},
		"nor those that gave no evidence":          {peers(5, gate.Inconclusive), blame.Config},
		"syncs that fail do, whatever the rates":   {peers(2, gate.Failed, flaky, func(p *blame.Peer) { p.SyncFailed = true }), blame.Environment},
		"one that fails for a reason of its own":   {join(peers(1, gate.Failed), peers(1, gate.Failed, related)), blame.Config},
		"a gate whose condition does not hold":     {peers(2, gate.Failed, func(p *blame.Peer) { p.Failing = nil }), blame.Environment},
		"many cases at once, each of them flaky":   {peers(2, gate.Failed, flaky, func(p *blame.Peer) { p.Failing = append(p.Failing, pays) }), blame.Environment},
		"those that are not told, when it is late": {peers(5, gate.Failed, flaky, open), blame.Config},
	} {
		t.Run(name, func(t *testing.T) {
			d := blame.Decide(broken(func(c *blame.Case) { c.Peers, c.FailedAt = tt.peers, noon.Add(-time.Hour) }))
			require.NotNil(t, d.Cause, d.Reason)
			require.Equal(t, tt.kind, d.Cause.Kind, d.Reason)
			require.Equal(t, tt.kind == blame.Environment, d.Cause.Outage)
		})
	}
}

func TestAnOutageIsFoundBeforeAnyRerun(t *testing.T) {
	for name, rerun := range map[string][]blame.Round{"none was made": nil, "it is over, and passes again": {{Outcome: gate.Passed, Passed: []blame.CaseID{pays}}}} {
		t.Run(name, func(t *testing.T) {
			d := blame.Decide(broken(func(c *blame.Case) { c.Rounds, c.Peers = rerun, peers(2, gate.Failed) }))
			require.NotNil(t, d.Cause)
			require.True(t, d.Cause.Outage, "and not learnt as a flake")
			require.Contains(t, d.Reason, "Failed-0, Failed-1, and this one")
		})
	}
}

func TestConfigWaitsForWhatMayBeAnOutage(t *testing.T) {
	for name, waiting := range map[string][]blame.Peer{
		"they run": peers(2, ""), "they are being blamed": peers(2, gate.Failed, func(p *blame.Peer) { p.Open, p.Rates = true, map[blame.CaseID]blame.Rate{pays: {Runs: 9, Flakes: 3}} }),
	} {
		t.Run(name, func(t *testing.T) {
			d := blame.Decide(broken(func(c *blame.Case) { c.Peers = waiting }))
			require.Equal(t, blame.Await, d.Probe, d.Reason)
			require.Equal(t, noon.Add(9*time.Minute), d.Until, "the deadline after the failure")
			require.Contains(t, d.Reason, "not told yet")
		})
	}
	d := blame.Decide(broken(func(c *blame.Case) { c.Peers = join(peers(2, ""), peers(9, gate.Passed)) }))
	require.Equal(t, blame.Config, d.Cause.Kind, "they could not make an outage any more")
}

func TestControlSuites(t *testing.T) {
	for name, tt := range map[string]struct {
		controls []gate.Outcome
		kind     blame.Kind
		evidence string
	}{
		"they pass":               {[]gate.Outcome{gate.Passed}, blame.Config, "the control suites pass"},
		"they flake":              {[]gate.Outcome{gate.Failed, gate.Failed, gate.Passed}, blame.Config, "the control suites pass"},
		"they keep failing":       {[]gate.Outcome{gate.Failed, gate.Failed, gate.Failed, gate.Failed}, blame.Environment, ""},
		"they say nothing":        {[]gate.Outcome{gate.Inconclusive, gate.Inconclusive, gate.Inconclusive}, blame.Config, "gave no evidence"},
		"they say nothing always": {[]gate.Outcome{gate.Inconclusive, gate.Inconclusive, gate.Passed}, blame.Config, "the control suites pass"},
	} {
		t.Run(name, func(t *testing.T) {
			d := blame.Decide(broken(func(c *blame.Case) { c.Controlled, c.Controls = true, tt.controls }))
			require.NotNil(t, d.Cause, d.Reason)
			require.Equal(t, tt.kind, d.Cause.Kind, d.Reason)
			require.Equal(t, tt.kind == blame.Environment, d.Cause.Outage)
			require.Contains(t, fmt.Sprint(d.Cause.Evidence), tt.evidence)
		})
	}
}

func TestWhatFailedBeforeTheChangeIsNotItsFault(t *testing.T) {
	before := blame.Earlier{At: noon.Add(-30 * time.Minute), Kind: blame.Environment, Cases: []blame.CaseID{pays}, Unchanged: true}
	for name, tt := range map[string]struct {
		edit func(*blame.Earlier)
		kind blame.Kind
	}{
		"drift":                      {func(*blame.Earlier) {}, blame.Environment},
		"an outage":                  {func(e *blame.Earlier) { e.Outage = true }, blame.Environment},
		"it had changed by then":     {func(e *blame.Earlier) { e.Unchanged = false }, blame.Config},
		"other cases failed":         {func(e *blame.Earlier) { e.Cases = []blame.CaseID{{Suite: "smoke", Name: "other"}} }, blame.Config},
		"a condition that held once": {func(e *blame.Earlier) { e.Cases = nil }, blame.Environment},
	} {
		t.Run(name, func(t *testing.T) {
			e := before
			tt.edit(&e)
			d := blame.Decide(broken(func(c *blame.Case) { c.Earlier = []blame.Earlier{e} }))
			require.Equal(t, tt.kind, d.Cause.Kind, d.Reason)
		})
	}
}

func TestOthersAreAskedWhetherTheyFailToo(t *testing.T) {
	for name, tt := range map[string]struct {
		edit func(*blame.Case)
		ask  []string
	}{
		"once it failed again":           {func(*blame.Case) {}, []string{"a", "b", "c"}},
		"not at the first failure":       {func(c *blame.Case) { c.Rounds = nil }, nil},
		"only as many as are missing":    {func(c *blame.Case) { c.Peers = join(peers(1, gate.Passed), peers(1, "")) }, []string{"a"}},
		"not where enough ran":           {func(c *blame.Case) { c.Peers = peers(3, gate.Passed) }, nil},
		"not where a control suite does": {func(c *blame.Case) { c.Controlled, c.Controls = true, []gate.Outcome{gate.Passed} }, nil},
		"not where nothing is reverted":  {func(c *blame.Case) { c.Changes[0].After = "A" }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := blame.Decide(broken(func(c *blame.Case) {
				c.Rounds, c.Askable = rounds(1, gate.Failed), []string{"a", "b", "c", "d"}
				tt.edit(c)
			}))
			require.Equal(t, tt.ask, d.Ask, d.Reason)
			require.Equal(t, tt.ask != nil, d.Probe == blame.AskOthers)
		})
	}
	d := blame.Decide(unhealthy(sync.NotHealthy, func(c *blame.Case) { c.Askable = []string{"a"} }))
	require.Equal(t, []string{"a"}, d.Ask, "a sync that failed needs no second failure")
}

func TestAnOutageLastsUntilSomebodyIsWell(t *testing.T) {
	for name, tt := range map[string]struct {
		edit func(*blame.Case)
		kind blame.Kind
	}{
		"nobody is":                     {func(*blame.Case) {}, blame.Environment},
		"another gate passes":           {func(c *blame.Case) { c.Peers = peers(1, gate.Passed) }, blame.Config},
		"as many fail as pass":          {func(c *blame.Case) { c.Peers = join(peers(1, gate.Passed), peers(1, gate.Failed)) }, blame.Environment},
		"one that shares a change does": {func(c *blame.Case) { c.Peers = peers(1, gate.Passed, func(p *blame.Peer) { p.Related = true }) }, blame.Environment},
		"a control suite passes":        {func(c *blame.Case) { c.Controlled, c.Controls = true, []gate.Outcome{gate.Passed} }, blame.Config},
		"a control suite says nothing": {func(c *blame.Case) {
			c.Controlled, c.Controls = true, slices.Repeat([]gate.Outcome{gate.Inconclusive}, 3)
		}, blame.Environment},
	} {
		t.Run(name, func(t *testing.T) {
			d := blame.Decide(broken(func(c *blame.Case) {
				c.Earlier = []blame.Earlier{{At: noon.Add(-30 * time.Minute), Kind: blame.Environment, Cases: []blame.CaseID{pays}, Outage: true}}
				tt.edit(c)
			}))
			require.Equal(t, tt.kind, d.Cause.Kind, d.Reason)
			require.Equal(t, tt.kind == blame.Environment, d.Cause.Outage)
		})
	}
	d := blame.Decide(broken(func(c *blame.Case) {
		c.Earlier, c.Peers = []blame.Earlier{{Kind: blame.Environment, Outage: true}}, peers(1, "")
	}))
	require.Equal(t, blame.Await, d.Probe, d.Reason)
}
