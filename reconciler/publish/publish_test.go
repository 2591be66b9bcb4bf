package publish_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/publish"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
	syncs "github.com/assay-dev/assay/sources/sync"
)

// board is a server that shows statuses, while it is not down.
type board struct {
	gitprovider.Provider
	down  bool
	asked int
	shown []string
}

func (b *board) SetStatus(_ context.Context, _ git.Hash, s gitprovider.CommitStatus) error {
	b.asked++
	if b.down {
		return fmt.Errorf("set status: %w", gitprovider.ErrUnavailable)
	}
	b.shown = append(b.shown, fmt.Sprintf("%s: %s", s.State, s.Description))
	return nil
}

// TestPublishTriesAgainEverMoreSeldomAndGivesUpOldNews steps the Publisher by hand.
func TestPublishTriesAgainEverMoreSeldomAndGivesUpOldNews(t *testing.T) {
	const repository, commit = "git.example.com/config", "3f9c2a11d0b43f9c2a11d0b43f9c2a11d0b43f9c"
	past, err := history.Open(t.Context(), t.TempDir())
	require.NoError(t, err)
	defer past.Close()
	clock := clocktesting.NewFakeClock(time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC))
	b := &board{down: true}
	publisher := publish.New(publish.Options{
		History: past, Clock: clock, Log: slog.New(slog.DiscardHandler),
		Places: []publish.Place{{Environment: "staging", Repository: repository, Provider: b, Statuses: true}},
	})
	begin := func(id string) {
		_, err := past.Begin(t.Context(), history.Verification{
			ID: id, Key: history.Key{Environment: "staging", Gate: "shop"}, Phase: history.Running, Reason: id, Started: clock.Now(),
			Targets: []history.TargetState{{Target: syncs.Target{Kind: "Site", Name: "shop"}, Revisions: []syncs.Revision{{Repository: repository, Commit: commit}}}},
		}, nil)
		require.NoError(t, err)
	}
	next, err := publisher.Publish(t.Context())
	require.NoError(t, err)
	require.Zero(t, next, "nothing is due")

	begin("first")
	for try, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		next, err = publisher.Publish(t.Context())
		require.ErrorIs(t, err, gitprovider.ErrUnavailable)
		require.Equal(t, clock.Now().Add(wait), next)
		early, err := publisher.Publish(t.Context())
		require.NoError(t, err)
		require.Equal(t, next, early)
		require.Equal(t, try+1, b.asked, "nobody is asked before the time")
		clock.SetTime(next)
	}
	for range 20 {
		next, err = publisher.Publish(t.Context())
		require.Error(t, err)
		require.LessOrEqual(t, next.Sub(clock.Now()), 10*time.Minute)
		clock.SetTime(next)
	}
	clock.Step(25 * time.Hour)
	next, err = publisher.Publish(t.Context())
	require.NoError(t, err)
	require.Zero(t, next, "what is a day old is news no more")

	b.down = false
	begin("second")
	next, err = publisher.Publish(t.Context())
	require.NoError(t, err)
	require.Zero(t, next)
	require.Equal(t, []string{"Pending: verifying: second"}, b.shown)
}
