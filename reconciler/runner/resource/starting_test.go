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

func TestWhatAssayDoesNotSeeHasNotFailed(t *testing.T) {
	forbidden := apierrors.NewForbidden(probes.GroupResource(), "", errors.New("no RBAC policy matched"))
	for name, test := range map[string]struct {
		answer *apierrors.StatusError
		verbs  []string
		want   runner.End
		reason string
	}{
		"no right to watch":         {forbidden, []string{"list", "watch"}, runner.NotStarted, "Assay may not watch"},
		"no right to look":          {forbidden, []string{"list", "watch", "get"}, runner.NotStarted, "Assay may not"},
		"an API server that leaves": {apierrors.NewServiceUnavailable("away"), []string{"list", "watch", "get"}, runner.Killed, "was not seen within"},
	} {
		for _, timeout := range []time.Duration{10 * time.Second, 20 * time.Second, time.Minute} {
			t.Run(name+" in "+timeout.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, job := newCluster(t), probe("run-1")
					for _, verb := range test.verbs {
						c.refuse(verb, "probes", test.answer, 1<<30)
					}
					suite := *job.Suite
					suite.Spec.Timeout.Duration = timeout
					job.Suite = &suite
					result := start(t, c.runner(t), job).end(t)
					require.Equal(t, test.want, result.End, result.Reason)
					require.Contains(t, result.Reason, test.reason)
				})
			})
		}
	}
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
