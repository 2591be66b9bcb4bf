package resource

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
)

func TestAnAPIServerThatHasJustStartedLetsNobodyIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		refused := apierrors.NewForbidden(probes.GroupResource(), "", errors.New("no RBAC policy matched"))
		for _, verb := range []string{"create", "list", "get", "delete"} {
			c.refuse(verb, "probes", refused, 3)
		}
		r := c.runner(t)
		f := start(t, r, probe("run-1"))
		require.Eventually(t, func() bool { return created(c) }, time.Minute, time.Second)
		c.say(t, probes, "{phase: Done}")
		result := f.end(t)
		require.Equal(t, runner.Exited, result.End, result.Reason)
		require.NoError(t, r.Forget(t.Context(), "run-1"))
		c.none(t, probes)
	})
}

func TestWhatBeganBesideOtherServicesIsNotAdopted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, job := newCluster(t), probe("run-1")
		job.Env[cluster.ServicesUID] = "1"
		first := start(t, c.runner(t), job)
		synctest.Wait()
		c.say(t, probes, "{phase: Done}")
		require.Equal(t, runner.Exited, first.end(t).End)
		require.Equal(t, runner.Exited, start(t, c.runner(t), job).end(t).End)

		job.Env[cluster.ServicesUID] = "2"
		result := start(t, c.runner(t), job).end(t)
		require.Equal(t, runner.NotStarted, result.End)
		require.Contains(t, result.Reason, "was not created for this run")
	})
}
