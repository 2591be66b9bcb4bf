package demo

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
)

// TestCrash tells the story while Assay is killed at random moments and started again. The world goes on meanwhile: servers serve, and
// people push and merge. ASSAY_CRASH_ROUNDS says how often the story is told, ASSAY_CRASH_SEED which moments come first.
func TestCrash(t *testing.T) {
	bin := buildShop(t)
	rounds, seed := number(t, "ASSAY_CRASH_ROUNDS", 2), number(t, "ASSAY_CRASH_SEED", uint64(time.Now().UnixNano()))
	total := 0
	for round := range rounds {
		t.Run(strconv.FormatUint(seed+round, 10), func(t *testing.T) { total += crash(t, bin, seed+round) })
	}
	t.Logf("%d rounds, %d kills; repeat with ASSAY_CRASH_SEED=%d", rounds, total, seed)
}

func number(t *testing.T, variable string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, variable)
	return n
}

// crash tells the story once, and holds what is left against what must be.
func crash(t *testing.T, bin string, seed uint64) (kills int) {
	var out bytes.Buffer
	w, err := newWorld(t.Context(), quick(t, bin, &out))
	require.NoError(t, err)
	s := newStory(w)
	s.crashes = true
	defer func() {
		require.NoError(t, w.close())
		require.Empty(t, processesOf(t, w.dir), "processes are left")
	}()
	require.NoError(t, s.introduce(t.Context()))
	require.NoError(t, s.assay.start())
	kills, err = s.killed(t.Context(), rand.New(rand.NewPCG(seed, 0)))
	require.NoError(t, err, "after %d kills:\n%s", kills, &out)
	require.NoError(t, w.assay.stop())
	s.checkProposal(t)
	s.checkVerifications(t)
	return kills
}

// killed tells the story while Assay is killed and started again.
func (s *story) killed(ctx context.Context, random *rand.Rand) (kills int, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	over := make(chan error, 1)
	go func() {
		defer stop() // without Assay the story cannot go on
		// A life is short enough at times to hit a start, and long enough at others to get somewhere: on a slow machine,
		// too, since they get longer.
		for mean := 600 * time.Millisecond; ; mean += mean / 8 {
			after := time.NewTimer(20*time.Millisecond + time.Duration(random.ExpFloat64()*float64(mean)))
			select {
			case <-ctx.Done():
				after.Stop()
				over <- nil
				return
			case <-after.C:
			}
			if err := s.assay.restart(); err != nil {
				over <- err
				return
			}
			kills++
		}
	}()
	err = s.play(ctx)
	stop()
	return kills, errors.Join(<-over, err)
}

// checkProposal finds exactly one, in the history, among the branches and in what was merged.
func (s *story) checkProposal(t *testing.T) {
	ctx := t.Context()
	proposals, err := s.history.ProposalsIn(ctx, s.proposal.Repository)
	require.NoError(t, err)
	require.Len(t, proposals, 1)
	require.Equal(t, history.ProposalMerged, proposals[0].State)
	require.Equal(t, []string{s.bad}, proposals[0].Culprits)

	branches, err := runGit(ctx, s.settings.Config, "Ana", "for-each-ref", "--format=%(refname)", "refs/heads/assay", "refs/assay")
	require.NoError(t, err)
	require.Equal(t, []string{recordOf(proposals[0]), "refs/heads/" + proposals[0].Branch}, strings.Fields(branches))
	reverts, err := runGit(ctx, s.settings.Config, "Ana", "log", "--all", "--format=%H", "--grep=This reverts commit "+s.bad)
	require.NoError(t, err)
	require.Len(t, strings.Fields(reverts), 1, "the same revert was committed more than once")

	incidents, err := s.history.Incidents(ctx, history.Filter{})
	require.NoError(t, err)
	require.Len(t, incidents, 1)
	require.Equal(t, history.Recovered, incidents[0].State, incidents[0].Reason)
}

// checkVerifications finds each state that was live verified, and each of them once.
func (s *story) checkVerifications(t *testing.T) {
	ctx := t.Context()
	all, err := s.history.Verifications(ctx, history.Filter{})
	require.NoError(t, err)
	slices.Reverse(all) // oldest first
	var digests []string
	var outcomes []gate.Outcome
	for i, v := range all {
		if v.Phase == history.Superseded {
			require.Less(t, i+1, len(all), "verification %s was superseded by nothing: %s", v.ID, v.Reason)
			next := all[i+1]
			require.False(t, v.Targets[0].Digest == next.Targets[0].Digest && v.Tests == next.Tests,
				"verification %s was superseded by one of the same state: %s", v.ID, v.Reason)
			continue
		}
		require.Equal(t, history.Done, v.Phase, "verification %s was lost", v.ID)
		require.Equal(t, history.OnSync, v.Occasion.Kind, "verification %s: %s", v.ID, v.Reason)
		digests, outcomes = append(digests, v.Targets[0].Digest), append(outcomes, v.Verdict.Outcome)
		s.checkRuns(t, v)
	}
	require.Equal(t, []gate.Outcome{gate.Passed, gate.Passed, gate.Failed, gate.Passed}, outcomes)
	require.Equal(t, digests[1], digests[3], "the revert restores what passed")
	require.Equal(t, s.syncedDigests(t), digests, "each state that was synced is verified once")
}

// checkRuns finds one Run of each round.
func (s *story) checkRuns(t *testing.T, v history.Verification) {
	runs, err := s.history.Runs(t.Context(), v.ID)
	require.NoError(t, err)
	rounds := map[int]int{}
	for _, run := range runs {
		require.NotEmpty(t, run.End, "run %s was lost", run.ID)
		if run.Attempt == 1 {
			rounds[run.Round]++
		}
	}
	want := map[int]int{0: 1}
	if v.Verdict.Outcome == gate.Failed {
		want = map[int]int{0: 1, 1: 1, 2: 1}
	}
	require.Equal(t, want, rounds, "verification %s", v.ID)
}

// syncedDigests are the digests of the Syncs that were recorded, without repetitions in a row.
func (s *story) syncedDigests(t *testing.T) (digests []string) {
	syncs, err := s.history.Syncs(t.Context(), history.Filter{})
	require.NoError(t, err)
	slices.Reverse(syncs)
	for _, seen := range syncs {
		digests = append(digests, seen.Digest)
	}
	return slices.Compact(digests)
}

// processesOf are the processes that know of a folder by their arguments or their environment.
func processesOf(t *testing.T, dir string) (left []string) {
	if runtime.GOOS != "linux" {
		return nil // /proc is Linux's; elsewhere the runner's own tests have to do
	}
	for _, file := range []string{"cmdline", "environ"} {
		paths, err := filepath.Glob("/proc/[0-9]*/" + file)
		require.NoError(t, err)
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err == nil && bytes.Contains(text, []byte(dir)) {
				left = append(left, path+": "+string(bytes.ReplaceAll(text, []byte{0}, []byte(" "))))
			}
		}
	}
	return left
}
