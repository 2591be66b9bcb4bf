package reconciler_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/rollbacktest"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/tests"
)

// onHub is a shop whose config repository lies at a server with pull requests, and that sold well.
func onHub(t *testing.T, mode tests.Mode) (*shop, *rollbacktest.Hub) {
	s, hub := newShop(t), rollbacktest.New()
	s.provider = func(m *git.Mirror) gitprovider.Provider { return hub.Provider(m) }
	s.mode = mode
	s.tests.push("Say how bold to be", bold(mode))
	s.start()
	s.verified("shop", s.deploy("Sell at 7", price("7")))
	return s, hub
}

// last is the last decision, of which there are many more.
func (s *shop) last() history.Decision {
	s.t.Helper()
	all, err := s.past.Decisions(s.t.Context(), history.Filter{Limit: 1})
	require.NoError(s.t, err)
	if len(all) == 0 {
		return history.Decision{}
	}
	return all[0]
}

// waits waits until Assay waits, for a reason.
func (s *shop) waits(why string) {
	s.t.Helper()
	s.eventually("that it waits, since "+why, func() bool { d := s.last(); return d.Action == "Wait" && strings.Contains(d.Reason, why) })
}

// quiet has Assay look until it does nothing but wait, for one reason.
func (s *shop) quiet() {
	s.t.Helper()
	before := s.last()
	s.eventually("that it looks again, and waits", func() bool {
		now := s.last()
		if now.At == before.At {
			return now.Times > before.Times+5
		}
		return now.Action == "Wait" && now.Times > 5
	})
}

// pull brings the checkout to main and makes it live.
func (s *shop) pull() {
	s.t.Helper()
	gitIn(s.t, s.config.dir, "pull", "--quiet", "--ff-only", "origin", "main")
	s.setLive(gitIn(s.t, s.config.dir, "rev-parse", "HEAD"))
}

func (s *shop) ends(as history.IncidentState) history.Incident {
	s.t.Helper()
	s.eventually("the incident to end "+string(as), func() bool { return s.incidents()[0].State == as })
	require.Len(s.t, s.incidents(), 1)
	return s.incidents()[0]
}

// TestARevertIsMergedByPolicy waits for the checks, without a word each time, and says on the page how long recovery took.
func TestARevertIsMergedByPolicy(t *testing.T) {
	s, hub := onHub(t, tests.Merge)
	hub.Require(gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "waiting for: lint"})
	bad := s.deploy("Sell for nothing", price("0"))
	s.waits("the required checks have not ended: waiting for: lint")
	s.quiet()
	hub.Require(gitprovider.Checks{State: gitprovider.ChecksFailing, Reason: "failed: lint"})
	s.waits("a required check failed, which leaves the merge to a person: failed: lint")
	s.quiet()
	require.Equal(t, bad, gitIn(t, s.config.bare, "rev-parse", "main"))
	hub.Require(gitprovider.Checks{State: gitprovider.ChecksPassing})
	s.proposed(history.ProposalMerged)
	s.pull()
	i := s.ends(history.Recovered)
	require.Positive(t, i.Recovery)
	require.Equal(t, i.Broke.Before(i.Opened), true)
	require.Len(t, hub.Pulls(), 1)
	require.Len(t, hub.Comments(1), 1)
	require.Regexp(t, "(?s)^\\*\\*Recovered [0-9a-z]+ after it broke\\.\\*\\*.*Gate `shop` passes again in `staging`, verified at [0-9a-f]{8} on 2[0-9]{3}-", hub.Comments(1)[0])
}

// TestABolderModeIsClaimed has the mode raised after the Proposal was opened.
func TestABolderModeIsClaimed(t *testing.T) {
	s, hub := onHub(t, tests.Propose)
	s.deploy("Sell for nothing", price("0"))
	s.proposed(history.ProposalOpen)
	require.Contains(t, hub.Pulls()[0].Body, `"byItself":false}`)
	s.stop()
	s.mode = tests.Merge
	s.tests.push("Be bold", bold(tests.Merge))
	s.start()
	s.proposed(history.ProposalMerged)
	require.Contains(t, hub.Pulls()[0].Body, `"byItself":true}`)
	require.Len(t, hub.Pulls(), 1)
}

// TestTheBaseMoves rebuilds the branch when it must, leaves it alone when it need not, and concedes a conflict once.
func TestTheBaseMoves(t *testing.T) {
	s, hub := onHub(t, tests.Propose)
	s.deploy("Sell for nothing", price("0"))
	first := s.proposed(history.ProposalOpen)
	s.config.push("Write a README", map[string]string{"README.md": "words"})
	s.quiet()
	require.Equal(t, first.Head, s.proposed(history.ProposalOpen).Head, "nobody is disturbed for that")

	files := price("0")
	files["shop/shop.yaml"] += "  size: big\n"
	s.deploy("Sell big things", files)
	s.eventually("the branch to be rebuilt", func() bool {
		p := s.proposals(s.incident().ID)[0]
		return p.State == history.ProposalOpen && p.Head != first.Head
	})
	second := s.proposals(s.incident().ID)[0]
	require.Equal(t, string(rollback.Removed), second.Proof)
	require.Equal(t, second.Head, hub.Pulls()[0].Head.String())
	require.Contains(t, hub.Pulls()[0].Body, "**Removed:** exactly what the reverted commits changed is undone")
	require.NotContains(t, hub.Pulls()[0].Body, "**Restored:**")

	files["shop/shop.yaml"] = strings.Replace(files["shop/shop.yaml"], `"0"`, `"00"`, 1) // `price: "0` still is what fails
	s.runner.mu.Lock()
	s.runner.judge = func(runner.Job) int { return 1 }
	s.runner.mu.Unlock()
	s.deploy("Sell for even less", files)
	s.eventually("that it is conceded", func() bool { return len(hub.Comments(1)) == 2 })
	require.Contains(t, hub.Comments(1)[0], "**Built anew on `main`, as `"+second.Head[:12]+"`.**")
	require.Contains(t, hub.Comments(1)[1], "**`main` moved, and this revert conflicts with it now.**")
	require.Contains(t, hub.Comments(1)[1], "shop/shop.yaml (content")
	s.waits("waits for a person to merge it")
	s.quiet()
	require.Len(t, hub.Comments(1), 2)
}

// TestAMovedBaseIsMergedWithoutBuildingAnew is of a server that merges what is behind its base.
func TestAMovedBaseIsMergedWithoutBuildingAnew(t *testing.T) {
	s, hub := onHub(t, tests.Merge)
	hub.Require(gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "waiting for: lint"})
	s.deploy("Sell for nothing", price("0"))
	s.waits("the required checks have not ended")
	head := s.proposed(history.ProposalOpen).Head
	s.config.push("Write a README", map[string]string{"README.md": "words"})
	s.quiet()
	hub.Require(gitprovider.Checks{State: gitprovider.ChecksPassing})
	require.Equal(t, head, s.proposed(history.ProposalMerged).Head, "its checks need not run again")
	s.pull()
	s.ends(history.Recovered)
}

// TestARevertInVainIsOfferedBack has the gate fail for another reason than the one that was found.
func TestARevertInVainIsOfferedBack(t *testing.T) {
	s, hub := onHub(t, tests.Merge)
	s.runner.mu.Lock()
	s.runner.judge = func(runner.Job) int { return 1 } // from now on, whatever is live
	s.runner.mu.Unlock()
	bad := s.deploy("Sell at 8", price("8"))
	s.proposed(history.ProposalMerged)
	s.pull()
	i := s.ends(history.Unresolved)
	require.Equal(t, blame.Unknown, i.Cause.Kind)
	require.Zero(t, i.Recovery)
	require.Len(t, hub.Pulls(), 2)
	offered := hub.Pulls()[1]
	require.Equal(t, gitprovider.Open, offered.State)
	require.Equal(t, `Reland "Sell at 8"`, offered.Title)
	require.Contains(t, offered.Body, "**The revert did not help.**\n\nGate `shop` still fails in `staging` with it")
	require.Contains(t, offered.Body, hub.Pulls()[0].URL)
	require.Contains(t, hub.Comments(1)[0], "**This did not help.**\n\nGate `shop` still fails in `staging`")
	require.Contains(t, hub.Comments(1)[0], offered.URL)
	require.Equal(t, gitIn(t, s.config.bare, "rev-parse", bad+"^{tree}"), gitIn(t, s.config.bare, "rev-parse", offered.Head.String()+"^{tree}"))
	require.NotEqual(t, offered.Head.String(), gitIn(t, s.config.bare, "rev-parse", "main"), "only a person merges it")
}

// TestLabelsAndReviewers are asked for once; a server that has none opens the Proposal all the same.
func TestLabelsAndReviewers(t *testing.T) {
	s, hub := newShop(t), rollbacktest.New()
	hub.Fail(func(call string, after bool) error {
		if call == "RequestReviewers" && after {
			return gitprovider.ErrUnsupported
		}
		return nil
	})
	s.provider = func(m *git.Mirror) gitprovider.Provider { return hub.Provider(m) }
	s.adjust = func(o *reconciler.Options) {
		for url, r := range o.Environments[0].Writable {
			r.Labels, r.Reviewers = []string{"rollback"}, []string{"ana", "team:shop"}
			o.Environments[0].Writable[url] = r
		}
	}
	s.start()
	s.verified("shop", s.deploy("Sell at 7", price("7")))
	s.deploy("Sell for nothing", price("0"))
	s.proposed(history.ProposalOpen)
	s.waits("waits for a person to merge it")
	s.quiet()
	require.Equal(t, []string{"rollback"}, hub.Pulls()[0].Labels)
	require.Equal(t, []string{"ana", "team:shop"}, hub.Reviewers(1))
}
