package reconciler_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

// TestEachRepositoryOfTheSuspectsGetsItsProposal has one Gate over two Sites of two repositories, which break at the same time.
func TestEachRepositoryOfTheSuspectsGetsItsProposal(t *testing.T) {
	s := newShop(t)
	stock := &shop{assay: s.assay, config: newRepository(t), live: filepath.Join(t.TempDir(), "live")}
	s.others = []string{stock.config.bare}
	s.tests.push("Follow the stock", map[string]string{
		"staging/kustomization.yaml": "resources: [suite.yaml, gate.yaml, site.yaml, stock.yaml]\n",
		"staging/stock.yaml":         siteDoc("stock", stock.config.bare, "shop", stock.live),
	})
	s.runner.judge = func(job runner.Job) int { return max(s.judge(job), stock.judge(job)) }
	s.deploy("Sell at 7", price("7"))
	stock.deploy("Buy at 5", price("5"))
	s.start()
	s.eventually("a pass", func() bool {
		all, err := s.past.Verifications(t.Context(), history.Filter{Limit: 1})
		require.NoError(t, err)
		return len(all) == 1 && all[0].Phase == history.Done && all[0].Verdict.Outcome == gate.Passed
	})
	s.stop()
	culprits := []string{s.deploy("Sell for nothing", price("0")), stock.deploy("Buy for nothing", price("0"))}
	s.start()
	s.eventually("two proposals", func() bool {
		all := s.proposals(s.incident().ID)
		return len(all) == 2 && all[0].State == history.ProposalOpen && all[1].State == history.ProposalOpen
	})
	require.Len(t, s.incident().Cause.Suspects, 2)
	all := s.proposals(s.incident().ID)
	require.ElementsMatch(t, culprits, []string{all[0].Culprits[0], all[1].Culprits[0]})
	for _, p := range all {
		require.Contains(t, p.NotByItself, "1 commits of other repositories may be to blame as well; they were not told apart")
		at := s
		if p.Culprits[0] == culprits[1] {
			at = stock
		}
		at.config.merge(p.Branch)
		at.setLive(gitIn(t, at.config.dir, "rev-parse", "HEAD"))
	}
	s.eventually("recovery", func() bool { return s.incidents()[0].State == history.Recovered })
	require.Len(t, s.incidents(), 1)
}

// TestACommitThatDoesNotDeployIsReverted is of a Site that Assay deploys; nothing of the bad commit is ever live.
func TestACommitThatDoesNotDeployIsReverted(t *testing.T) {
	for name, tt := range map[string]struct {
		change map[string]string
		reason string
	}{
		"the command fails": {price("0"), "the price must not be 0"},
		"it does not build": {map[string]string{"shop/kustomization.yaml": "resources: [shop.yaml, absent.yaml]\n"}, "does not build"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			s.tests.push("Wait no longer than a second", gateWith("deadline: 1s"))
			s.tests.push("Deploy", map[string]string{
				"staging/site.yaml": siteDoc("shop", s.config.bare, "shop", s.live) + "  deploy: {command: [deploy]}\n",
			})
			s.command = func(_ context.Context, c syncs.Command) ([]byte, error) {
				if strings.Contains(string(c.Manifests), `price: "0"`) {
					return nil, errors.New("the price must not be 0")
				}
				part := s.live + ".part"
				return nil, errors.Join(os.WriteFile(part, []byte(c.Variables["ASSAY_REVISION"]), 0o600), os.Rename(part, s.live))
			}
			good := s.config.push("Sell at 7", price("7"))
			s.start()
			s.verified("shop", good)
			bad := s.config.push("Break the shop", tt.change)
			v := s.verified("shop", bad)
			require.Equal(t, gate.Failed, v.Verdict.Outcome)
			require.Contains(t, v.Verdict.Reason, tt.reason)
			require.Equal(t, blame.Config, v.Cause.Kind, v.Cause.Reason)
			require.Equal(t, bad, v.Cause.Suspects[0].Commit)
			s.config.merge(s.proposed(history.ProposalOpen).Branch)
			s.eventually("recovery", func() bool { return s.incidents()[0].State == history.Recovered })
			require.Len(t, s.incidents(), 1)
			require.Equal(t, gitIn(t, s.config.bare, "rev-parse", good+"^{tree}"), gitIn(t, s.config.bare, "rev-parse", "main^{tree}"))
		})
	}
}

func TestTheOperatorHoldsProposalsAndMerging(t *testing.T) {
	s := newShop(t)
	s.tests.push("Be bold", bold(tests.Merge))
	restart := func(stopped bool, mode tests.Mode) {
		s.stop()
		s.stopped, s.mode = stopped, mode
		s.start()
	}
	waits := func(why string) func() bool {
		return func() bool {
			all, err := s.past.Decisions(t.Context(), history.Filter{Limit: 1})
			require.NoError(t, err)
			return len(all) == 1 && all[0].Action == "Wait" && strings.Contains(all[0].Reason, why)
		}
	}
	s.stopped = true
	s.start()
	s.verified("shop", s.deploy("Sell at 7", price("7")))
	bad := s.deploy("Sell for nothing", price("0"))
	s.eventually("the reason why nothing is proposed", waits("ASSAY_STOP"))
	require.Equal(t, history.ProposalPlanned, s.proposed(history.ProposalPlanned).State)
	require.Empty(t, gitIn(t, s.config.bare, "for-each-ref", "refs/heads/assay"))

	restart(false, tests.Propose)
	require.Equal(t, []string{bad}, s.proposed(history.ProposalOpen).Culprits)

	restart(true, tests.Merge)
	s.eventually("that it is left to a person", waits("waits for a person"))
	require.Equal(t, bad, gitIn(t, s.config.bare, "rev-parse", "main"))

	s.config.merge(s.proposed(history.ProposalOpen).Branch)
	s.setLive(gitIn(t, s.config.dir, "rev-parse", "HEAD"))
	s.eventually("recovery", func() bool { return s.incidents()[0].State == history.Recovered })
}
