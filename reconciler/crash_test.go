package reconciler_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/tests"
)

// crash ends an Assay at one of its writes to the history, as kill -9 would: that write is the last that is recorded, or the first that is
// not, and whatever else was under way is cut off.
type crash struct {
	at       int  // the write, counted from 1; 0 is never
	recorded bool // the write is the last one that is recorded
	forget   bool // the history is gone with the process

	mu     sync.Mutex
	cut    context.CancelFunc // of the Assay that runs
	writes int
	came   bool
}

// crashes are those that are to come, by the address of the database whose writes they see.
type crashes struct{ by sync.Map }

// watchCrashes has every crash that is added to what it returns see the writes to its database. The driver takes hooks only while it opens
// nothing.
func watchCrashes() *crashes {
	all := &crashes{}
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, dsn string) error {
		address, _, _ := strings.Cut(dsn, "?")
		if c, there := all.by.Load(address); there {
			conn.(sqlite.HookRegisterer).RegisterCommitHook(c.(*crash).commit)
		}
		return nil
	})
	return all
}

// commit is asked before each write; anything but 0 has it fail.
func (c *crash) commit() int32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut == nil { // the schema is being brought up to date
		return 0
	}
	if c.came {
		return 1
	}
	c.writes++
	if c.writes != c.at {
		return 0
	}
	c.came = true
	c.cut()
	if c.recorded {
		return 0
	}
	return 1
}

// arm names what is to be cut off.
func (c *crash) arm(cut context.CancelFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
}

// over tells whether the crash came, and was not told of yet; it comes only once.
func (c *crash) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.came {
		return false
	}
	c.came, c.at, c.cut = false, 0, nil
	return true
}

// TestACrashAtAnyWriteChangesNothing tells the story of a bad commit once for every write of Assay's, with a crash at that write. All of
// them take minutes: without ASSAY_CRASH_STEPS=all some are told, others each time. The name of one that failed says where its crash came.
func TestACrashAtAnyWriteChangesNothing(t *testing.T) {
	all := watchCrashes()
	for _, mode := range []tests.Mode{tests.Propose, tests.Commit} {
		t.Run(string(mode), func(t *testing.T) {
			whole := all.tell(t, mode, &crash{})
			require.Positive(t, whole, "the writes are seen")
			stride := 20
			if os.Getenv("ASSAY_CRASH_STEPS") == "all" {
				stride = 1
			}
			for at := 1 + rand.IntN(stride); at <= whole; at += stride {
				for _, c := range []*crash{{at: at}, {at: at, recorded: true}, {at: at, forget: true}, {at: at, recorded: true, forget: true}} {
					t.Run(c.String(), func(t *testing.T) {
						t.Parallel()
						all.tell(t, mode, c)
					})
				}
			}
		})
	}
}

func (c *crash) String() string {
	words := []string{"before"}
	if c.recorded {
		words[0] = "after"
	}
	words = append(words, fmt.Sprint(c.at))
	if c.forget {
		words = append(words, "with the history")
	}
	return strings.Join(words, " ")
}

// tell tells the story, checks its end, and returns how often something was recorded. The person in it looks at Git, and at no database.
func (all *crashes) tell(t *testing.T, mode tests.Mode, c *crash) int {
	s := newShop(t)
	s.crash, s.mode = c, mode
	shown := newBoard()
	s.showOn(shown)
	s.noted()
	if mode == tests.Commit {
		s.tests.push("Be bold", bold(tests.Commit))
	}
	all.by.Store("file:"+filepath.Join(s.data, "history", "history.db"), c)
	s.start()
	good := s.deploy("Sell at 7", price("7"))
	s.verified("shop", good)
	bad := s.deploy("Sell for nothing", price("0"))
	fixed := s.fix(bad)
	s.setLive(fixed)
	s.eventually("the end of the story", func() bool {
		last, err := s.past.Decisions(t.Context(), history.Filter{Limit: 1})
		require.NoError(t, err)
		ended := len(last) == 1 && last[0].Action == "Wait" && strings.Contains(last[0].Reason, "verified again every")
		return ended && s.verified("shop", fixed).Verdict.Outcome == gate.Passed && !slices.ContainsFunc(s.incidents(), func(i history.Incident) bool { return i.State == history.Ongoing })
	})
	s.told(shown, good, bad, fixed)
	s.stop()
	s.past = s.open()
	defer s.past.Close()

	reverts := strings.Fields(gitIn(t, s.config.bare, "log", "--all", "--grep=^This reverts commit", "--format=%H"))
	for _, revert := range reverts {
		require.Contains(t, gitIn(t, s.config.bare, "log", "-1", "--format=%B", revert), "This reverts commit "+bad+".")
	}
	require.LessOrEqual(t, len(reverts), 1)
	require.Equal(t, gitIn(t, s.config.bare, "rev-parse", good+"^{tree}"), gitIn(t, s.config.bare, "rev-parse", "main^{tree}"))
	if !c.forget {
		require.Len(t, reverts, 1)
		s.wholeStory(good, bad, fixed)
	}
	return c.writes
}

// fix waits for the revert and merges it, unless the mode did; where Assay blames nobody, having forgotten what passed, the person puts the
// price right. It returns the commit that is to go live.
func (s *shop) fix(bad string) (fixed string) {
	s.t.Helper()
	s.eventually("a revert, or that nobody is blamed", func() bool {
		if main := gitIn(s.t, s.config.bare, "rev-parse", "main"); main != bad {
			gitIn(s.t, s.config.dir, "pull", "--quiet", "--ff-only", "origin", "main")
			fixed = main
			return true
		}
		if branch := gitIn(s.t, s.config.bare, "for-each-ref", "--format=%(refname:short)", "refs/heads/assay"); branch != "" {
			s.config.merge(branch)
			fixed = gitIn(s.t, s.config.dir, "rev-parse", "HEAD")
			return true
		}
		all := s.incidents()
		if len(all) > 0 && all[0].Cause.Kind != blame.Config {
			require.True(s.t, s.crash.forget, all[0].Cause.Reason)
			fixed = s.config.push("Sell at 7 again", price("7"))
			return true
		}
		return false
	})
	return fixed
}

// told waits until the Verdicts of the story are told outside, where nothing is taken back: what a commit came to be called, it is called
// again at most. With the history what was not told yet is gone, but for what is verified last.
func (s *shop) told(shown *board, good, bad, fixed string) {
	finals := map[string]gitprovider.StatusState{good: gitprovider.StatusSuccess, bad: gitprovider.StatusFailure, fixed: gitprovider.StatusSuccess}
	outcomes := map[string]gate.Outcome{good: gate.Passed, bad: gate.Failed, fixed: gate.Passed}
	for commit, state := range finals {
		if s.crash.forget && commit != fixed {
			continue
		}
		s.shows(shown, commit, state)
		s.note(commit, "Assay: staging/shop "+string(outcomes[commit])+"\n")
		_, said := shown.at(commit)
		final := slices.IndexFunc(said, func(text string) bool { return !strings.HasPrefix(text, string(gitprovider.StatusPending)) })
		for _, text := range said[final:] {
			if !s.crash.forget {
				require.Equal(s.t, said[final], text, "%v", said)
			}
		}
	}
}

// wholeStory checks what history holds of the story, whatever happened in between: all of it, and all of it once.
func (s *shop) wholeStory(commits ...string) {
	t := s.t
	all, err := s.past.Verifications(t.Context(), history.Filter{})
	require.NoError(t, err)
	slices.Reverse(all)
	var told, whole []string
	for _, v := range all {
		told = append(told, fmt.Sprint(v.Targets[0].Revisions[0].Commit, " ", v.Phase, " ", v.Occasion.Kind, " ", v.Verdict.Outcome))
		runs, err := s.past.Runs(t.Context(), v.ID)
		require.NoError(t, err)
		rounds := map[string]bool{}
		for _, run := range runs {
			require.Equal(t, runner.Exited, run.End)
			require.Equal(t, 1, run.Attempt)
			round := fmt.Sprint(run.Purpose, run.Round)
			require.False(t, rounds[round], "%s ran twice", round)
			rounds[round] = true
		}
	}
	for i, outcome := range []gate.Outcome{gate.Passed, gate.Failed, gate.Passed} {
		whole = append(whole, fmt.Sprint(commits[i], " ", history.Done, " ", history.OnSync, " ", outcome))
	}
	require.Equal(t, whole, told)

	smoke := blame.CaseID{Suite: "smoke", Name: "smoke"}
	rates, err := s.past.Rates(t.Context(), all[0].Key, []blame.CaseID{smoke}, time.Now())
	require.NoError(t, err)
	require.InDelta(t, 2, rates[smoke].Runs, 0.01, "each pass is learnt once")

	incidents := s.incidents()
	require.Len(t, incidents, 1)
	require.Equal(t, history.Recovered, incidents[0].State)
	require.Equal(t, blame.Config, incidents[0].Cause.Kind)
	proposals := s.proposals(incidents[0].ID)
	require.Len(t, proposals, 1)
	require.Equal(t, []string{commits[1]}, proposals[0].Culprits)
	require.Equal(t, history.ProposalMerged, proposals[0].State, proposals[0].Reason)
}
