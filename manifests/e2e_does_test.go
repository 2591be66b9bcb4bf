//go:build e2e

package manifests

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/events"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/lead"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
	"github.com/assay-dev/assay/reconciler/runner/kubernetes"
	"github.com/assay-dev/assay/reconciler/runner/resource"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/argo"
	"github.com/assay-dev/assay/sources/sync/flux"
	"github.com/assay-dev/assay/sources/sync/rollout"
	"github.com/assay-dev/assay/sources/sync/watch"
	"github.com/assay-dev/assay/sources/tests"
)

// clients are Assay's, and what is followed with them.
func (a *account) clients(t *testing.T) (*watch.Cluster, dynamic.Interface, metadata.Interface) {
	t.Helper()
	config := a.ConfigFor(t, "assay-system", "assay")
	objects, err := dynamic.NewForConfig(config)
	require.NoError(t, err)
	about, err := metadata.NewForConfig(config)
	require.NoError(t, err)
	return watch.New(objects, about), objects, about
}

// during has something run until the returned function is called.
func during(t *testing.T, running ...func(context.Context)) (end func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var tasks sync.WaitGroup
	for _, run := range running {
		tasks.Go(func() { run(ctx) })
	}
	return func() {
		cancel()
		tasks.Wait()
	}
}

// settled asks until an answer is there: false is none.
func settled(t *testing.T, ask func() (bool, error)) (err error) {
	t.Helper()
	require.Eventually(t, func() (is bool) {
		is, err = ask()
		return is
	}, time.Minute, 10*time.Millisecond)
	return err
}

// followed is what it takes to follow a kind.
func (a *account) followed(resource schema.GroupVersionResource) need {
	return need{func(t *testing.T) error {
		cluster, _, _ := a.clients(t)
		kind := followAny(cluster, resource)
		defer during(t, cluster.Run)()
		return settled(t, func() (bool, error) {
			if kind.Forbidden() {
				return true, errors.New(kind.Reason())
			}
			return kind.Synced() && kind.Reason() == "", nil
		})
	}, "Assay may not read " + resource.GroupResource().String()}
}

func followAny(cluster *watch.Cluster, resource schema.GroupVersionResource) *watch.Kind[*metav1.PartialObjectMetadata] {
	trim := func(u *unstructured.Unstructured) *metav1.PartialObjectMetadata {
		return &metav1.PartialObjectMetadata{ObjectMeta: watch.Meta(u)}
	}
	return watch.Follow(cluster, resource, watch.Selection{}, trim, func(watch.Key) {})
}

// knowsWhatIsAbsent tells a kind that the cluster does not have from one that may not be read.
func (a *account) knowsWhatIsAbsent(t *testing.T) error {
	cluster, _, _ := a.clients(t)
	kind := followAny(cluster, schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "nothings"})
	defer during(t, cluster.Run)()
	return settled(t, func() (bool, error) {
		if kind.Forbidden() {
			return true, errors.New(kind.Reason())
		}
		return kind.Absent(), nil
	})
}

// rolledOut asks whether the workload "idle" of a kind is rolled out, as of now.
func (a *account) rolledOut(group, kind string) func(*testing.T) error {
	return func(t *testing.T) error {
		cluster, _, about := a.clients(t)
		checker := rollout.New(cluster, about, nil, clock.RealClock{})
		defer during(t, cluster.Run)()
		const now = "999999999" // a resource version that no watch has come to
		ref := rollout.Ref{Group: group, Version: "v1", Kind: kind, Namespace: "flux-system", Name: "idle"}
		return settled(t, func() (bool, error) {
			result, err := checker.Finished(t.Context(), []rollout.Ref{ref}, now)
			return err == nil && result.State == rollout.Done || err != nil && strings.Contains(err.Error(), "forbidden"), err
		})
	}
}

// heard keeps the first thing that is said at least as a warning.
type heard struct {
	slog.Handler
	said chan string
}

func newHeard() *heard {
	return &heard{slog.DiscardHandler, make(chan string, 1)}
}

func (h *heard) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }
func (h *heard) WithAttrs([]slog.Attr) slog.Handler               { return h }
func (h *heard) WithGroup(string) slog.Handler                    { return h }
func (h *heard) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(attr slog.Attr) bool {
		text += " " + attr.String()
		return true
	})
	if strings.Contains(text, context.Canceled.Error()) {
		return nil // it is told to end
	}
	select {
	case h.said <- text:
	default:
	}
	return nil
}

// tells has an Event written about a Target, and the same once more.
func (a *account) tells(kind string, annotate bool) func(*testing.T) error {
	return func(t *testing.T) error {
		h, results := newHeard(), make(chan string, 2)
		_, _, about := a.clients(t)
		writer := events.New(events.Options{
			Events: a.client.EventsV1(), Metadata: about, Instance: "assay-0", Annotate: annotate, Clock: clock.RealClock{}, Log: slog.New(h),
			Count: func(result string) { results <- result },
		})
		defer during(t, writer.Run)()
		verification := history.Verification{
			Verdict: &gate.Verdict{Outcome: gate.Passed, Reason: t.Name()},
			Targets: []history.TargetState{{Target: syncs.Target{Kind: kind, Namespace: "flux-system", Name: "shop"}, Digest: t.Name() + time.Now().String()}},
		}
		for _, want := range []string{"written", "repeated"} {
			writer.Heard(reconciler.Event{Kind: reconciler.Verified, Key: history.Key{Environment: "dev", Gate: "shop"}, Verification: &verification})
			if got := <-results; got != want {
				return errors.New(<-h.said)
			}
		}
		return nil
	}
}

// fluxSource follows Flux's objects.
func (a *account) fluxSource(t *testing.T) (source *flux.Source, end func()) {
	cluster, objects, _ := a.clients(t)
	source = flux.New(cluster, objects, openMirrors(t), render.NewBuilder(nil), clock.RealClock{}, flux.Options{})
	return source, during(t, cluster.Run, source.Run)
}

// renders has the Kustomization rendered, which takes variables from a ConfigMap.
func (a *account) renders(t *testing.T) error {
	source, end := a.fluxSource(t)
	defer end()
	return settled(t, func() (bool, error) {
		states, err := source.Targets(t.Context())
		if err != nil {
			return false, err
		}
		for _, state := range states {
			if state.Target.Kind == flux.KindKustomization && state.Sync != nil {
				if state.Build.Unknown != "" {
					err = errors.New(state.Build.Unknown)
				}
				return true, err
			}
		}
		return false, nil
	})
}

// readsAsFlux reads a repository with what Flux reads it with.
func (a *account) readsAsFlux(t *testing.T) error {
	source, end := a.fluxSource(t)
	defer end()
	return settled(t, func() (bool, error) {
		_, err := source.Auth(t.Context(), git.Normalize("https://git.example.com/fleet"))
		return !errors.Is(err, flux.ErrNoAuth), err
	})
}

// readsAsArgo reads a repository with what Argo CD reads it with.
func (a *account) readsAsArgo(scheme string) func(*testing.T) error {
	return func(t *testing.T) error {
		cluster, objects, _ := a.clients(t)
		source := argo.New(cluster, objects, openMirrors(t), render.NewBuilder(nil), clock.RealClock{},
			argo.Options{Namespace: "argocd"})
		_, err := source.Auth(t.Context(), git.Normalize(scheme+"://git.example.com/"+scheme))
		return err
	}
}

// readsItsPod asks for its own image.
func (a *account) readsItsPod(t *testing.T) error {
	_, err := a.client.CoreV1().Pods("assay-system").Get(t.Context(), "assay-0", metav1.GetOptions{})
	return err
}

// leads takes the lead, and gives it back.
func (a *account) leads(t *testing.T) error {
	err := a.admin.CoordinationV1().Leases("assay-system").DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{})
	require.NoError(t, err)
	h := newHeard()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() {
		options := lead.Options{Client: a.client, Namespace: "assay-system", Pod: "assay-0", Lease: "assay", Duration: 3 * time.Second, Log: slog.New(h)}
		ended <- lead.Run(ctx, options, func(context.Context) error { return nil })
	}()
	select {
	case said := <-h.said:
		stop()
		return errors.Join(errors.New(said), <-ended)
	case err := <-ended:
		return err
	}
}

// takesRuns starts a Run whose pod no node takes, and cancels it.
func (a *account) takesRuns(t *testing.T) error {
	h := newHeard()
	r, err := kubernetes.New(a.client, kubernetes.Options{
		Dir: t.TempDir(), Key: make([]byte, 32), URL: "http://assay.example.com", Image: "assay", Namespaces: cluster.Namespaces{Default: "assay-runs"},
		Rules: kubernetes.Rules{DefaultImage: "tests"}, Log: slog.New(h),
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	recovered := make(chan error, 1)
	go func() { recovered <- r.Recover(ctx) }()
	select {
	case said := <-h.said:
		cancel()
		return errors.Join(errors.New(said), <-recovered)
	case err := <-recovered:
		require.NoError(t, err)
	}
	suite := &tests.Suite{Origin: tests.Origin{File: "suite.yaml", Name: "smoke"}}
	suite.Metadata.Name, suite.Spec.Command = "smoke", []string{"/smoke"}
	suite.Default()
	ended := make(chan error, 1)
	go func() {
		result, err := r.Run(ctx, runner.Job{
			ID: "smoke-" + metav1.Now().Format("150405.000000"), Environment: "dev", Suite: suite, Shards: 1, Files: fstest.MapFS{"suite.yaml": {}},
		})
		if err == nil && result.Reason != "no longer wanted" {
			err = errors.New(result.Reason)
		}
		ended <- err
	}()
	jobs := a.admin.BatchV1().Jobs("assay-runs")
	defer func() {
		background := metav1.DeletePropagationBackground
		require.NoError(t, jobs.DeleteCollection(context.WithoutCancel(ctx), metav1.DeleteOptions{PropagationPolicy: &background}, metav1.ListOptions{}))
	}()
	return settled(t, func() (bool, error) {
		select {
		case err := <-ended:
			return true, err
		default:
		}
		tokens, err := a.admin.CoreV1().Secrets("assay-runs").List(t.Context(), metav1.ListOptions{})
		if err == nil && len(tokens.Items) > 0 { // it is under way
			cancel()
		}
		return false, err
	})
}

// telling passes on what is said, a piece at a time.
type telling chan string

func (c telling) Write(p []byte) (int, error) {
	c <- string(p)
	return len(p), nil
}

// makesChecks has a Suite run that is a custom resource, about which an event is written.
func (a *account) makesChecks(t *testing.T) error {
	_, objects, _ := a.clients(t)
	said := make(telling, 100)
	r, err := resource.New(resource.Options{
		Client: objects, Discovery: memory.NewMemCacheClient(a.client.Discovery()), Namespaces: cluster.Namespaces{Default: "assay-runs"},
	})
	require.NoError(t, err)
	suite := &tests.Suite{Origin: tests.Origin{File: "suite.yaml", Name: "check"}}
	suite.Metadata.Name = "check"
	suite.Spec.Resource = &tests.Resource{
		Template: map[string]any{"apiVersion": "example.com/v1", "kind": "Check"}, Success: "has(object.status)", Failure: "false",
	}
	suite.Default()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := r.Run(ctx, runner.Job{ID: "check-" + metav1.Now().Format("150405.000000"), Environment: "dev", Suite: suite, Shards: 1, Log: said})
		ended <- err
	}()
	admin, err := dynamic.NewForConfig(a.Config())
	require.NoError(t, err)
	checks := admin.Resource(schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "checks"}).Namespace("assay-runs")
	defer func() {
		require.NoError(t, checks.DeleteCollection(context.WithoutCancel(ctx), metav1.DeleteOptions{}, metav1.ListOptions{}))
	}()
	var check *unstructured.Unstructured
	require.NoError(t, settled(t, func() (bool, error) {
		list, err := checks.List(t.Context(), metav1.ListOptions{})
		if err == nil && len(list.Items) > 0 {
			check = &list.Items[0]
		}
		return check != nil, err
	}))
	_, err = a.admin.CoreV1().Events("assay-runs").Create(t.Context(), &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{GenerateName: "check-", Namespace: "assay-runs"},
		InvolvedObject: corev1.ObjectReference{APIVersion: "example.com/v1", Kind: "Check", Namespace: "assay-runs", Name: check.GetName(), UID: check.GetUID()},
		Type:           corev1.EventTypeNormal, Reason: "Begun", Message: "it has begun",
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	for {
		select {
		case err := <-ended:
			return err
		case text := <-said:
			if strings.Contains(text, "its events are not shown") {
				return errors.New(text)
			}
			if strings.Contains(text, "it has begun") {
				return nil
			}
		}
	}
}
