package kubernetes

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
	"github.com/assay-dev/assay/reconciler/runner/kubernetes/courier"
	"github.com/assay-dev/assay/reconciler/runner/kubernetes/pod"
	"github.com/assay-dev/assay/reconciler/runner/process"
	"github.com/assay-dev/assay/reconciler/runner/runnertest"
	"github.com/assay-dev/assay/sources/tests"
)

const namespace = "runs"

var key = []byte("a key of thirty-two bytes, for tests")

// This binary is the wrapper too, as Assay's own is.
func TestMain(m *testing.M) {
	process.Main()
	if os.Getenv(pod.URLVariable) != "" {
		os.Exit(inPod(os.Args[1:]))
	}
	// client-go keeps its connections to a real API server for whoever comes next.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("golang.org/x/net/http2.(*clientConnReadLoop).run"))
}

func inPod(args []string) (code int) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var err error
	if args[1] == "fetch" {
		if err = pod.Fetch(ctx); err != nil {
			code = 1
		}
	} else {
		code, err = pod.Run(ctx, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return code
}

// pauseBriefly is how a kubelet tries again. It returns false where there is no need any more.
func pauseBriefly(ctx context.Context) bool {
	timer := time.NewTimer(10 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// address is where pods reach Assay, whichever is there.
type address struct {
	*httptest.Server
	handler atomic.Pointer[http.Handler]
}

func newAddress(t testing.TB) *address {
	a := &address{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if handler := a.handler.Load(); handler != nil {
			(*handler).ServeHTTP(w, r)
			return
		}
		http.Error(w, "nobody is here", http.StatusBadGateway)
	}))
	t.Cleanup(a.Close)
	return a
}

func newRunner(t testing.TB, k *kubelet, a *address, change func(*Options)) *Runner {
	options := Options{
		Dir: t.TempDir(), Key: key, URL: a.URL, Image: "assay", Namespaces: cluster.Namespaces{Default: namespace},
		Rules:  Rules{DefaultImage: "any"},
		Bounds: Bounds{Configure: 5 * time.Second},
		Limits: courier.Limits{Grace: 50 * time.Millisecond, Away: 30 * time.Second},
	}
	if change != nil {
		change(&options)
	}
	r, err := New(k.client, options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	require.NoError(t, r.Recover(t.Context()))
	handler := r.Handler()
	a.handler.Store(&handler)
	return r
}

func jobOf(id, script string) runner.Job {
	suite := &tests.Suite{Origin: tests.Origin{File: "smoke/suite.yaml", Name: "smoke"}}
	suite.Metadata.Name = "smoke"
	suite.Spec.Script = script
	suite.Spec.Timeout.Duration = time.Minute
	suite.Default()
	return runner.Job{ID: id, Environment: "staging", Suite: suite, Shards: 1, Files: fstest.MapFS{
		"smoke/suite.yaml": &fstest.MapFile{Data: []byte("kind: Suite"), Mode: 0o644},
	}}
}

func TestConformance(t *testing.T) {
	const maxOutput = 16 << 10
	var secrets []*corev1.Secret
	runnertest.Test(t, runnertest.Harness{
		MaxOutput: maxOutput,
		New: func(t *testing.T) runner.Runner {
			k := newCluster(t)
			for _, secret := range secrets {
				_, err := k.client.CoreV1().Secrets(namespace).Create(t.Context(), secret, metav1.CreateOptions{})
				require.False(t, err != nil && !apierrors.IsAlreadyExists(err), err)
			}
			return newRunner(t, k, newAddress(t), func(o *Options) { o.Limits.MaxOutput = maxOutput })
		},
		SetSecret: func(_ *testing.T, name, key, value string) {
			secrets = append(secrets, &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}, Data: map[string][]byte{key: []byte(value)},
			})
		},
	})
}
