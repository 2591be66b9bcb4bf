//go:build e2e

package kubernetes

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	clients "k8s.io/client-go/kubernetes"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
	"github.com/assay-dev/assay/reconciler/runner/kubernetes/courier"
	"github.com/assay-dev/assay/reconciler/runner/kubernetes/pod"
	"github.com/assay-dev/assay/sources/tests"
	"github.com/assay-dev/assay/testdata/stack"
)

const (
	assayImage = "registry.local/assay:1"
	choreImage = "registry.local/chore:1"
	serveImage = "registry.local/serve:1"
	visitImage = "registry.local/visit:1"
)

// real is a cluster with pods, and a place where they find Assay.
type real struct {
	*stack.Cluster
	client  *clients.Clientset
	address *address
}

func newReal(t testing.TB) *real {
	c := stack.StartCluster(t, stack.Options{Pods: true})
	c.LoadProgram(t, assayImage, "./cmd/assay")
	c.LoadProgram(t, choreImage, "./reconciler/runner/kubernetes/testdata/chore")
	c.Apply(t, `
apiVersion: v1
kind: Namespace
metadata: {name: runs, labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: v1
kind: Secret
metadata: {name: login, namespace: runs}
stringData: {password: correct-horse-battery}
`)
	c.Apply(t, runnerRole)
	listener, err := net.Listen("tcp", net.JoinHostPort(c.BridgeAddress(), "0"))
	require.NoError(t, err)
	a := newAddress(t)
	server := &http.Server{Handler: a.Config.Handler}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
	a.URL = "http://" + listener.Addr().String()
	client, err := clients.NewForConfig(c.ConfigFor(t, "default", "assay"))
	require.NoError(t, err)
	return &real{Cluster: c, client: client, address: a}
}

// runnerRole is all that this package needs.
const runnerRole = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: assay, namespace: default}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: assay-runner, namespace: runs}
rules:
- {apiGroups: [batch], resources: [jobs], verbs: [create, get, list, watch, delete]}
- {apiGroups: [""], resources: [pods], verbs: [list, watch]}
- {apiGroups: [""], resources: [secrets], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: assay-runner, namespace: runs}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: assay-runner}
subjects: [{kind: ServiceAccount, name: assay, namespace: default}]
`

func (c *real) runner(t testing.TB) *Runner {
	r, err := New(c.client, Options{
		Dir: t.TempDir(), Key: key, URL: c.address.URL, Image: assayImage, Namespaces: cluster.Namespaces{Default: namespace},
		Rules:  Rules{DefaultImage: choreImage, PullPolicy: corev1.PullNever, ServiceAccounts: []string{"reader"}, Token: true},
		Bounds: Bounds{Pull: 5 * time.Second, Configure: 15 * time.Second, Unreachable: 5 * time.Second, Lost: 5 * time.Second},
		Limits: courier.Limits{Grace: time.Second}, Services: Sidecars,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	require.NoError(t, r.Recover(t.Context()))
	handler := r.Handler()
	c.address.handler.Store(&handler)
	return r
}

// choreJob is a Job of chores in an image that holds no shell.
func choreJob(id string, chores ...string) runner.Job {
	job := jobOf(id, "")
	job.Suite.Spec.Command = append([]string{"/chore"}, chores...)
	return job
}

// attempt runs a Job and forgets it.
func attempt(t *testing.T, r *Runner, job runner.Job) runner.Result {
	t.Helper()
	began := time.Now()
	result, err := r.Run(t.Context(), job)
	require.NoError(t, err)
	t.Logf("%s: %s %d %q after %s", job.ID, result.End, result.ExitCode, result.Reason, time.Since(began).Round(time.Millisecond))
	t.Cleanup(func() { require.NoError(t, r.Forget(context.Background(), job.ID)) })
	return result
}

func secretVariable(variable, name, key string) tests.EnvVar {
	return tests.EnvVar{Name: variable, ValueFrom: &tests.EnvVarSource{SecretKeyRef: tests.SecretKeyRef{Name: name, Key: key}}}
}

// wrapper is the process of a Run's wrapper, which is one of this machine.
func (c *real) wrapper(t *testing.T, run string) int {
	found, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(t, err)
	var wrappers []int
	for _, name := range found {
		text, err := os.ReadFile(name)
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err == nil && bytes.Contains(text, []byte(pod.URLVariable+"="+c.address.URL+"/runs/"+run+"\x00")) {
			wrappers = append(wrappers, pid)
		}
	}
	require.Len(t, wrappers, 1)
	return wrappers[0]
}
