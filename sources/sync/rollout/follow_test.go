package rollout

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/sources/sync/watch"
)

// live is what a reading past the watch tells of the Deployment; no generation for its absence.
func (p *peer) live(generation int64) (asked *int) {
	asked = new(int)
	synctest.Wait() // the fakes' reactions are no one else's then
	p.metadata.PrependReactor("get", "deployments", func(action clienttesting.Action) (bool, runtime.Object, error) {
		*asked++
		if generation == 0 {
			return true, nil, apierrors.NewNotFound(action.GetResource().GroupResource(), "web")
		}
		return true, &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "web", Generation: generation}}, nil
	})
	return asked
}

// listed has the cluster's lists bear a resource version, as an API server's do.
func (p *peer) listed(version string) {
	synctest.Wait()
	p.objects.PrependReactor("list", "deployments", func(action clienttesting.Action) (bool, runtime.Object, error) {
		found, err := p.objects.Tracker().Get(action.GetResource(), web.Namespace, web.Name)
		list := &unstructured.UnstructuredList{Object: map[string]any{"apiVersion": "apps/v1", "kind": "DeploymentList"}}
		list.SetResourceVersion(version)
		if err == nil {
			list.Items = append(list.Items, *found.(*unstructured.Unstructured).DeepCopy())
		}
		return true, list, nil
	})
}

func TestAWatchThatIsBehindIsNotBelieved(t *testing.T) {
	for name, test := range map[string]struct {
		after  string
		listed string
		live   int64
		reason string
		asked  int
	}{
		"it has come that far":          {after: "3000", listed: "3000"},
		"there was nothing to tell":     {after: "3000", listed: "2999", live: 3, asked: 1},
		"there is something to be told": {after: "3000", listed: "2999", live: 4, reason: "its newest state was not seen yet", asked: 2},
		"that it is gone is to be told": {after: "3000", listed: "2999", live: 0, reason: "its newest state was not seen yet", asked: 2},
		"versions that are no numbers":  {after: "x", listed: "3000", live: 3, asked: 2},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, []string{"deployment"}, func(t *testing.T, p *peer) {
				asked := p.live(test.live)
				p.listed(test.listed)
				for range 2 {
					result := p.finished(t, test.after, web)
					if test.reason == "" {
						require.Equal(t, Done, result.State)
					} else {
						require.Equal(t, Result{Waiting, "Deployment shop/web: " + test.reason}, result)
					}
				}
				require.Equal(t, test.asked, *asked)
			})
		})
	}
}

// meddled is a clock that has something happen when it is looked at, which is while a workload is judged.
type meddled struct {
	clock.WithDelayedExecution
	meddle func()
}

func (m meddled) Since(then time.Time) time.Duration {
	m.meddle()
	return m.WithDelayedExecution.Since(then)
}

func TestWhatIsToldWhileAWorkloadIsJudgedWasNotJudged(t *testing.T) {
	in(t, []string{"flagger", "deployment"}, func(t *testing.T, p *peer) {
		p.edit(t, shop, map[string]any{"status.lastTransitionTime": "2026-05-04T11:40:00Z"}) // before the template: the time is asked for
		require.Equal(t, Done, p.finished(t, "", web).State)
		p.live(4)
		p.checker.clock = meddled{p.checker.clock, func() {
			p.edit(t, web, map[string]any{"metadata.generation": int64(4)})
			synctest.Wait()
		}}
		require.Equal(t, Result{Waiting, "Deployment shop/web: its newest state was not seen yet"}, p.finished(t, "20400", web))
	})
}

func TestWhatMayNotBeReadIsNotKnown(t *testing.T) {
	in(t, []string{"deployment", "job"}, func(t *testing.T, p *peer) {
		synctest.Wait()
		for _, resource := range []string{"pods", "certificates"} {
			p.objects.PrependReactor("list", resource, func(action clienttesting.Action) (bool, runtime.Object, error) {
				return true, nil, apierrors.NewForbidden(action.GetResource().GroupResource(), "", nil)
			})
		}
		for range 4 { // kinds are followed from when they are first asked about, one after the other
			_, _ = p.checker.Finished(t.Context(), []Ref{ref("cert-manager.io", "Certificate", "web"), web}, "")
			synctest.Wait()
		}
		_, err := p.checker.Finished(t.Context(), []Ref{web}, "")
		require.ErrorContains(t, err, "whether Deployment shop/web is rolled out is not known: Assay may not read pods")
		result, err := p.checker.Finished(t.Context(), []Ref{ref("cert-manager.io", "Certificate", "web")}, "")
		require.NoError(t, err)
		require.Equal(t, Done, result.State, "custom resources are passed over")
		_, err = p.checker.Finished(t.Context(), []Ref{ref("example.org", "Gadget", "g")}, "")
		require.ErrorContains(t, err, "no matches for kind")
	})
}

func TestANamespaceThatIsNotWatchedIsNotKnown(t *testing.T) {
	checker := New(watch.New(nil, nil, "flux-system"), nil, meta.NewDefaultRESTMapper(nil), clock.RealClock{})
	_, err := checker.Finished(t.Context(), []Ref{web}, "")
	require.ErrorContains(t, err, "namespace shop is not among those that Assay watches")
	result, err := checker.Finished(t.Context(), []Ref{ref("cert-manager.io", "Certificate", "web")}, "")
	require.NoError(t, err)
	require.Equal(t, Done, result.State, "custom resources are passed over")
}

func TestChangesAreTold(t *testing.T) {
	in(t, []string{"deployment"}, func(t *testing.T, p *peer) {
		require.Equal(t, Done, p.finished(t, "", web).State)
		drain(p)
		another := p.checker.View()
		p.edit(t, oldPod, running)
		synctest.Wait()
		require.Len(t, p.checker.Changed(), 1)
		require.Len(t, another.Changed(), 1, "everybody hears of it")
		require.Equal(t, Waiting, p.finished(t, "", web).State)
	})
}
