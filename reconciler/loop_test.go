package reconciler_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

const (
	suiteDoc = "apiVersion: assay.dev/v1alpha1\nkind: Suite\nmetadata: {name: smoke}\nspec: {command: [check]}\n" +
		"---\napiVersion: assay.dev/v1alpha1\nkind: Suite\nmetadata: {name: control}\nspec: {command: [check]}\n"
	gateDoc = "apiVersion: assay.dev/v1alpha1\nkind: Gate\nmetadata: {name: shop}\nspec: {after: [{kind: Site}], suites: [{name: smoke}], reruns: {spread: 1ms}}\n"
)

func siteDoc(name, config, path, live string) string {
	return fmt.Sprintf("apiVersion: assay.dev/v1alpha1\nkind: Site\nmetadata: {name: %s}\nspec:\n  repository: {url: %q, branch: main}\n  path: %s\n  live: {file: %q, interval: 20ms}\n",
		name, config, path, live)
}

func price(price string) map[string]string {
	return map[string]string{
		"shop/kustomization.yaml": "resources: [shop.yaml]\n",
		"shop/shop.yaml":          "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata:\n  price: \"" + price + "\"\n",
	}
}

// shop is one Site whose smoke test fails while its price is 0, and an Assay that follows it.
type shop struct {
	*assay
	config *worktree
	live   string
}

func newShop(t *testing.T) *shop {
	s := &shop{config: newRepository(t), live: filepath.Join(t.TempDir(), "live")}
	s.assay = &assay{t: t, data: t.TempDir(), config: s.config.bare, tests: newRepository(t), mode: tests.Propose, runner: &judgeRunner{judge: s.judge}}
	s.tests.push("Test the shop", map[string]string{
		"staging/kustomization.yaml": "resources: [suite.yaml, gate.yaml, site.yaml]\n",
		"staging/suite.yaml":         suiteDoc, "staging/gate.yaml": gateDoc,
		"staging/site.yaml": siteDoc("shop", s.config.bare, "shop", s.live),
	})
	t.Cleanup(func() { s.stop() })
	return s
}

// judge looks at what is live, as a real test would.
func (s *shop) judge(runner.Job) int {
	live, err := os.ReadFile(s.live)
	if err != nil {
		return 2
	}
	if strings.Contains(s.config.show(string(live), "shop/shop.yaml"), `price: "0`) {
		return 1
	}
	return 0
}

// deploy pushes a change and brings it live.
func (s *shop) deploy(message string, files map[string]string) string {
	commit := s.config.push(message, files)
	s.setLive(commit)
	return commit
}

func (s *shop) setLive(commit string) {
	s.t.Helper()
	part := s.live + ".part"
	require.NoError(s.t, os.WriteFile(part, []byte(commit), 0o600))
	require.NoError(s.t, os.Rename(part, s.live))
}

func (s *shop) proposals(incident string) []history.Proposal {
	all, err := s.past.ProposalsOf(s.t.Context(), incident)
	require.NoError(s.t, err)
	return all
}

func TestABadCommitIsCaughtRevertedAndVerified(t *testing.T) {
	s := newShop(t)
	s.start()
	good := s.deploy("Sell at 7", price("7"))
	require.Equal(t, gate.Passed, s.verified("shop", good).Verdict.Outcome)

	readme := s.deploy("Write a README", map[string]string{"README.md": "words"})
	inherited := s.verified("shop", readme)
	require.Equal(t, history.OnSync, inherited.Occasion.Kind)
	require.Len(t, s.runner.jobs, 1, "what renders the same is not run again")

	bad := s.deploy("Sell for nothing", price("0"))
	failed := s.verified("shop", bad)
	require.Equal(t, gate.Failed, failed.Verdict.Outcome)
	require.Equal(t, blame.Config, failed.Cause.Kind, failed.Cause.Reason)
	require.Len(t, failed.Cause.Suspects, 1)
	require.Equal(t, bad, failed.Cause.Suspects[0].Commit)

	var proposal history.Proposal
	s.eventually("a proposal", func() bool {
		if len(s.incidents()) == 0 {
			return false
		}
		for _, p := range s.proposals(s.incidents()[0].ID) {
			proposal = p
		}
		return proposal.State == history.ProposalOpen
	})
	require.Equal(t, []string{bad}, proposal.Culprits)
	require.Equal(t, "Restored", proposal.Proof, proposal.ProofReason)

	s.config.merge(proposal.Branch)
	s.setLive(gitIn(t, s.config.dir, "rev-parse", "HEAD"))
	s.eventually("recovery", func() bool { return s.incidents()[0].State == history.Recovered })
	require.Len(t, s.incidents(), 1)
	require.Equal(t, history.ProposalMerged, s.proposals(s.incidents()[0].ID)[0].State)
	require.Contains(t, s.incidents()[0].Reason, "the revert was merged and synced")
}

func TestAFixByOtherMeansWithdrawsTheProposal(t *testing.T) {
	s := newShop(t)
	s.start()
	s.verified("shop", s.deploy("Sell at 7", price("7")))
	s.verified("shop", s.deploy("Sell for nothing", price("0")))
	s.eventually("a proposal", func() bool {
		all := s.incidents()
		return len(all) == 1 && len(s.proposals(all[0].ID)) == 1 && s.proposals(all[0].ID)[0].State == history.ProposalOpen
	})
	s.deploy("Sell at 8", price("8"))
	s.eventually("recovery", func() bool { return s.incidents()[0].State == history.Recovered })
	proposal := s.proposals(s.incidents()[0].ID)[0]
	require.Equal(t, history.ProposalClosed, proposal.State)
	require.Contains(t, proposal.Reason, "withdrawn")
	require.NotContains(t, gitIn(t, s.config.bare, "branch", "--list"), proposal.Branch)
}

func TestAClosedProposalIsFinal(t *testing.T) {
	s := newShop(t)
	s.start()
	s.verified("shop", s.deploy("Sell at 7", price("7")))
	s.verified("shop", s.deploy("Sell for nothing", price("0")))
	open := func() bool {
		all := s.incidents()
		return len(all) == 1 && len(s.proposals(all[0].ID)) == 1 && s.proposals(all[0].ID)[0].State == history.ProposalOpen
	}
	s.eventually("a proposal", open)
	branch := s.proposals(s.incidents()[0].ID)[0].Branch
	gitIn(t, s.config.dir, "push", "--quiet", "origin", "--delete", "refs/heads/"+branch)
	s.eventually("the person's no", func() bool { return s.proposals(s.incidents()[0].ID)[0].State == history.ProposalClosed })

	s.stop()
	s.start()
	s.eventually("nothing but waiting", func() bool {
		decisions, err := s.past.Decisions(t.Context(), history.Filter{Gate: "shop", Limit: 1})
		require.NoError(t, err)
		return len(decisions) == 1 && decisions[0].Action == "Wait" && strings.Contains(decisions[0].Reason, "final")
	})
	require.NotContains(t, gitIn(t, s.config.bare, "branch", "--list"), branch)
}

func TestTheBolderModesMergeAndPushWhatIsProven(t *testing.T) {
	for mode, gateMode := range map[tests.Mode]string{tests.Merge: "merge", tests.Commit: "commit"} {
		t.Run(gateMode, func(t *testing.T) {
			s := newShop(t)
			s.mode = mode
			s.tests.push("Be bold", bold(mode))
			s.start()
			good := s.deploy("Sell at 7", price("7"))
			s.verified("shop", good)
			s.verified("shop", s.deploy("Sell for nothing", price("0")))
			s.eventually("the revert on main", func() bool {
				return strings.Contains(gitIn(t, s.config.bare, "log", "-3", "--format=%s", "main"), `Revert "Sell for nothing"`)
			})
			s.setLive(gitIn(t, s.config.bare, "rev-parse", "main"))
			gitIn(t, s.config.dir, "fetch", "--quiet", "origin")
			s.eventually("recovery", func() bool { return len(s.incidents()) == 1 && s.incidents()[0].State == history.Recovered })
			require.Equal(t, gitIn(t, s.config.bare, "rev-parse", good+"^{tree}"), gitIn(t, s.config.bare, "rev-parse", "main^{tree}"))
		})
	}
}

func TestShadowWritesNothing(t *testing.T) {
	s := newShop(t)
	s.mode = tests.Shadow
	s.start()
	s.verified("shop", s.deploy("Sell at 7", price("7")))
	before := gitIn(t, s.config.bare, "for-each-ref")
	bad := s.deploy("Sell for nothing", price("0"))
	s.verified("shop", bad)
	s.eventually("a shadow", func() bool {
		all := s.incidents()
		return len(all) == 1 && len(s.proposals(all[0].ID)) == 1 && s.proposals(all[0].ID)[0].State == history.ProposalShadowed
	})
	require.Equal(t, strings.Replace(before, strings.Fields(before)[0], bad, 1), gitIn(t, s.config.bare, "for-each-ref"))
}

func TestBrokenTestsLeaveTheLastGoodOnesInForce(t *testing.T) {
	s := newShop(t)
	s.start()
	s.verified("shop", s.deploy("Sell at 7", price("7")))
	s.tests.push("Break the tests", map[string]string{"staging/gate.yaml": "apiVersion: assay.dev/v1alpha1\nkind: Gate\nmetadata: {name: shop}\nspec: {suits: []}\n"})
	next := s.deploy("Sell at 8", price("8"))
	require.Equal(t, gate.Passed, s.verified("shop", next).Verdict.Outcome)
}
