package lead_test

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	k8stesting "k8s.io/client-go/testing"

	"github.com/assay-dev/assay/reconciler/lead"
)

const duration = 15 * time.Second // of the Lease, by default

// cluster is an API server that may be away.
type cluster struct {
	t *testing.T
	*fake.Clientset
	away  atomic.Bool
	lease time.Duration // 0 is the default
}

func newCluster(t *testing.T) *cluster {
	c := &cluster{t: t, Clientset: fake.NewClientset(
		&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "assay-system", Name: "assay-1", Labels: map[string]string{lead.Label: "true", "app": "assay"}}},
		&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "assay-system", Name: "assay-2", Labels: map[string]string{"app": "assay"}}},
	)}
	c.PrependReactor("*", "*", func(k8stesting.Action) (bool, runtime.Object, error) {
		return c.away.Load(), nil, errors.New("connection refused")
	})
	return c
}

// leaders are the pods with the label.
func (c *cluster) leaders() (names []string) {
	pods, err := c.CoreV1().Pods("assay-system").List(c.t.Context(), metav1.ListOptions{LabelSelector: lead.Label + "=true"})
	require.NoError(c.t, err)
	for _, pod := range pods.Items {
		require.Equal(c.t, "assay", pod.Labels["app"], "other labels stay")
		names = append(names, pod.Name)
	}
	return names
}

// replica is one Assay that stands for election.
type replica struct {
	began    chan context.Context // what the work is given
	finish   chan error           // ends the work
	returned chan error
	stop     context.CancelFunc // as SIGTERM does
}

func (c *cluster) stand(pod string) *replica {
	ctx, stop := context.WithCancel(c.t.Context())
	r := &replica{began: make(chan context.Context, 1), finish: make(chan error, 1), returned: make(chan error, 1), stop: stop}
	go func() {
		r.returned <- lead.Run(ctx, lead.Options{Client: c, Namespace: "assay-system", Pod: pod, Lease: "assay", Duration: c.lease}, func(ctx context.Context) error {
			r.began <- ctx
			return <-r.finish
		})
	}()
	return r
}

func TestOneLeadsAndTheNextFollowsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		first := c.stand("assay-1")
		leading := <-first.began
		second := c.stand("assay-2")
		synctest.Wait()
		require.Equal(t, []string{"assay-1"}, c.leaders())

		first.stop()
		time.Sleep(10 * duration) // of the bubble
		require.NoError(t, leading.Err(), "it is left to end by itself")
		require.Empty(t, second.began, "the lease is held meanwhile")

		first.finish <- nil
		require.NoError(t, <-first.returned)
		released := time.Now()
		<-second.began
		require.Less(t, time.Since(released), 5*time.Second, "it does not wait for the lease to be over")
		synctest.Wait()
		require.Equal(t, []string{"assay-2"}, c.leaders())

		failed := errors.New("it did not work")
		second.finish <- failed
		require.ErrorIs(t, <-second.returned, failed)
	})
}

func TestALeaderThatCannotRenewEndsBeforeAnotherMayLead(t *testing.T) {
	for name, is := range map[string]struct {
		obeys bool
		lease time.Duration
	}{"the work ends": {true, 0}, "the work does not end": {false, 0}, "a short lease": {false, 3 * time.Second}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCluster(t)
				c.lease = is.lease
				first := c.stand("assay-1")
				leading := <-first.began
				time.Sleep(time.Minute) // of the bubble
				require.NoError(t, leading.Err(), "it renews")

				c.away.Store(true)
				gone := time.Now()
				<-leading.Done()
				require.Less(t, time.Since(gone), cmp.Or(is.lease, duration))
				if is.obeys {
					first.finish <- nil
				}
				require.ErrorIs(t, <-first.returned, lead.ErrLost)
				require.LessOrEqual(t, time.Since(gone), cmp.Or(is.lease, duration))
				first.finish <- nil
			})
		})
	}
}

func TestWhoStandsByEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		first := c.stand("assay-1")
		<-first.began
		second := c.stand("assay-2")
		synctest.Wait()
		second.stop()
		require.NoError(t, <-second.returned)
		require.Empty(t, second.began)
		first.finish <- nil
		require.NoError(t, <-first.returned)

		c.away.Store(true)
		third := c.stand("assay-2")
		third.stop()
		require.NoError(t, <-third.returned)
	})
}
