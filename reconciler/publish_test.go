package reconciler_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback/gitprovider"
	syncs "github.com/assay-dev/assay/sources/sync"
)

// TestPublishTriesAgainEverMoreSeldomAndGivesUpOldNews steps the publisher by hand, as a simulation does.
func TestPublishTriesAgainEverMoreSeldomAndGivesUpOldNews(t *testing.T) {
	const repository, commit = "git.example.com/config", "3f9c2a11d0b43f9c2a11d0b43f9c2a11d0b43f9c"
	past, err := history.Open(t.Context(), t.TempDir())
	require.NoError(t, err)
	defer past.Close()
	clock := clocktesting.NewFakeClock(time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC))
	b, asked := newBoard(), 0
	b.fail(func(string) error { asked++; return fmt.Errorf("set status: %w", gitprovider.ErrUnavailable) })
	loop, err := reconciler.New(reconciler.Options{
		History: past, Clock: clock, Driver: &byHand{},
		Environments: []*reconciler.Environment{{Name: "staging", Statuses: true, Writable: map[string]reconciler.ConfigRepository{repository: {Provider: boarded{board: b}}}}},
	})
	require.NoError(t, err)
	begin := func(id string) {
		_, err := past.Begin(t.Context(), history.Verification{
			ID: id, Key: history.Key{Environment: "staging", Gate: "shop"}, Phase: history.Running, Reason: id, Started: clock.Now(),
			Targets: []history.TargetState{{Target: syncs.Target{Kind: "Site", Name: "shop"}, Revisions: []syncs.Revision{{Repository: repository, Commit: commit}}}},
		}, nil)
		require.NoError(t, err)
	}
	next, err := loop.Publish(t.Context())
	require.NoError(t, err)
	require.Zero(t, next, "nothing is due")

	begin("first")
	for try, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		next, err = loop.Publish(t.Context())
		require.ErrorIs(t, err, gitprovider.ErrUnavailable)
		require.Equal(t, clock.Now().Add(wait), next)
		early, err := loop.Publish(t.Context())
		require.NoError(t, err)
		require.Equal(t, next, early)
		require.Equal(t, try+1, asked, "nobody is asked before the time")
		clock.SetTime(next)
	}
	for range 20 {
		next, err = loop.Publish(t.Context())
		require.Error(t, err)
		require.LessOrEqual(t, next.Sub(clock.Now()), 10*time.Minute)
		clock.SetTime(next)
	}
	clock.Step(25 * time.Hour)
	next, err = loop.Publish(t.Context())
	require.NoError(t, err)
	require.Zero(t, next, "what is a day old is news no more")

	b.fail(nil)
	begin("second")
	next, err = loop.Publish(t.Context())
	require.NoError(t, err)
	require.Zero(t, next)
	_, said := b.at(commit)
	require.Equal(t, []string{"Pending: verifying: second"}, said)
}
