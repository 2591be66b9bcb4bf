package reconciler_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/tests"
)

// TestItsOwnIsLeftThoughTheServerFails has people open and merge a revert while Assay's own pull request cannot be closed.
func TestItsOwnIsLeftThoughTheServerFails(t *testing.T) {
	for _, merged := range []bool{true, false} {
		t.Run(fmt.Sprint("merged ", merged), func(t *testing.T) {
			s, hub := onHub(t, tests.Propose)
			bad := s.deploy("Sell for nothing", price("0"))
			own := s.proposed(history.ProposalOpen).Number
			hub.Fail(func(call string, after bool) error {
				if call == "Close" {
					return gitprovider.ErrUnavailable
				}
				return nil
			})
			s.config.revert(bad, "theirs")
			hub.Open("theirs", `Revert "Sell for nothing"`, "This reverts commit "+bad+".")
			s.eventually("that theirs is followed", func() bool { return s.proposals(s.incident().ID)[0].Joined })
			if merged {
				s.config.merge("theirs")
			} else {
				s.config.push("Sell at 8", price("8"))
			}
			s.setLive(gitIn(t, s.config.dir, "rev-parse", "HEAD"))
			s.verified("shop", gitIn(t, s.config.dir, "rev-parse", "HEAD"))
			hub.Fail(nil)
			s.ends(history.Recovered)
			require.Equal(t, gitprovider.Closed, hub.Pulls()[own-1].State)
		})
	}
}

// TestAServerFailsWhileAChangeIsOfferedBack has the branch be there already when it is tried again.
func TestAServerFailsWhileAChangeIsOfferedBack(t *testing.T) {
	s, hub := onHub(t, tests.Merge)
	opened := 0
	hub.Fail(func(call string, after bool) error {
		if call != "Open" || after {
			return nil
		}
		if opened++; opened == 2 {
			return gitprovider.ErrUnavailable
		}
		return nil
	})
	s.runner.mu.Lock()
	s.runner.judge = func(runner.Job) int { return 1 }
	s.runner.mu.Unlock()
	s.deploy("Sell at 8", price("8"))
	s.proposed(history.ProposalMerged)
	s.pull()
	s.ends(history.Unresolved)
	require.Len(t, hub.Pulls(), 2)
	require.Contains(t, hub.Comments(1)[0], hub.Pulls()[1].URL)
}

// TestTheNextFailureWhileTheServerIsAway is one of its own: the pass in between ended the Incident before it, whose
// Proposal could not be closed then.
func TestTheNextFailureWhileTheServerIsAway(t *testing.T) {
	s, hub := onHub(t, tests.Propose)
	s.deploy("Sell for nothing", price("0"))
	s.proposed(history.ProposalOpen)
	hub.Fail(func(string, bool) error { return gitprovider.ErrUnavailable })
	s.verified("shop", s.deploy("Sell at 8", price("8")))
	bad := s.deploy("Sell for nothing again", price("0"))
	require.Equal(t, gate.Failed, s.verified("shop", bad).Verdict.Outcome)
	hub.Fail(nil)
	s.eventually("the second proposal", func() bool { return len(hub.Pulls()) == 2 })
	all := s.incidents()
	require.Len(t, all, 2)
	require.Equal(t, history.Recovered, all[1].State)
	require.Contains(t, all[1].Reason, "the gate passed again")
	require.Equal(t, history.Ongoing, all[0].State)
	require.Equal(t, bad, all[0].Cause.Suspects[0].Commit)
	require.Equal(t, gitprovider.Closed, hub.Pulls()[0].State)
}

// TestWhatWasNeverProposedIsTakenAway has the server down from the push on, until the gate passes again.
func TestWhatWasNeverProposedIsTakenAway(t *testing.T) {
	s, hub := onHub(t, tests.Propose)
	hub.Fail(func(call string, _ bool) error {
		if call == "Open" {
			return gitprovider.ErrUnavailable
		}
		return nil
	})
	s.deploy("Sell for nothing", price("0"))
	s.eventually("the branch", func() bool { return gitIn(t, s.config.bare, "for-each-ref", "refs/heads/assay") != "" })
	s.deploy("Sell at 8", price("8"))
	i := s.ends(history.Recovered)
	require.Empty(t, gitIn(t, s.config.bare, "for-each-ref", "refs/heads/assay"))
	p := s.proposals(i.ID)[0]
	require.Equal(t, history.ProposalClosed, p.State)
	require.Contains(t, p.Reason, "withdrawn: the gate passes again, verified at")
	require.Empty(t, hub.Pulls())
}

// TestAServerThatFailsNowAndThen answers a third of all calls with an error, before it does what is asked or after; the story is the same.
func TestAServerThatFailsNowAndThen(t *testing.T) {
	for name, after := range map[string]bool{"before": false, "after": true} {
		t.Run(name, func(t *testing.T) {
			s, hub := onHub(t, tests.Merge)
			random := rand.New(rand.NewPCG(1, 2))
			hub.Fail(func(_ string, is bool) error {
				if is == after && random.IntN(3) == 0 {
					return gitprovider.ErrUnavailable
				}
				return nil
			})
			s.deploy("Sell for nothing", price("0"))
			s.proposed(history.ProposalMerged)
			s.pull()
			s.ends(history.Recovered)
			require.Len(t, hub.Pulls(), 1)
			require.Equal(t, gitprovider.Merged, hub.Pulls()[0].State)
			require.Equal(t, 1, strings.Count(hub.Pulls()[0].Body, "<!-- assay:claim"))
		})
	}
}
