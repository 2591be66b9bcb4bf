package wire

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	metadatafake "k8s.io/client-go/metadata/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/reconciler/metrics"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/sync/argo"
	"github.com/assay-dev/assay/sources/sync/flux"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// TestWhoWatchesIsReadyOnceAllIsListed stands by at first, and then watches a cluster that has neither Flux nor
// Argo CD, and says so only later.
func TestWhoWatchesIsReadyOnceAllIsListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		scheme := metadatafake.NewTestScheme()
		require.NoError(t, metav1.AddMetaToScheme(scheme))
		about, objects := metadatafake.NewSimpleMetadataClient(scheme), dynamicfake.NewSimpleDynamicClient(runtime.NewScheme())
		var away atomic.Bool
		away.Store(true)
		about.PrependReactor("list", "customresourcedefinitions", func(clienttesting.Action) (bool, runtime.Object, error) {
			return away.Load(), nil, errors.New("connection refused")
		})
		mirrors, builder := git.NewMirrors(t.TempDir(), given(nil), clock.RealClock{}), render.NewBuilder(nil)
		watched := watch.New(objects, about)
		a := &Assay{environments: []string{"staging"}, cluster: &cluster{
			watched: watched,
			flux:    flux.New(watched, objects, mirrors, builder, clock.RealClock{}, flux.Options{}),
			argo:    argo.New(watched, objects, mirrors, builder, clock.RealClock{}, argo.Options{}),
		}}
		require.NoError(t, a.Listed(), "another replica watches")
		require.Empty(t, a.Sources())

		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			a.Watch(ctx)
		}()
		synctest.Wait()
		require.ErrorContains(t, a.Listed(), "connection refused")
		require.Equal(t, []metrics.Source{{Environment: "staging", Name: "flux"}, {Environment: "staging", Name: "argo"}}, a.Sources())

		away.Store(false)
		time.Sleep(time.Minute) // of the bubble
		synctest.Wait()
		require.NoError(t, a.Listed())
		require.Equal(t, []metrics.Source{
			{Environment: "staging", Name: "flux", Synced: true}, {Environment: "staging", Name: "argo", Synced: true},
		}, a.Sources())
		stop()
		<-ended
		require.Empty(t, a.Sources())
	})
}

func TestWithoutAClusterThereIsNothingToList(t *testing.T) {
	a := &Assay{environments: []string{"staging"}}
	require.NoError(t, a.Listed())
	require.Empty(t, a.Sources())
}
