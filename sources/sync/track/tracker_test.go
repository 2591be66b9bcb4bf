package track_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/sync/rollout"
	"github.com/assay-dev/assay/sources/sync/track"
	"github.com/assay-dev/assay/sources/sync/watch"
)

func TestATargetIsToldOfBeforeItWasLookedAt(t *testing.T) {
	in(t, func(t *testing.T, e *engine) {
		e.Write(e.Object("{apiVersion: example.com/v1, kind: Shop, metadata: {name: one, namespace: shops, labels: {team: shop}, " +
			"annotations: {assay.dev/requestedAt: now}}}"))
		looking := make(chan struct{})
		e.finds(func(context.Context, *look) { <-looking })
		e.run()
		before := e.One()
		require.Equal(t, "it was not looked at yet", before.Reason)
		require.Equal(t, target("one"), before.Target)
		require.Equal(t, map[string]string{"team": "shop"}, before.Labels)
		require.Equal(t, "now", before.RequestedAt)
		require.Equal(t, []string{"one"}, e.moved())
		close(looking)
		require.Empty(t, e.One().Reason)
		require.Equal(t, []string{"one"}, e.moved())
	})
}

func TestWhenATargetIsLookedAtAgain(t *testing.T) {
	in(t, func(t *testing.T, e *engine) {
		e.finds(func(_ context.Context, l *look) { l.Rolling = l.Item.Key.Name == "rolling" })
		for _, name := range []string{"one", "rolling"} {
			e.shop(name, "")
		}
		e.run()
		e.looked()
		e.shop("one", "team: other")
		require.Equal(t, map[string]int{"one": 1}, e.looked(), "its object has changed")
		e.Rollout.Answer(rollout.Result{}, nil)
		require.Equal(t, map[string]int{"rolling": 1}, e.looked(), "its workloads may have moved on")
		e.Write(e.Object("{apiVersion: example.com/v1, kind: Supply, metadata: {name: one, namespace: elsewhere}}"))
		require.Equal(t, map[string]int{"one": 1}, e.looked(), "what it hangs on has changed")
		e.tracker.Notify(nil)(watch.Key{})
		require.Equal(t, map[string]int{"one": 1, "rolling": 1}, e.looked(), "anything may have changed")
		_, all := e.tracker.Moved()
		require.True(t, all)
		time.Sleep(24 * time.Hour) // of the bubble's
		require.Empty(t, e.looked())
	})
}

func TestWhatCannotBeLookedAtIsTriedMoreAndMoreSeldom(t *testing.T) {
	in(t, func(t *testing.T, e *engine) {
		e.shop("one", "")
		e.run()
		e.looked()
		e.finds(func(_ context.Context, l *look) { l.Retry = true })
		e.tracker.LookAt(item("one"))
		time.Sleep(10 * time.Second) // of the bubble's
		require.Equal(t, map[string]int{"one": 4}, e.looked(), "after 0, 1, 3 and 7 seconds")
		time.Sleep(24 * time.Hour)
		e.looked()
		time.Sleep(time.Hour)
		require.Equal(t, map[string]int{"one": 12}, e.looked(), "every five minutes")

		e.finds(func(context.Context, *look) {})
		time.Sleep(time.Hour)
		require.Equal(t, map[string]int{"one": 1}, e.looked())
		e.finds(func(_ context.Context, l *look) { l.Retry = true })
		e.shop("one", "team: other")
		time.Sleep(10 * time.Second)
		require.Equal(t, map[string]int{"one": 4}, e.looked(), "how often it failed was forgotten")
	})
}

func TestATargetIsLookedAtByOneAtATime(t *testing.T) {
	in(t, func(t *testing.T, e *engine) {
		looking := make(chan struct{})
		var looks atomic.Int64
		var together atomic.Bool
		e.finds(func(_ context.Context, l *look) {
			if l.Item.Key.Name == "one" {
				together.CompareAndSwap(false, looks.Add(1) > 1)
				<-looking
				looks.Add(-1)
			}
		})
		e.shop("one", "")
		e.run()
		synctest.Wait()
		e.shop("one", "team: other")
		e.shop("two", "")
		require.Equal(t, map[string]int{"one": 1, "two": 1}, e.looked(), "others are looked at meanwhile")
		looking <- struct{}{}
		require.Equal(t, map[string]int{"one": 1}, e.looked(), "and it is again")
		require.False(t, together.Load())
		close(looking)
	})
}

func TestNothingIsLookedAtBeforeItIsOpen(t *testing.T) {
	tracker := track.New[int](track.Options{})
	var looked []watch.Key
	notify := tracker.Notify(func(key watch.Key) { looked = append(looked, key) })
	one := watch.Key{Name: "one"}
	notify(one)
	notify(watch.Key{})
	require.Empty(t, looked)
	require.Empty(t, tracker.Changed())
	tracker.Open()
	notify(one)
	require.Equal(t, []watch.Key{one}, looked)
}
