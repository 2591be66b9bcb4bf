package track_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/fetch"
	"github.com/assay-dev/assay/sources/sync/track"
	"github.com/assay-dev/assay/sources/sync/track/tracktest"
)

func TestWhatIsToldWhileItIsNotKnownWhatATargetRenders(t *testing.T) {
	const unknown = "what it renders is not known: "
	sync := &syncs.Sync{Outcome: syncs.Applied}
	pending := &syncs.Sync{Outcome: syncs.Failed, Reason: "it is being applied"}
	settings := render.Settings{NamePrefix: "shop-"}
	good := []syncs.Revision{{Commit: "good"}}
	underway := fmt.Errorf("what failed before: %w", fetch.ErrUnderway)
	for name, test := range map[string]struct {
		before          syncs.State
		already         string // a Reason that the look has told before
		err             error
		pending, reason string // that are told
		kept            bool   // so is the Sync from before
		retried         bool
	}{
		"an error":                 {before: syncs.State{Sync: sync}, err: errors.New("no"), reason: unknown + "no", retried: true},
		"a fetch":                  {before: syncs.State{Sync: sync}, err: underway, kept: true, pending: underway.Error()},
		"what comes by itself":     {before: syncs.State{Sync: sync}, err: track.Soon("soon"), kept: true, pending: "soon"},
		"nothing known yet":        {err: underway, reason: underway.Error()},
		"a Sync on its way":        {before: syncs.State{Sync: sync, Pending: pending}, err: underway, kept: true, pending: pending.Reason},
		"what failed before":       {before: syncs.State{Reason: unknown + "no"}, err: underway, reason: unknown + "no"},
		"what is told already":     {before: syncs.State{Sync: sync}, already: "it is old", err: underway, kept: true, reason: "it is old"},
		"another reason before it": {before: syncs.State{Reason: "it is suspended"}, err: track.Soon("soon"), reason: "soon"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, e *engine) {
				e.finds(func(_ context.Context, l *look) {
					l.State.Sync, l.State.Pending, l.State.Reason = test.before.Sync, test.before.Pending, test.before.Reason
					l.State.Build, l.State.Good = settings, good
				})
				e.shop("one", "")
				e.run()
				e.looked()
				began := time.Now()
				e.finds(func(_ context.Context, l *look) {
					l.State.Reason = test.already
					l.Unrendered(test.err)
				})
				e.tracker.LookAt(item("one"))
				state := e.One()
				require.Equal(t, test.reason, state.Reason)
				if test.kept {
					require.Same(t, sync, state.Sync)
				} else {
					require.Nil(t, state.Sync)
				}
				if test.pending == "" {
					require.Nil(t, state.Pending)
				} else {
					require.Equal(t, test.pending, state.Pending.Reason)
				}
				if test.retried {
					require.Empty(t, state.Good)
				} else {
					require.Equal(t, good, state.Good)
					require.Equal(t, settings, state.Build)
				}
				e.looked()
				time.Sleep(time.Minute) // of the bubble's
				e.tracker.LookAt(item("one"))
				again := e.One()
				require.Equal(t, test.reason, again.Reason)
				if test.kept && test.before.Pending == nil && test.already == "" {
					require.Equal(t, syncs.Unreachable, again.Pending.Failure)
					require.Equal(t, began, again.Pending.At, "one wait has one deadline")
				}
				require.Equal(t, test.retried, e.looked()["one"] > 1)
			})
		})
	}
}

func TestWhatIsBuiltIsFetchedFirst(t *testing.T) {
	in(t, func(t *testing.T, e *engine) {
		at := syncs.Revision{URL: tracktest.URL, Commit: e.Commits["FIRST"], Path: "shop"}
		type answer struct {
			digest string
			err    error
		}
		e.shop("one", "")
		e.run()
		e.looked()
		var answers []answer
		e.finds(func(ctx context.Context, l *look) {
			digest, err := l.Digest(ctx, at, render.Settings{})
			if answers = append(answers, answer{digest, err}); err != nil {
				l.Unrendered(err)
			}
		})
		e.tracker.LookAt(item("one"))
		e.looked()
		require.Len(t, answers, 2, "it is looked at again once the commit is here")
		require.ErrorIs(t, answers[0].err, fetch.ErrUnderway)
		require.NoError(t, answers[1].err)
		require.Contains(t, answers[1].digest, "sha256:")

		at.Commit = e.Commits["BROKEN"]
		e.shop("one", "team: other")
		e.looked()
		require.Equal(t, answer{}, answers[len(answers)-1], "what does not build has no digest")
		at.Commit = "main"
		e.shop("one", "team: another")
		require.Contains(t, e.One().Reason, `commit "main" of `+tracktest.URL)
	})
}
