package sync

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/tests"
)

func withBisect(s *tests.Site) {
	withDeploy(s)
	s.Spec.Deploy.Bisect = true
}

func hash(t *testing.T, commit string) git.Hash {
	h, err := git.ParseHash(commit)
	require.NoError(t, err)
	return h
}

func TestACommitIsTriedAndTheSiteComesBack(t *testing.T) {
	w := newWorld(t, withBisect)
	one := w.config.price(1)
	w.look(t)
	two := w.config.price(2)
	home := w.look(t)
	require.True(t, home.Triable)
	target := home.Target

	require.NoError(t, w.sites.Try(target, hash(t, one), "a"))
	require.NoError(t, w.sites.Try(target, hash(t, one), "a"), "asked again")
	require.ErrorIs(t, w.sites.Try(target, hash(t, two), "b"), ErrTaken)
	states, err := w.sites.Targets(t.Context())
	require.NoError(t, err)
	require.NotNil(t, states[0].Trial, "everybody knows at once")

	away := w.look(t)
	require.True(t, away.Trial.Live, away.Trial.Reason)
	require.Equal(t, one, away.Trial.Commit)
	require.Same(t, home.Sync, away.Sync, "what it follows is what it was")
	require.Empty(t, away.Trial.Overtaken)
	require.Equal(t, []string{one, two, one}, w.deployed)
	w.look(t)
	require.Len(t, w.deployed, 3, "deployed once")

	w.sites.Release("b")
	require.NotNil(t, w.look(t).Trial, "only who began it ends it")
	w.sites.Release("a")
	states, err = w.sites.Targets(t.Context())
	require.NoError(t, err)
	require.Nil(t, states[0].Sync, "it is not back yet")
	require.Contains(t, states[0].Pending.Reason, "goes back")
	back := w.look(t)
	require.Nil(t, back.Trial)
	require.Equal(t, two, back.Sync.Revisions[0].Commit)
	require.Equal(t, w.clock.Now(), back.Sync.Since, "whatever ran meanwhile ran on something else")
	require.Equal(t, []string{one, two, one, two}, w.deployed)
}

func TestATrialSaysWhatItWaitsFor(t *testing.T) {
	w := newWorld(t, withBisect)
	one := w.config.price(1)
	broken := w.config.commit("shop.yaml", "kind: [")
	two := w.config.price(2)
	home := w.look(t)
	for commit, reason := range map[string]string{broken: "build", "0123456789012345678901234567890123456789": "0123456"} {
		require.NoError(t, w.sites.Try(home.Target, hash(t, commit), "a"))
		state := w.look(t)
		require.False(t, state.Trial.Live)
		require.Contains(t, state.Trial.Reason, reason)
	}
	require.NoError(t, w.sites.Try(home.Target, hash(t, one), "a"))
	w.fail = errors.New("exit code 7")
	require.Contains(t, w.look(t).Trial.Reason, "exit code 7")
	w.fail = nil
	require.True(t, w.look(t).Trial.Live)
	w.setLive(t, two)
	require.Contains(t, w.look(t).Trial.Reason, "not live: "+two[:8])
	w.setLive(t, "")
	require.Contains(t, w.look(t).Trial.Reason, "answered nothing")

	next := w.config.price(3)
	require.Contains(t, w.look(t).Trial.Overtaken, next[:8]+" is the newest commit of main")
	w.sites.Release("a")
	require.Equal(t, next, w.look(t).Sync.Revisions[0].Commit)
}

func TestOnlyASiteThatSaysSoIsTried(t *testing.T) {
	w := newWorld(t, withDeploy)
	one := w.config.price(1)
	state := w.look(t)
	require.False(t, state.Triable)
	require.ErrorContains(t, w.sites.Try(state.Target, hash(t, one), "a"), "may be bisected")
	w.sites.Release("a")
	require.Same(t, state.Sync, w.look(t).Sync)
}
