//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history/postgrestest"
	"github.com/assay-dev/assay/reconciler/lead"
	"github.com/assay-dev/assay/testdata/stack"
)

// replicas are the Assays of a world, as components/postgresql has them: one database, for each a pod, and in front of them a Service that
// goes to the pod with the label of the leader. The pods only stand for the processes: no node runs them.
type replicas struct {
	*world
	all  map[string]*assay // by the name of the pod
	jobs *sightings
}

// newReplicas makes two of them, of which the world's own Assay is one. They do not run yet.
func newReplicas(w *world) *replicas {
	r := &replicas{world: w, all: map[string]*assay{}, jobs: watchJobs(w)}
	address := stack.StartRelay(w.t, w.BridgeAddress(), r.service)
	database := postgrestest.StartFor(w.t).File(w.t)
	for i, a := range []*assay{w.assay, newAssay(w.t, w.place, w.settings())} {
		pod := fmt.Sprintf("%s-%d", w.name, i)
		w.Apply(w.t, fmt.Sprintf(replica, pod, w.image))
		w.t.Cleanup(func() {
			err := w.client.CoreV1().Pods("assay-system").Delete(context.WithoutCancel(w.t.Context()), pod, metav1.DeleteOptions{})
			require.NoError(w.t, err)
		})
		delete(a.settings, "ASSAY_RUN_IMAGE") // the pod tells
		maps.Copy(a.settings, map[string]string{
			"POD_NAME": pod, "POD_NAMESPACE": "assay-system", "ASSAY_METRICS_ADDR": "0",
			"ASSAY_DATABASE": database, "ASSAY_LEASE_DURATION": "3s", "ASSAY_RUN_URL": "http://" + address,
		})
		r.all[pod] = a
	}
	return r
}

// replica is the pod of a process elsewhere: no scheduler takes it.
const replica = `
apiVersion: v1
kind: Pod
metadata: {name: %s, namespace: assay-system, labels: {app.kubernetes.io/name: assay}}
spec:
  schedulerName: none
  serviceAccountName: assay
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: assay
    image: %s
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
`

// start starts those that do not run, as the kubelet does.
func (r *replicas) start() {
	r.t.Helper()
	for _, a := range r.all {
		if !a.running() {
			a.start()
		}
	}
}

// leader is the pod to which the Service goes: it has the label and is ready. It is empty while there is none. A pod whose process was
// killed keeps its label until that is started again.
func (r *replicas) leader() (pod string) {
	labelled, err := r.client.CoreV1().Pods("assay-system").List(context.WithoutCancel(r.t.Context()), metav1.ListOptions{LabelSelector: lead.Label + "=true"})
	if err != nil {
		return ""
	}
	for _, pod := range labelled.Items {
		if a := r.all[pod.Name]; a != nil && a.ready() {
			return pod.Name
		}
	}
	return ""
}

// service is the address to which the Service goes.
func (r *replicas) service() string {
	if pod := r.leader(); pod != "" {
		return r.all[pod].settings["ASSAY_ADDR"]
	}
	return ""
}

// failOver kills the leader with -9, waits until the other one leads, and has the killed one stand by. What happens meanwhile nobody sees.
func (r *replicas) failOver(meanwhile ...func()) {
	r.t.Helper()
	old := r.leader()
	require.NotEmpty(r.t, old)
	r.all[old].kill()
	for _, happens := range meanwhile {
		happens()
	}
	r.eventually("another leader than "+old, func() bool {
		now := r.leader()
		return now != "" && now != old
	})
	r.start()
}

// verdict waits for a Verdict while the kubelet starts anew who ends: a leader that cannot renew its Lease does.
func (r *replicas) verdict(env, commit string, outcome gate.Outcome) {
	r.t.Helper()
	r.eventually(env+": "+string(outcome)+" at "+commit, func() bool {
		r.start()
		_, there := r.judged(env, commit, outcome)
		return there
	})
}

// say tells whether the log of one of them holds these words.
func (r *replicas) say(words string) bool {
	for _, a := range r.all {
		if a.says(words) {
			return true
		}
	}
	return false
}

// sightings are the Jobs of a world that ever were there.
type sightings struct {
	mu   sync.Mutex
	uids map[string]map[types.UID]bool // by name
}

// watchJobs begins to look, as the cluster's administrator.
func watchJobs(w *world) *sightings {
	s := &sightings{uids: map[string]map[types.UID]bool{}}
	factory := informers.NewSharedInformerFactoryWithOptions(w.client, 0, informers.WithNamespace(w.runs()))
	_, err := factory.Batch().V1().Jobs().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: func(o any) {
		s.mu.Lock()
		defer s.mu.Unlock()
		job := o.(*batchv1.Job)
		if s.uids[job.Name] == nil {
			s.uids[job.Name] = map[types.UID]bool{}
		}
		s.uids[job.Name][job.UID] = true
	}})
	require.NoError(w.t, err)
	factory.Start(w.t.Context().Done())
	w.t.Cleanup(factory.Shutdown)
	return s
}

// once requires that no Job was made twice, and that there were some.
func (s *sightings) once(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	require.NotEmpty(t, s.uids)
	for name, uids := range s.uids {
		require.Len(t, uids, 1, "Job %s", name)
	}
}
