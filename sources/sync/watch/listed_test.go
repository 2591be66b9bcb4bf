package watch_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/assay-dev/assay/sources/sync/watch"
)

// answering is an API server whose answer to lists of a kind is the test's to say; nil is what there is.
func (p *peer) answering(resource string) *atomic.Pointer[error] {
	answer := &atomic.Pointer[error]{}
	p.objects.PrependReactor("list", resource, func(clienttesting.Action) (bool, runtime.Object, error) {
		if err := answer.Load(); err != nil {
			return true, nil, *err
		}
		return false, nil, nil
	})
	return answer
}

func TestListedOnceAllThatThereIsWasSeen(t *testing.T) {
	away := errors.New("connection refused")
	var forbidden error = apierrors.NewForbidden(pods.GroupResource(), "", errors.New("no RBAC policy matched"))
	var unserved error = apierrors.NewNotFound(pods.GroupResource(), "")
	for name, test := range map[string]struct {
		answer error
		want   string // empty: it does not matter
	}{
		"there":     {},
		"away":      {answer: away, want: "list pods: connection refused"},
		"forbidden": {answer: forbidden},
		"not there": {answer: unserved},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, n := newPeer(t), &told{}
				answer := p.answering("pods")
				if test.answer != nil {
					answer.Store(&test.answer)
				}
				cluster := watch.New(p.objects, p.metadata)
				watch.Follow(cluster, pods, watch.Selection{}, trim, n.notify)
				watch.Follow(cluster, kustomizations, watch.Selection{}, trim, n.notify) // which the cluster does not have
				require.ErrorContains(t, cluster.Listed(), "the cluster is not watched yet")
				run(t, cluster)
				if test.want != "" {
					require.EqualError(t, cluster.Listed(), test.want)
				} else {
					require.NoError(t, cluster.Listed())
				}

				answer.Store(nil)
				time.Sleep(time.Minute) // of the bubble's time: client-go tries again
				synctest.Wait()
				require.NoError(t, cluster.Listed())
			})
		})
	}
}

func TestListedStaysSoWhateverComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, n := newPeer(t), &told{}
		p.define(t, kustomizations.GroupResource().String(), "1")
		answer := p.answering("kustomizations")
		streams := make(chan *stream, 8)
		p.objects.PrependWatchReactor("kustomizations", streaming(streams))
		cluster := watch.New(p.objects, p.metadata)
		kind := watch.Follow(cluster, kustomizations, watch.Selection{}, trim, n.notify)
		run(t, cluster)
		require.NoError(t, cluster.Listed())

		away := errors.New("connection refused")
		answer.Store(&away)
		(<-streams).expire()
		time.Sleep(time.Minute)
		require.Equal(t, "list kustomizations.kustomize.toolkit.fluxcd.io: connection refused", kind.Reason())
		require.NoError(t, cluster.Listed(), "the API server is away")

		require.NoError(t, p.metadata.Tracker().Delete(definitions, "", kustomizations.GroupResource().String()))
		p.define(t, kustomizations.GroupResource().String(), "2")
		synctest.Wait()
		require.False(t, kind.Synced())
		require.NoError(t, cluster.Listed(), "its definition is another")
	})
}

func TestAKindThatComesLaterIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, n := newPeer(t), &told{}
		answer := p.answering("kustomizations")
		broken := errors.New("conversion webhook failed")
		answer.Store(&broken)
		cluster := watch.New(p.objects, p.metadata)
		kind := watch.Follow(cluster, kustomizations, watch.Selection{}, trim, n.notify)
		run(t, cluster)
		require.NoError(t, cluster.Listed())

		p.define(t, kustomizations.GroupResource().String(), "1")
		synctest.Wait()
		require.Equal(t, "list kustomizations.kustomize.toolkit.fluxcd.io: conversion webhook failed", kind.Reason())
		require.NoError(t, cluster.Listed(), "one kind that is broken takes nothing from the others")
	})
}

func TestDefinitionsThatWereNotListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, n := newPeer(t), &told{}
		p.metadata.PrependReactor("list", "customresourcedefinitions", func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, errors.New("connection refused")
		})
		cluster := watch.New(p.objects, p.metadata)
		watch.Follow(cluster, kustomizations, watch.Selection{}, trim, n.notify)
		run(t, cluster)
		require.ErrorContains(t, cluster.Listed(), "which kinds the cluster has is not known yet: ")
	})
}
