package reconciler_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/rollbacktest"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/tests"
)

// secondInstance is another instance of Assay, with a data folder of its own, for another environment of the same shop.
func (s *shop) secondInstance(t *testing.T, environment string, mode tests.Mode, hub *rollbacktest.Hub) *shop {
	other := &shop{config: s.config, live: s.live}
	other.assay = &assay{t: t, data: t.TempDir(), config: s.config.bare, tests: newRepository(t), mode: mode, runner: &judgeRunner{judge: other.judge}}
	other.provider = func(m *git.Mirror) gitprovider.Provider { return hub.Provider(m) }
	other.tests.push("Test the shop there", map[string]string{
		"staging/kustomization.yaml": "resources: [suite.yaml, gate.yaml, site.yaml]\n",
		"staging/suite.yaml":         suiteDoc,
		"staging/gate.yaml":          strings.Replace(bold(mode)["staging/gate.yaml"], "name: shop", "name: "+environment, 1),
		"staging/site.yaml":          siteDoc("shop", s.config.bare, "shop", s.live),
	})
	other.start()
	t.Cleanup(func() { other.stop() })
	return other
}

// TestTwoInstancesShareAProposal has two instances blame the same commit: each adds its evidence and its claim, and policy merges what both
// allow.
func TestTwoInstancesShareAProposal(t *testing.T) {
	for name, second := range map[string]tests.Mode{"both allow it": tests.Merge, "one leaves it to a person": tests.Propose} {
		t.Run(name, func(t *testing.T) {
			s, hub := onHub(t, tests.Merge)
			hub.Require(gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "waiting for: lint"})
			other := s.secondInstance(t, "checkout", second, hub)
			good := gitIn(t, s.config.bare, "rev-parse", "main")
			other.verified("checkout", good)
			bad := s.deploy("Sell for nothing", price("0"))
			s.proposed(history.ProposalOpen)
			other.proposed(history.ProposalOpen)
			require.Len(t, hub.Pulls(), 1)
			s.eventually("both claims", func() bool { return strings.Count(hub.Pulls()[0].Body, "<!-- assay:claim") == 2 })
			hub.Require(gitprovider.Checks{State: gitprovider.ChecksPassing})
			if second == tests.Propose {
				s.waits("gate checkout in staging leaves the merge to a person")
				s.quiet()
				require.Equal(t, bad, gitIn(t, s.config.bare, "rev-parse", "main"))
				s.config.merge(s.proposed(history.ProposalOpen).Branch)
				s.setLive(gitIn(t, s.config.dir, "rev-parse", "HEAD"))
			} else {
				s.proposed(history.ProposalMerged)
				s.pull()
			}
			s.ends(history.Recovered)
			other.ends(history.Recovered)
			require.Len(t, hub.Pulls(), 1)
			require.Len(t, hub.Comments(1), 2, "each says what it saw")
		})
	}
}

// TestAClaimIsTakenBackWhileOthersStay has one of two gates recover by itself.
func TestAClaimIsTakenBackWhileOthersStay(t *testing.T) {
	s, hub := onHub(t, tests.Propose)
	other := s.secondInstance(t, "checkout", tests.Propose, hub)
	other.verified("checkout", gitIn(t, s.config.bare, "rev-parse", "main"))
	bad := s.deploy("Sell for nothing", price("0"))
	s.proposed(history.ProposalOpen)
	other.proposed(history.ProposalOpen)
	s.eventually("both claims", func() bool { return strings.Count(hub.Pulls()[0].Body, "<!-- assay:claim") == 2 })
	other.tests.push("Want less", map[string]string{"staging/gate.yaml": strings.Replace(gateDoc, "name: shop", "name: another", 1)})
	other.eventually("that it is dismissed", func() bool {
		all := other.incidents()
		return all[len(all)-1].State == history.Dismissed
	})
	require.Equal(t, gitprovider.Open, hub.Pulls()[0].State)
	require.Contains(t, hub.Pulls()[0].Body, "**Gate `checkout` in `staging` no longer asks for this:**")
	require.Equal(t, bad, gitIn(t, s.config.bare, "rev-parse", "main"))
	require.Equal(t, history.ProposalOpen, s.proposals(s.incident().ID)[0].State)
}

// TestOneInstanceBuildsAnewForBoth has the base move under a Proposal that two instances share.
func TestOneInstanceBuildsAnewForBoth(t *testing.T) {
	s, hub := onHub(t, tests.Propose)
	other := s.secondInstance(t, "checkout", tests.Propose, hub)
	other.verified("checkout", gitIn(t, s.config.bare, "rev-parse", "main"))
	s.deploy("Sell for nothing", price("0"))
	first := s.proposed(history.ProposalOpen)
	other.proposed(history.ProposalOpen)
	files := price("0")
	files["shop/shop.yaml"] += "  size: big\n"
	s.deploy("Sell big things", files)
	s.eventually("that both follow the new branch", func() bool {
		head := hub.Pulls()[0].Head.String()
		return head != first.Head && s.proposals(s.incident().ID)[0].Head == head && other.proposals(other.incident().ID)[0].Head == head
	})
	for _, p := range append(s.proposals(s.incident().ID), other.proposals(other.incident().ID)...) {
		require.Equal(t, history.ProposalOpen, p.State)
		require.Empty(t, p.NotByItself)
	}
	require.Len(t, hub.Comments(1), 1, "it is said once")
	require.Len(t, hub.Pulls(), 1)
}

// TestABranchThatTakesNoPushes is of mode commit where the server protects the branch, as its hook says.
func TestABranchThatTakesNoPushes(t *testing.T) {
	s, bare := newShop(t), ""
	bare = s.config.bare
	gitIn(t, bare, "config", "http.receivepack", "true")
	s.assay.config, s.mode = serve(t, bare), tests.Commit
	s.tests.push("Be bold", bold(tests.Commit))
	s.tests.push("Follow the server", map[string]string{"staging/site.yaml": siteDoc("shop", s.assay.config, "shop", s.live)})
	s.start()
	s.verified("shop", s.deploy("Sell at 7", price("7")))
	bad := s.config.push("Sell for nothing", price("0"))
	hook := "#!/bin/sh\nwhile read old new ref; do test \"$ref\" != refs/heads/main || { echo main is not yours; exit 1; }; done\n"
	require.NoError(t, os.WriteFile(filepath.Join(bare, "hooks", "pre-receive"), []byte(hook), 0o700))
	s.setLive(bad)
	p := s.proposed(history.ProposalRefused)
	require.Contains(t, p.Reason, "main is protected and takes no pushes from Assay, which mode commit needs: use mode merge or propose, or let Assay push")
	require.Contains(t, p.Reason, "pre-receive hook declined")
	require.Equal(t, bad, gitIn(t, bare, "rev-parse", "main"))
	require.Empty(t, gitIn(t, bare, "for-each-ref", "refs/heads/assay"))
}
