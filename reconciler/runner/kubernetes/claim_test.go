package kubernetes

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
)

func TestWhoMayNotMakeJobsIsToldSoOnceThatIsSure(t *testing.T) {
	forbidden := apierrors.NewForbidden(batchv1.Resource("jobs"), "", errors.New("no RBAC policy matched"))
	for name, test := range map[string]struct {
		answer  error
		times   int
		refused bool
		late    bool
	}{
		"an API server that has just started": {answer: forbidden, times: 3},
		"one that is away for a while":        {answer: apierrors.NewServiceUnavailable("restarting"), times: 10},
		"a webhook that is down for long":     {answer: apierrors.NewInternalError(errors.New("failed calling webhook")), times: 1 << 30, late: true},
		"no right to":                         {answer: forbidden, times: 1 << 30, refused: true},
		"no such namespace":                   {answer: apierrors.NewNotFound(batchv1.Resource("namespaces"), "runs"), times: 1, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := fake.NewClientset()
				client.PrependReactor("create", "jobs", func(clienttesting.Action) (bool, runtime.Object, error) {
					test.times--
					return test.times >= 0, nil, test.answer
				})
				r := &Runner{client: client}
				wanted := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "assay-run-1", Namespace: namespace}}
				_, adopted, err := r.claim(t.Context(), wanted, "run-1", nil)
				require.Equal(t, test.refused, errors.As(err, new(*runner.Refusal)), "%v", err)
				require.Equal(t, test.late, errors.Is(err, context.DeadlineExceeded), "%v", err)
				require.Equal(t, test.refused || test.late, err != nil, "%v", err)
				require.False(t, adopted)
			})
		})
	}
}

// A Run that outlived its Assay, while somebody deleted the namespace of its services, met another state: it runs anew.
func TestWhatRanBesideOtherServicesIsNotAdopted(t *testing.T) {
	k, a := newCluster(t), newAddress(t)
	r := newRunner(t, k, a, nil)
	job := jobOf("beside", "echo ran beside $"+cluster.ServicesUID)
	for i, uid := range []string{"1", "1", "2"} {
		job.Env = map[string]string{cluster.ServicesUID: uid}
		result, err := r.Run(t.Context(), job)
		require.NoError(t, err)
		require.Equal(t, "ran beside "+uid+"\n", string(result.Output), "run %d", i)
	}
	require.Equal(t, 2, k.jobs(), "the same one for the same services")
}
