package reconciler_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/rollbacktest"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/tests"
)

// TestPeopleRevertItThemselves has people open their own revert before Assay does, and after.
func TestPeopleRevertItThemselves(t *testing.T) {
	for _, first := range []bool{true, false} {
		t.Run(map[bool]string{true: "before", false: "after"}[first], func(t *testing.T) {
			s, hub := onHub(t, tests.Merge)
			hub.Require(gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "waiting for: lint"})
			bad := s.config.push("Sell for nothing", price("0"))
			if !first {
				s.setLive(bad)
				s.waits("the required checks have not ended")
			}
			s.config.revert(bad, "theirs")
			number := hub.Open("theirs", `Revert "Sell for nothing"`, "It was too cheap.")
			s.setLive(bad)
			s.waits("people opened a revert, which waits for them to merge it")
			hub.Require(gitprovider.Checks{State: gitprovider.ChecksPassing})
			s.quiet()
			require.Len(t, hub.Comments(number), 1)
			require.Contains(t, hub.Comments(number)[0], "Assay found the same to blame ("+bad+"), and leaves the revert to you.")
			require.Equal(t, bad, gitIn(t, s.config.bare, "rev-parse", "main"), "it is theirs to merge")
			for _, pr := range hub.Pulls() {
				require.Equal(t, pr.Number == number, pr.State == gitprovider.Open)
			}
			s.config.merge("theirs")
			s.setLive(gitIn(t, s.config.dir, "rev-parse", "HEAD"))
			s.ends(history.Recovered)
			p := s.proposals(s.incidents()[0].ID)
			require.Len(t, p, 1)
			require.Equal(t, history.ProposalMerged, p[0].State)
			require.Contains(t, hub.Comments(number)[1], "Recovered")
		})
	}
}

// TestSomebodyFixesItAnotherWay closes the Proposal and says what was seen.
func TestSomebodyFixesItAnotherWay(t *testing.T) {
	s, hub := onHub(t, tests.Propose)
	s.deploy("Sell for nothing", price("0"))
	s.proposed(history.ProposalOpen)
	fixed := s.deploy("Sell at 8", price("8"))
	s.ends(history.Recovered)
	require.Equal(t, gitprovider.Closed, hub.Pulls()[0].State)
	require.Len(t, hub.Comments(1), 1)
	require.Contains(t, hub.Comments(1)[0], "Assay withdraws this proposal: the gate passes again, verified at "+fixed[:8]+" on 2")
}

// TestPeopleRevertItOnTheBranchItself leaves a pull request behind that no server would close.
func TestPeopleRevertItOnTheBranchItself(t *testing.T) {
	s, hub := onHub(t, tests.Propose)
	bad := s.deploy("Sell for nothing", price("0"))
	s.proposed(history.ProposalOpen)
	s.config.revert(bad, "main")
	s.proposed(history.ProposalMerged)
	require.Equal(t, gitprovider.Closed, hub.Pulls()[0].State)
	require.Contains(t, hub.Comments(1)[0], "This is not needed any more: ")
	require.Contains(t, hub.Comments(1)[0], "makes the same change")
	s.setLive(gitIn(t, s.config.dir, "rev-parse", "HEAD"))
	s.ends(history.Recovered)
}

// TestTheGatePassesBeforeThePageIsLookedAtAgain has people revert on the branch itself while nobody looks at the pull request.
func TestTheGatePassesBeforeThePageIsLookedAtAgain(t *testing.T) {
	s, hub := newShop(t), rollbacktest.New()
	s.provider = func(m *git.Mirror) gitprovider.Provider { return hub.Provider(m) }
	s.adjust = func(o *reconciler.Options) { o.Rollback.Interval = time.Hour }
	s.start()
	s.verified("shop", s.deploy("Sell at 7", price("7")))
	bad := s.deploy("Sell for nothing", price("0"))
	s.waits("waits for a person to merge it")
	s.config.revert(bad, "main")
	s.setLive(gitIn(t, s.config.dir, "rev-parse", "HEAD"))
	i := s.ends(history.Recovered)
	require.Equal(t, history.ProposalMerged, s.proposals(i.ID)[0].State)
	require.Equal(t, gitprovider.Closed, hub.Pulls()[0].State)
	require.Len(t, hub.Comments(1), 2)
	require.Contains(t, hub.Comments(1)[0], "This is not needed any more: ")
	require.Contains(t, hub.Comments(1)[1], "**Recovered ")
}
