package resource

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/runner"
)

func TestAnAssayThatStopsLeavesItsObjectToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		ctx, stop := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { stop(runner.ErrStopping) })
		result, err := c.runner(t).Run(ctx, probe("run-1"))
		require.NoError(t, err)
		require.Equal(t, runner.Cancelled, result.End)
		left := c.only(t, probes)

		next := start(t, c.runner(t), probe("run-1"))
		synctest.Wait()
		require.Equal(t, left.GetUID(), c.only(t, probes).GetUID(), "nothing is run twice")
		c.say(t, probes, "{phase: Done}")
		require.Equal(t, runner.Exited, next.end(t).End)
	})
}
