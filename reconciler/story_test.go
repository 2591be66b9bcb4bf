package reconciler_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

// bold is the shop's Gate with a mode, and with the control Suite without which nothing is merged by itself.
func bold(mode tests.Mode) map[string]string {
	return gateWith("control: [{name: control}], rollback: {mode: " + string(mode) + "}")
}

// gateWith is the shop's Gate with further fields in its spec.
func gateWith(fields string) map[string]string {
	return map[string]string{"staging/gate.yaml": strings.TrimSuffix(gateDoc, "}\n") + ", " + fields + "}\n"}
}

func (s *shop) incident() history.Incident {
	s.t.Helper()
	s.eventually("an incident", func() bool { return len(s.incidents()) > 0 })
	return s.incidents()[0]
}

func (s *shop) proposed(state history.ProposalState) history.Proposal {
	s.t.Helper()
	var found history.Proposal
	s.eventually("a proposal that is "+string(state), func() bool {
		all := s.proposals(s.incident().ID)
		if len(all) > 0 {
			found = all[0]
		}
		return found.State == state
	})
	return found
}

func TestAFlakePassesAndIsLearnt(t *testing.T) {
	for _, policy := range []string{"Pass", "Fail"} {
		t.Run(policy, func(t *testing.T) {
			s := newShop(t)
			var runs atomic.Int32
			s.runner.judge = func(job runner.Job) int {
				if job.Env["ASSAY_RERUN"] == "" && runs.Add(1) == 2 {
					return 1
				}
				return 0
			}
			s.tests.push("Say what a flake is", gateWith("flakes: "+policy))
			s.start()
			s.verified("shop", s.deploy("Sell at 7", price("7")))
			v := s.verified("shop", s.deploy("Sell at 8", price("8")))
			require.Equal(t, blame.Flake, v.Cause.Kind)
			require.Equal(t, map[string]gate.Outcome{"Pass": gate.Passed, "Fail": gate.Failed}[policy], v.Verdict.Outcome)
			rates, err := s.past.Rates(t.Context(), v.Key, []blame.CaseID{{Suite: "smoke", Name: "smoke"}}, v.Finished)
			require.NoError(t, err)
			require.InDelta(t, 1, rates[blame.CaseID{Suite: "smoke", Name: "smoke"}].Flakes, 0.01)
			state, err := s.past.Gate(t.Context(), v.Key)
			require.NoError(t, err)
			require.Zero(t, state.Passed.Numbers.Suites["smoke"].Counts.Failed, "what failed at first is nothing to compare with")
			if policy == "Fail" {
				require.Equal(t, blame.Flake, s.incident().Cause.Kind)
				require.Empty(t, s.proposals(s.incident().ID))
			}
		})
	}
}

// TestWhenBothChangedTheOldTestsTell has the tests and the configuration change in one Verification.
func TestWhenBothChangedTheOldTestsTell(t *testing.T) {
	const strict = "apiVersion: assay.dev/v1alpha1\nkind: Suite\nmetadata: {name: smoke}\nspec: {command: [strict]}\n"
	for name, tt := range map[string]struct {
		price string
		cause blame.Kind
	}{"the tests": {"8", blame.Tests}, "the configuration": {"0", blame.Config}} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			s.runner.judge = func(job runner.Job) int {
				if job.Suite.Spec.Command[0] == "strict" {
					return 1
				}
				return s.judge(job)
			}
			s.start()
			s.verified("shop", s.deploy("Sell at 7", price("7")))
			s.stop()
			s.tests.push("Be strict", map[string]string{"staging/suite.yaml": strict})
			bad := s.deploy("Change the price", price(tt.price))
			s.start()
			require.Equal(t, tt.cause, s.verified("shop", bad).Cause.Kind)
		})
	}
}

func TestSuspectsThatAreNotToldApartAreLeftToAPerson(t *testing.T) {
	s := newShop(t)
	s.mode = tests.Merge
	s.tests.push("Be bold", bold(tests.Merge))
	s.start()
	s.verified("shop", s.deploy("Sell at 7", price("7")))
	first := s.config.push("Sell at 1", price("1"))
	bad := s.deploy("Sell for nothing", price("0"))
	v := s.verified("shop", bad)
	require.Len(t, v.Cause.Suspects, 2)
	require.Contains(t, v.Cause.Reason, "not told apart")
	p := s.proposed(history.ProposalOpen)
	require.Equal(t, []string{first, bad}, p.Culprits)
	require.NotEmpty(t, p.NotByItself)
	require.Equal(t, bad, gitIn(t, s.config.bare, "rev-parse", "main"))
}

// TestTwoGatesThatBlameTheSameCommitShareOneBranch is of one culprit in two Incidents.
func TestTwoGatesThatBlameTheSameCommitShareOneBranch(t *testing.T) {
	s := newShop(t)
	s.tests.push("Judge twice", map[string]string{
		"staging/kustomization.yaml": "resources: [suite.yaml, gate.yaml, other.yaml, site.yaml]\n",
		"staging/other.yaml":         strings.Replace(gateDoc, "name: shop", "name: other", 1),
	})
	s.start()
	good := s.deploy("Sell at 7", price("7"))
	s.verified("shop", good)
	s.verified("other", good)
	s.deploy("Sell for nothing", price("0"))
	s.eventually("both to have proposed", func() bool {
		open := 0
		for _, i := range s.incidents() {
			for _, p := range s.proposals(i.ID) {
				if p.State == history.ProposalOpen && p.Incident == i.ID {
					open++
				}
			}
		}
		return open == 2
	})
	require.Len(t, strings.Fields(gitIn(t, s.config.bare, "for-each-ref", "--format=%(refname)", "refs/heads/assay")), 1)
	s.deploy("Sell at 8", price("8"))
	s.eventually("both to have recovered", func() bool {
		all := s.incidents()
		return len(all) == 2 && all[0].State == history.Recovered && all[1].State == history.Recovered
	})
	require.Empty(t, gitIn(t, s.config.bare, "for-each-ref", "refs/heads/assay"), "the last one closes it")
}

func TestWhatRanWhileTheProbeWasSilentIsNoEvidence(t *testing.T) {
	s := newShop(t)
	s.start()
	s.verified("shop", s.deploy("Sell at 7", price("7")))
	fail := &atomic.Bool{}
	s.runner.mu.Lock()
	s.runner.judge = func(runner.Job) int {
		if fail.CompareAndSwap(false, true) {
			s.setLive("0123") // what is live can no longer be told
		}
		return 1
	}
	s.runner.mu.Unlock()
	v := s.verified("shop", s.deploy("Sell at 8", price("8")))
	require.Equal(t, gate.Inconclusive, v.Verdict.Outcome)
	require.Contains(t, v.Verdict.Reason, "not known")
	require.Empty(t, s.incidents())
}

// TestWhatFailedOnANewerStateIsNotBlamedOnTheOlder has a bad commit go live while the tests of an innocent one run, faster than the probe
// looks.
func TestWhatFailedOnANewerStateIsNotBlamedOnTheOlder(t *testing.T) {
	s := newShop(t)
	s.tests.push("Look seldom", map[string]string{"staging/site.yaml": strings.Replace(siteDoc("shop", s.config.bare, "shop", s.live), "interval: 20ms", "interval: 3s", 1)})
	var innocent, bad atomic.Value
	innocent.Store("")
	s.runner.judge = func(job runner.Job) int {
		if at := innocent.Load().(string); at != "" && strings.Contains(job.Env["ASSAY_TARGETS"], at) && bad.CompareAndSwap(nil, "") {
			bad.Store(s.deploy("Sell for nothing", price("0")))
		}
		return s.judge(job)
	}
	s.start()
	s.verified("shop", s.deploy("Sell at 7", price("7")))
	next := s.config.push("Sell at 8", price("8"))
	innocent.Store(next)
	s.setLive(next)
	p := s.proposed(history.ProposalOpen)
	require.Contains(t, p.Culprits, bad.Load().(string))
	all, err := s.past.Verifications(t.Context(), history.Filter{})
	require.NoError(t, err)
	for _, v := range all {
		if v.Targets[0].Revisions[0].Commit == next {
			require.Equal(t, history.Superseded, v.Phase, "its runs saw another state")
		}
	}
}

func TestAGateThatIsRemovedWhileOpenIsBroughtToAnEnd(t *testing.T) {
	s := newShop(t)
	s.start()
	s.verified("shop", s.deploy("Sell at 7", price("7")))
	s.deploy("Sell for nothing", price("0"))
	branch := s.proposed(history.ProposalOpen).Branch
	s.tests.push("Rename the gate", map[string]string{"staging/gate.yaml": strings.Replace(gateDoc, "name: shop", "name: other", 1)})
	s.eventually("the end of the incident", func() bool {
		all := s.incidents() // newest first; the other gate may have one of its own
		return all[len(all)-1].State == history.Dismissed
	})
	require.NotContains(t, gitIn(t, s.config.bare, "branch", "--list"), branch)
}

func TestAStateThatComesBackIsVerifiedAgain(t *testing.T) {
	s := newShop(t)
	reached, proceed := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(proceed) })
	t.Cleanup(release) // a run that is stuck would keep a test that fails from stopping
	var stuck atomic.Bool
	s.runner.judge = func(runner.Job) int {
		if stuck.CompareAndSwap(true, false) {
			close(reached)
			<-proceed
		}
		return 0
	}
	s.start()
	good := s.deploy("Sell at 7", price("7"))
	first := s.verified("shop", good)
	stuck.Store(true)
	s.deploy("Sell at 8", price("8"))
	<-reached
	s.setLive(good)
	s.eventually("a third verification", func() bool {
		all, err := s.past.Verifications(t.Context(), history.Filter{})
		require.NoError(t, err)
		return len(all) == 3 && all[1].Phase == history.Superseded
	})
	release()
	s.eventually("the old state to be verified again", func() bool { return s.verified("shop", good).ID != first.ID })
}

// TestNothingIsMergedByItselfOnTheGatesOwnWordAlone has no control Suite: a dependency of this Gate alone may as well be down.
func TestNothingIsMergedByItselfOnTheGatesOwnWordAlone(t *testing.T) {
	s := newShop(t)
	s.mode = tests.Merge
	s.tests.push("Be bold, and control nothing", gateWith("rollback: {mode: merge}"))
	s.start()
	s.verified("shop", s.deploy("Sell at 7", price("7")))
	bad := s.deploy("Sell for nothing", price("0"))
	p := s.proposed(history.ProposalOpen)
	require.Len(t, p.NotByItself, 1)
	require.Contains(t, p.NotByItself[0], "spec.control")
	s.eventually("that it is left to a person", func() bool {
		all, err := s.past.Decisions(t.Context(), history.Filter{Limit: 1})
		require.NoError(t, err)
		return all[0].Action == "Wait" && strings.Contains(all[0].Reason, "spec.control")
	})
	require.Equal(t, bad, gitIn(t, s.config.bare, "rev-parse", "main"))
}
