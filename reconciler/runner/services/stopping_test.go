package services

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/runner"
)

func TestAnAssayThatStopsLeavesItsServicesToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, i, job := newCluster(), &inner{}, jobWith(t, database)
		ctx, stop := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { stop(runner.ErrStopping) })
		result, err := c.runner(t, i).Run(ctx, job)
		require.NoError(t, err)
		require.Equal(t, runner.Cancelled, result.End)
		require.Equal(t, []string{namespaceOf("run-1")}, c.namespaces(t), "a Run that goes on needs them")

		next := start(t, c.runner(t, i), job)
		synctest.Wait()
		c.say(t, namespaceOf("run-1"), "db", available)
		require.Equal(t, runner.Exited, next.end().End)
		require.Empty(t, c.namespaces(t))
	})
}
