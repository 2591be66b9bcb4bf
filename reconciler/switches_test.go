package reconciler_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/rollbacktest"
	"github.com/assay-dev/assay/sources/tests"
)

// killSwitch keeps Assay from writing, until it is let go.
type killSwitch struct {
	says     string
	on, off  func(s *shop, hub *rollbacktest.Hub)
	needsOne bool // a pull request, to stand on
}

var killSwitches = map[string]killSwitch{
	"ASSAY_STOP": {
		says: "the operator has stopped all proposals (ASSAY_STOP)",
		on:   func(s *shop, _ *rollbacktest.Hub) { s.restart(func() { s.stopped = true }) },
		off:  func(s *shop, _ *rollbacktest.Hub) { s.restart(func() { s.stopped = false }) },
	},
	"assay hold": {
		says: "ana held environment staging at",
		on: func(s *shop, _ *rollbacktest.Hub) {
			require.NoError(s.t, s.past.Hold(s.t.Context(), history.Hold{Scope: history.Scope{Environment: "staging"}, Reason: "release week", By: "ana", At: time.Now()}))
		},
		off: func(s *shop, _ *rollbacktest.Hub) {
			lifted, err := s.past.Resume(s.t.Context(), history.Scope{Environment: "staging"}, "ana", time.Now())
			require.NoError(s.t, err)
			require.Equal(s.t, 1, lifted)
		},
	},
	"a file on the branch": {
		says: ".assay/stop lies on main",
		on: func(s *shop, _ *rollbacktest.Hub) {
			s.config.push("Stop", map[string]string{".assay/stop": "Release week.\n"})
		},
		off: func(s *shop, _ *rollbacktest.Hub) {
			gitIn(s.t, s.config.dir, "rm", "--quiet", "--", ".assay/stop")
			s.config.push("Go on", nil)
		},
	},
	"a label on the proposal": {
		says: "the label assay/stop is on the pull request", needsOne: true,
		on: func(s *shop, hub *rollbacktest.Hub) {
			hub.Edit(s.t, 1, func(pr *gitprovider.PullRequest) { pr.Labels = []string{rollback.StopLabel} })
		},
		off: func(s *shop, hub *rollbacktest.Hub) {
			hub.Edit(s.t, 1, func(pr *gitprovider.PullRequest) { pr.Labels = nil })
		},
	},
}

func (s *shop) restart(between func()) {
	s.stop()
	between()
	s.start()
}

// TestEverySwitchStopsEveryWrite holds each switch against each thing that Assay writes: nothing is written while it is on, and all of it
// after.
func TestEverySwitchStopsEveryWrite(t *testing.T) {
	pending := gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "waiting for: lint"}
	passing := gitprovider.Checks{State: gitprovider.ChecksPassing}
	big := price("0")
	big["shop/shop.yaml"] += "  size: big\n"
	for name, write := range map[string]struct {
		mode    tests.Mode
		needs   bool // a Proposal that is open
		provoke func(s *shop, hub *rollbacktest.Hub)
		written func(s *shop, hub *rollbacktest.Hub) bool
	}{
		"propose": {
			tests.Propose, false, func(s *shop, _ *rollbacktest.Hub) { s.deploy("Sell for nothing", price("0")) },
			func(s *shop, hub *rollbacktest.Hub) bool {
				return len(hub.Pulls()) > 0 || gitIn(s.t, s.config.bare, "for-each-ref", "refs/heads/assay") != ""
			},
		},
		"push": {
			tests.Commit, false, func(s *shop, _ *rollbacktest.Hub) { s.deploy("Sell for nothing", price("0")) },
			func(s *shop, _ *rollbacktest.Hub) bool {
				return gitIn(s.t, s.config.bare, "log", "--grep=^This reverts commit", "--format=%H", "main") != ""
			},
		},
		"update": {
			tests.Propose, true, func(s *shop, _ *rollbacktest.Hub) { s.deploy("Sell big things", big) },
			func(s *shop, hub *rollbacktest.Hub) bool {
				return gitIn(s.t, s.config.bare, "log", "--grep=Sell big things", "--format=%H", s.proposals(s.incident().ID)[0].Branch) != ""
			},
		},
		"merge": {
			tests.Merge, true, func(_ *shop, hub *rollbacktest.Hub) { hub.Require(passing) },
			func(_ *shop, hub *rollbacktest.Hub) bool { return hub.Pulls()[0].State == gitprovider.Merged },
		},
	} {
		for by, stop := range killSwitches {
			if stop.needsOne && !write.needs {
				continue
			}
			t.Run(name+" by "+by, func(t *testing.T) {
				t.Parallel()
				s, hub := onHub(t, write.mode)
				hub.Require(pending)
				if write.needs {
					s.deploy("Sell for nothing", price("0"))
					s.proposed(history.ProposalOpen)
				}
				stop.on(s, hub)
				if write.needs {
					s.waits(stop.says)
				}
				write.provoke(s, hub)
				s.waits(stop.says)
				s.quiet()
				require.False(t, write.written(s, hub))
				stop.off(s, hub)
				s.eventually("what was stopped", func() bool { return write.written(s, hub) })
			})
		}
	}
}

// TestASwitchKeepsAChangeFromBeingOfferedBack has the revert be in vain while a switch is on. The Incident ends all the same.
func TestASwitchKeepsAChangeFromBeingOfferedBack(t *testing.T) {
	for by, stop := range killSwitches {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			s, hub := onHub(t, tests.Merge)
			s.runner.mu.Lock()
			s.runner.judge = func(runner.Job) int { return 1 }
			s.runner.mu.Unlock()
			s.deploy("Sell at 8", price("8"))
			s.proposed(history.ProposalMerged)
			gitIn(t, s.config.dir, "pull", "--quiet", "--ff-only", "origin", "main")
			stop.on(s, hub)
			s.setLive(gitIn(t, s.config.dir, "rev-parse", "HEAD"))
			s.ends(history.Unresolved)
			require.Len(t, hub.Pulls(), 1)
			require.Empty(t, gitIn(t, s.config.bare, "for-each-ref", "refs/heads/assay/reland-*"))
		})
	}
}

// TestASwitchKeepsAProposalFromBeingClosed has people mend it while a switch is on. The Incident ends all the same, and the pull request
// stays open until nobody stops Assay any more.
func TestASwitchKeepsAProposalFromBeingClosed(t *testing.T) {
	for by, stop := range killSwitches {
		for how, mend := range map[string]func(s *shop, bad string){
			"forward": func(s *shop, _ string) { s.deploy("Sell at 8", price("8")) },
			"back": func(s *shop, bad string) {
				s.config.revert(bad, "main")
				s.proposed(history.ProposalMerged)
				s.pull()
			},
		} {
			t.Run(how+" under "+by, func(t *testing.T) {
				t.Parallel()
				s, hub := onHub(t, tests.Propose)
				bad := s.deploy("Sell for nothing", price("0"))
				s.proposed(history.ProposalOpen)
				stop.on(s, hub)
				s.waits(stop.says)
				before := hub.Pulls()[0]
				mend(s, bad)
				i := s.ends(history.Recovered)
				require.Equal(t, before, hub.Pulls()[0])
				require.Empty(t, hub.Comments(1))
				if how == "forward" {
					require.Contains(t, s.proposals(i.ID)[0].Reason, "its page stays as it is until that ends: ")
					require.Contains(t, s.proposals(i.ID)[0].Reason, stop.says)
				}
				unfinished, err := s.past.Unfinished(t.Context())
				require.NoError(t, err)
				require.NotEmpty(t, unfinished, "the page is not forgotten")

				stop.off(s, hub)
				s.eventually("the pull request to be closed", func() bool { return hub.Pulls()[0].State == gitprovider.Closed })
				require.Len(t, hub.Comments(1), 1)
				s.eventually("nothing to be left", func() bool {
					unfinished, err := s.past.Unfinished(t.Context())
					return err == nil && len(unfinished) == 0
				})
				require.Equal(t, i, s.incidents()[0], "what ended stays as it is")
			})
		}
	}
}
