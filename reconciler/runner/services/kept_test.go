package services

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
)

// settings are a folder that is ready at once.
var settings = map[string]string{"kustomization.yaml": "configMapGenerator: [{name: settings, literals: [a=b]}]\n"}

func (c *fakeCluster) removeNamespace(t *testing.T) {
	t.Helper()
	require.NoError(t, c.Resource(namespaces).Delete(t.Context(), namespaceOf("run-1"), metav1.DeleteOptions{}))
}

func TestARunWhoseServicesWentMeanwhileIsNoEvidence(t *testing.T) {
	for _, end := range []runner.End{runner.Exited, runner.TimedOut} {
		synctest.Test(t, func(t *testing.T) {
			c, i := newCluster(), &inner{end: end}
			i.meanwhile = func() { c.removeNamespace(t) }
			result := start(t, c.runner(t, i), jobWith(t, settings)).end()
			require.Equal(t, runner.Killed, result.End)
			require.Equal(t, -1, result.ExitCode)
			require.Contains(t, result.Reason, "somebody deleted namespace "+namespaceOf("run-1"))
		})
	}
}

func TestWhatARunHasFoundOutIsKeptWhenNobodyWaitsAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, i := newCluster(), &inner{}
		ctx, stop := context.WithCancel(t.Context())
		i.meanwhile = stop
		result, err := c.runner(t, i).Run(ctx, jobWith(t, settings))
		require.NoError(t, err)
		require.Equal(t, runner.Exited, result.End)
	})
}

// TestServicesThatAreMadeAnewAreOthers stops Assay while a Run goes on, and has somebody delete the namespace before the next Assay comes:
// whoever would adopt the Run sees that it began beside other services.
func TestServicesThatAreMadeAnewAreOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, i := newCluster(), &inner{}
		ctx, stop := context.WithCancelCause(t.Context())
		i.meanwhile = func() { stop(runner.ErrStopping) }
		job := jobWith(t, settings)
		_, _ = c.runner(t, i).Run(ctx, job) // which the next one asks for again
		i.meanwhile = nil
		_, err := c.runner(t, i).Run(t.Context(), job)
		require.NoError(t, err)
		require.Equal(t, i.jobs[0].Env, i.jobs[1].Env, "the next Assay finds the services as they were")

		require.Empty(t, c.namespaces(t))
		_, err = c.runner(t, i).Run(t.Context(), job)
		require.NoError(t, err)
		require.NotEqual(t, i.jobs[0].Env[cluster.ServicesUID], i.jobs[2].Env[cluster.ServicesUID])
	})
}

func TestAnAPIServerThatHasJustStartedLetsNobodyIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, i := newCluster(), &inner{}
		for _, verb := range []string{"create", "list"} {
			var asked atomic.Int32
			c.PrependReactor(verb, "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
				refused := apierrors.NewForbidden(action.GetResource().GroupResource(), "", errors.New("no RBAC policy matched"))
				return asked.Add(1) <= 3, nil, refused
			})
		}
		job := jobWith(t, database)
		job.Suite.Spec.Services[0].Timeout.Duration = time.Hour
		f := start(t, c.runner(t, i), job)
		time.Sleep(time.Minute) // of the bubble
		c.say(t, namespaceOf("run-1"), "db", available)
		require.Equal(t, runner.Exited, f.end().End)
	})
}
