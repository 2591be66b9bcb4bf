package reconciler_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	syncs "github.com/assay-dev/assay/sources/sync"
)

// mall is some shops in one repository, each with a Gate and a Site of its own, which an outage takes all at once.
type mall struct {
	*shop
	names []string
	out   atomic.Bool
}

// newMall adds fields to the specs of the Gates and the Sites.
func newMall(t *testing.T, gateFields, siteFields string) *mall {
	m := &mall{shop: newShop(t), names: []string{"bread", "cheese", "wine"}}
	files := map[string]string{}
	resources := []string{"suite.yaml"}
	for _, name := range m.names {
		files["staging/"+name+"-gate.yaml"] = fmt.Sprintf("apiVersion: assay.dev/v1alpha1\nkind: Gate\nmetadata: {name: %s}\n"+
			"spec: {after: [{kind: Site, name: %s}], suites: [{name: smoke}], reruns: {spread: 1ms}, %s}\n", name, name, gateFields)
		files["staging/"+name+"-site.yaml"] = siteDoc(name, m.config.bare, name, m.live+name) + siteFields
		resources = append(resources, name+"-gate.yaml", name+"-site.yaml")
	}
	files["staging/kustomization.yaml"] = "resources: [" + strings.Join(resources, ", ") + "]\n"
	m.tests.push("Open the mall", files)
	m.runner.judge = func(job runner.Job) int {
		if m.out.Load() || strings.Contains(m.liveIn(job.Env["ASSAY_GATE"]), `price: "0"`) {
			return 1
		}
		return 0
	}
	m.command = func(_ context.Context, c syncs.Command) ([]byte, error) {
		if m.out.Load() {
			return nil, errors.New("nobody answers")
		}
		return nil, m.put(c.Site.Name(), c.Variables["ASSAY_REVISION"])
	}
	for _, name := range m.names {
		m.sell(name, "7")
	}
	return m
}

// sell pushes a price of one shop.
func (m *mall) sell(name, amount string) (commit string) {
	files := map[string]string{}
	for file, content := range price(amount) {
		files[strings.Replace(file, "shop/", name+"/", 1)] = content
	}
	return m.config.push("Sell "+name+" at "+amount, files)
}

func (m *mall) put(name, commit string) error {
	part := m.live + name + ".part"
	return errors.Join(os.WriteFile(part, []byte(commit), 0o600), os.Rename(part, m.live+name))
}

func (m *mall) liveIn(name string) string {
	commit, err := os.ReadFile(m.live + name)
	if err != nil {
		return ""
	}
	return gitIn(m.t, m.config.bare, "show", string(commit)+":"+name+"/shop.yaml")
}

// latest is the last final Verification of each shop.
func (m *mall) latest(name string) *history.Verification {
	state, err := m.past.Gate(m.t.Context(), history.Key{Environment: "staging", Gate: name})
	require.NoError(m.t, err)
	return state.Final
}

// all waits until the last Verification of every shop is as it should be.
func (m *mall) all(what string, holds func(v *history.Verification) bool) {
	m.t.Helper()
	m.eventually(what, func() bool {
		for _, name := range m.names {
			if v := m.latest(name); v == nil || !holds(v) {
				return false
			}
		}
		return true
	})
}

func passes(v *history.Verification) bool { return v.Verdict.Outcome == gate.Passed }

// TestAnOutageIsNoCommitsFault changes every shop, one of them for the worse, while everything is out.
func TestAnOutageIsNoCommitsFault(t *testing.T) {
	for name, deploy := range map[string]string{"the suites fail": "", "the syncs fail": "  deploy: {command: [deploy]}\n"} {
		t.Run(name, func(t *testing.T) {
			m := newMall(t, "every: 200ms, deadline: 1s", deploy)
			live := func() {
				if deploy != "" {
					return // the command does
				}
				for _, name := range m.names {
					require.NoError(t, m.put(name, gitIn(t, m.config.dir, "rev-parse", "HEAD")))
				}
			}
			live()
			m.start()
			m.all("that they pass", passes)

			m.out.Store(true)
			m.sell("bread", "8")
			m.sell("wine", "9")
			bad := m.sell("cheese", "0")
			live()
			m.all("the outage", func(v *history.Verification) bool {
				return v.Cause != nil && v.Cause.Kind == blame.Environment && v.Cause.Outage
			})
			for _, i := range m.incidents() {
				require.Empty(t, m.proposals(i.ID))
			}

			m.out.Store(false)
			m.eventually("who is to blame after all", func() bool {
				cause := m.latest("cheese").Cause
				return cause != nil && cause.Kind == blame.Config
			})
			require.Equal(t, bad, m.latest("cheese").Cause.Suspects[0].Commit, "the outage used up no evidence")
			m.eventually("that the others pass", func() bool { return passes(m.latest("bread")) && passes(m.latest("wine")) })
			all, err := m.past.Verifications(t.Context(), history.Filter{})
			require.NoError(t, err)
			for _, v := range all {
				if v.Cause != nil && v.Cause.Kind == blame.Config {
					require.Equal(t, "cheese", v.Key.Gate, v.Cause.Reason)
				}
			}
		})
	}
}

// TestOthersAreAskedAboutAnOutage changes one shop only while everything is out; the others would not be looked at for hours.
func TestOthersAreAskedAboutAnOutage(t *testing.T) {
	m := newMall(t, "every: 12h", "")
	for _, name := range m.names {
		require.NoError(t, m.put(name, gitIn(t, m.config.dir, "rev-parse", "HEAD")))
	}
	m.start()
	m.all("that they pass", passes)

	require.NoError(t, m.put("cheese", m.sell("cheese", "0")))
	m.eventually("the culprit", func() bool { return m.latest("cheese").Cause != nil })
	require.Equal(t, blame.Config, m.latest("cheese").Cause.Kind)
	require.Contains(t, fmt.Sprint(m.latest("cheese").Cause.Evidence), "not an outage: 2 other gates")
	require.Equal(t, history.OnFailure, m.latest("wine").Occasion.Kind)

	m.out.Store(true)
	require.NoError(t, m.put("wine", m.sell("wine", "9")))
	m.eventually("the outage", func() bool { return m.latest("wine").Cause != nil })
	require.Equal(t, blame.Environment, m.latest("wine").Cause.Kind, m.latest("wine").Cause.Reason)
	require.True(t, m.latest("wine").Cause.Outage)
	require.Equal(t, history.OnFailure, m.latest("bread").Occasion.Kind, "it has nothing else to fail for")
}

const networkDoc = "apiVersion: assay.dev/v1alpha1\nkind: Suite\nmetadata: {name: network}\nspec: {command: [ping]}\n"

// TestAControlSuiteTellsAnOutageOfALonelyGate has one Gate, so that no other can tell.
func TestAControlSuiteTellsAnOutageOfALonelyGate(t *testing.T) {
	s := newShop(t)
	controlled := gateWith("control: [{name: network}]")
	controlled["staging/kustomization.yaml"] = "resources: [suite.yaml, network.yaml, gate.yaml, site.yaml]\n"
	controlled["staging/network.yaml"] = networkDoc
	s.tests.push("Control", controlled)
	var out atomic.Bool
	var pings atomic.Int32
	s.runner.judge = func(job runner.Job) int {
		if job.Suite.Name() == "network" {
			if pings.Add(1) == 1 || out.Load() { // it flakes at first
				return 1
			}
			return 0
		}
		if out.Load() {
			return 1
		}
		return s.judge(job)
	}
	s.start()
	s.verified("shop", s.deploy("Sell at 7", price("7")))
	require.Zero(t, pings.Load(), "it runs only when the gate fails")
	bad := s.deploy("Sell for nothing", price("0"))
	v := s.verified("shop", bad)
	require.Equal(t, blame.Config, v.Cause.Kind, v.Cause.Reason)
	require.EqualValues(t, 2, pings.Load(), "a control that flakes hides no culprit")
	s.verified("shop", s.deploy("Sell at 8", price("8")))

	out.Store(true)
	v = s.verified("shop", s.deploy("Sell at 9", price("9")))
	require.Equal(t, blame.Environment, v.Cause.Kind, v.Cause.Reason)
	require.Contains(t, v.Cause.Reason, "control suites")
	require.True(t, v.Cause.Outage)
}

// TestDriftIsNoCommitsFault breaks the world first, and pushes a harmless commit then.
func TestDriftIsNoCommitsFault(t *testing.T) {
	s := newShop(t)
	s.tests.push("Look often", gateWith("every: 100ms"))
	var expired atomic.Bool
	s.runner.judge = func(runner.Job) int {
		if expired.Load() {
			return 1
		}
		return 0
	}
	s.start()
	good := s.deploy("Sell at 7", price("7"))
	s.verified("shop", good)
	expired.Store(true)
	s.eventually("that it fails", func() bool {
		v := s.verified("shop", good)
		return v.Cause != nil && v.Cause.Kind == blame.Environment && !v.Cause.Outage
	})
	v := s.verified("shop", s.deploy("Sell at 8", price("8")))
	require.Equal(t, blame.Environment, v.Cause.Kind)
	require.Contains(t, v.Cause.Reason, "before anything changed")
	require.Empty(t, s.proposals(s.incident().ID))
}
