package flux_test

import (
	"errors"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/rollout"
	"github.com/assay-dev/assay/sources/sync/track/tracktest"
)

func read(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}

// edited is an object of testdata, changed.
func edited(t *testing.T, file string, edit func(o *unstructured.Unstructured)) string {
	t.Helper()
	u := tracktest.Object(t, read(t, file))
	edit(u)
	text, err := yaml.Marshal(u.Object)
	require.NoError(t, err)
	return string(text)
}

func set(t *testing.T, u *unstructured.Unstructured, value any, fields ...string) {
	t.Helper()
	require.NoError(t, unstructured.SetNestedField(u.Object, value, fields...))
}

// story is a bubble with a world that looks at the source and the shop of testdata.
func story(t *testing.T, tell func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.apply(read(t, "testdata/source.yaml"))
		w.apply(read(t, "testdata/shop.yaml"))
		tell(t, w)
	})
}

// shop is the Kustomization with a status as it is when Flux has applied a revision, and is or is not done with another.
func shop(t *testing.T, edit func(o *unstructured.Unstructured)) string {
	return edited(t, "testdata/shop.yaml", edit)
}

func ready(t *testing.T, o *unstructured.Unstructured, status, reason, message string) {
	set(t, o, []any{map[string]any{
		"type": "Ready", "status": status, "reason": reason, "message": message, "observedGeneration": o.GetGeneration(),
		"lastTransitionTime": "2026-05-04T12:00:00Z",
	}}, "status", "conditions")
}

func attempted(t *testing.T, o *unstructured.Unstructured, revision string) {
	set(t, o, "main@sha1:{{"+revision+"}}", "status", "lastAttemptedRevision")
}

func applied(t *testing.T, o *unstructured.Unstructured, revision string) {
	attempted(t, o, revision)
	set(t, o, "main@sha1:{{"+revision+"}}", "status", "lastAppliedRevision")
}

// TestARepositoryThatRefusesIsAskedMoreAndMoreSeldom has a repository refuse to be read for an hour. Meanwhile the reason stays told.
func TestARepositoryThatRefusesIsAskedMoreAndMoreSeldom(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		var asked atomic.Int64
		w.Config.Fail(func(string) error {
			asked.Add(1)
			return errors.New("the token has ended")
		})
		w.run()
		for range 60 {
			time.Sleep(time.Minute) // of the bubble's
			require.Contains(t, w.One().Reason, "the token has ended")
		}
		require.Greater(t, asked.Load(), int64(8))
		require.Less(t, asked.Load(), int64(60))
		w.Config.Fail(nil)
		time.Sleep(10 * time.Minute)
		require.Equal(t, "SECOND", w.commit(w.One().Sync))
	})
}

func TestAnIntervalIsNoNewSync(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.run()
		before := w.One()
		require.Equal(t, "SECOND", w.commit(before.Sync))
		require.Equal(t, syncs.Applied, before.Sync.Outcome)
		for range w.source.Changed() {
			break
		}
		time.Sleep(time.Hour) // of the bubble's
		w.apply(shop(t, func(o *unstructured.Unstructured) {
			ready(t, o, "Unknown", "Progressing", "Reconciliation in progress")
		}))
		require.Same(t, before.Sync, w.One().Sync)
		w.apply(shop(t, func(o *unstructured.Unstructured) {
			set(t, o, "2026-05-04T13:00:00Z", "status", "lastHandledReconcileAt")
			o.SetAnnotations(map[string]string{"reconcile.fluxcd.io/requestedAt": "2026-05-04T13:00:00Z"})
		}))
		after := w.One()
		require.Same(t, before.Sync, after.Sync, "a forced reconciliation of the same is no Sync")
		require.Empty(t, after.RequestedAt, "that is Flux's own annotation")
		require.Empty(t, w.source.Changed(), "and nobody hears of it")
	})
}

func TestACommitIsSyncedOnceItsWorkloadsAlone(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.apply(shop(t, func(o *unstructured.Unstructured) { applied(t, o, "FIRST") }))
		w.run()
		first := w.One()
		require.Equal(t, "FIRST", w.commit(first.Sync))
		require.True(t, first.Sync.Since.IsZero(), "it was there before")
		require.Equal(t, []rollout.Ref{
			{Group: "apps", Version: "v1", Kind: "Deployment", Namespace: "shop", Name: "web"}, {Group: "example.com", Version: "v1", Kind: "Index", Name: "system:shop"},
		}, w.Rollout.Asked, "a ConfigMap does not roll out")

		time.Sleep(time.Minute)
		w.apply(shop(t, func(o *unstructured.Unstructured) {
			applied(t, o, "FIRST")
			attempted(t, o, "SECOND")
			ready(t, o, "Unknown", "Progressing", "Reconciliation in progress")
		}))
		coming := w.One()
		require.Same(t, first.Sync, coming.Sync)
		require.Equal(t, "SECOND", w.commit(coming.Pending))
		require.Equal(t, "Flux is applying it", coming.Pending.Reason)
		began := coming.Pending.At

		w.Rollout.Answer(rollout.Result{State: rollout.Waiting, Reason: "Deployment shop/web: 1 old pod still serves"}, nil)
		time.Sleep(time.Minute)
		w.apply(shop(t, func(o *unstructured.Unstructured) { applied(t, o, "SECOND") }))
		rolling := w.One()
		require.Same(t, first.Sync, rolling.Sync)
		require.Equal(t, "Deployment shop/web: 1 old pod still serves", rolling.Pending.Reason)
		require.Equal(t, syncs.NotHealthy, rolling.Pending.Failure)
		require.Equal(t, began, rolling.Pending.At, "one attempt has one deadline")
		require.Equal(t, "SECOND", w.Names[rolling.Good[0].Commit])

		time.Sleep(time.Minute)
		w.Rollout.Answer(rollout.Result{State: rollout.Done, Reason: ""}, nil)
		done := w.One()
		require.Nil(t, done.Pending)
		require.Equal(t, "SECOND", w.commit(done.Sync))
		require.Equal(t, done.Sync.At, done.Sync.Since)
		require.NotEqual(t, first.Sync.Digest, done.Sync.Digest)

		w.Rollout.Answer(rollout.Result{State: rollout.Failed, Reason: "Deployment shop/web: a pod crashed"}, nil)
		require.Same(t, done.Sync, w.One().Sync, "what comes after is not the Sync's")
	})
}

func TestWhatRunsStaysWhileANewCommitIsFetched(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.run()
		before := w.One()
		arrive := w.Hold()
		w.apply(shop(t, func(o *unstructured.Unstructured) { applied(t, o, "ELSEWHERE") }))
		fetching := w.One()
		require.Same(t, before.Sync, fetching.Sync)
		require.NotNil(t, fetching.Pending, "what runs may have met the new commit already")
		require.Equal(t, syncs.Unreachable, fetching.Pending.Failure)
		require.Equal(t, "its commit is being fetched", fetching.Pending.Reason)

		time.Sleep(time.Minute)
		w.apply(shop(t, func(o *unstructured.Unstructured) {
			applied(t, o, "ELSEWHERE")
			o.SetLabels(map[string]string{"team": "other"})
		}))
		require.Equal(t, fetching.Pending.At, w.One().Pending.At, "one wait has one deadline")

		arrive()
		after := w.One()
		require.Equal(t, "ELSEWHERE", w.commit(after.Sync))
		require.Nil(t, after.Pending)
	})
}

func TestACommitThatChangesNothingHereMovesTheCommitAlone(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.run()
		before := w.One()
		w.Rollout.Answer(rollout.Result{State: rollout.Waiting, Reason: "a pod is moved to another node"}, nil)
		w.apply(shop(t, func(o *unstructured.Unstructured) { applied(t, o, "ELSEWHERE") }))
		after := w.One()
		require.Equal(t, "ELSEWHERE", w.commit(after.Sync))
		require.Equal(t, before.Sync.Digest, after.Sync.Digest)
		require.Nil(t, after.Pending, "its workloads are those from before")
		require.True(t, after.Sync.Since.IsZero())
	})
}

func TestAFailureStaysWhileFluxTriesTheSameAgain(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		failing := func(status, reason, message string) string {
			return shop(t, func(o *unstructured.Unstructured) {
				applied(t, o, "FIRST")
				attempted(t, o, "SECOND")
				ready(t, o, status, reason, message)
			})
		}
		w.apply(failing("False", "HealthCheckFailed", "health check failed after 1m0s: timeout waiting for: [Deployment/shop/web status: 'InProgress']"))
		w.run()
		failed := w.One()
		require.Equal(t, syncs.Failed, failed.Sync.Outcome)
		require.Equal(t, syncs.NotHealthy, failed.Sync.Failure)
		require.Equal(t, "SECOND", w.commit(failed.Sync))
		require.Equal(t, "FIRST", w.Names[failed.Good[0].Commit])
		w.apply(failing("Unknown", "Progressing", "Reconciliation in progress"))
		again := w.One()
		require.Same(t, failed.Sync, again.Sync)
		require.Nil(t, again.Pending)
		w.apply(shop(t, func(o *unstructured.Unstructured) { applied(t, o, "SECOND") }))
		require.Equal(t, syncs.Applied, w.One().Sync.Outcome)
	})
}

func TestWhatFailsForAMomentHasTheDeadlineToComeRound(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.run()
		before := w.One()
		time.Sleep(time.Hour)
		w.apply(shop(t, func(o *unstructured.Unstructured) {
			ready(t, o, "False", "ReconciliationFailed", "ConfigMap/shop/shop dry-run failed: failed calling webhook: connection refused")
		}))
		retrying := w.One()
		require.Same(t, before.Sync, retrying.Sync)
		require.Equal(t, syncs.Unreachable, retrying.Pending.Failure)
		require.Equal(t, time.Now(), retrying.Pending.At, "from now on, not from when it was applied")
	})
}

func TestACanaryThatWentBackIsAFailedSync(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.Rollout.Result = rollout.Result{State: rollout.RolledBack, Reason: "Deployment shop/web: Flagger went back"}
		w.run()
		s := w.One().Sync
		require.Equal(t, syncs.Failed, s.Outcome)
		require.Equal(t, syncs.RolledBack, s.Failure)
		require.Equal(t, "Deployment shop/web: Flagger went back", s.Reason)
		w.Rollout.Answer(rollout.Result{State: rollout.Held, Reason: "Deployment shop/web: it is paused"}, nil)
		held := w.One()
		require.Nil(t, held.Sync)
		require.Equal(t, "Deployment shop/web: it is paused", held.Reason)
	})
}

func TestASuspendedTargetTellsNothingUntilItIsResumed(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.run()
		before := w.One()
		w.apply(shop(t, func(o *unstructured.Unstructured) { set(t, o, true, "spec", "suspend") }))
		suspended := w.One()
		require.Nil(t, suspended.Sync, "Ready stays True, and means nothing")
		require.Equal(t, "it is suspended", suspended.Reason)
		w.apply(read(t, "testdata/shop.yaml"))
		require.Same(t, before.Sync, w.One().Sync)
	})
}

func TestTheSpecIsPartOfWhatIsRendered(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.run()
		before := w.One()
		change := func(observed bool) string {
			return shop(t, func(o *unstructured.Unstructured) {
				o.SetGeneration(2)
				set(t, o, "shop-", "spec", "namePrefix")
				if observed {
					ready(t, o, "True", "ReconciliationSucceeded", "Applied revision")
					set(t, o, int64(2), "status", "observedGeneration")
				}
			})
		}
		w.apply(change(false))
		coming := w.One()
		require.Same(t, before.Sync, coming.Sync, "what is there is what was applied")
		require.NotNil(t, coming.Pending)
		w.apply(change(true))
		after := w.One()
		require.Equal(t, before.Sync.Revisions, after.Sync.Revisions)
		require.NotEqual(t, before.Sync.Digest, after.Sync.Digest)
		require.Equal(t, "shop-", after.Build.NamePrefix)
	})
}

func TestATargetIsFoundWithTheOneThatAppliedIt(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.apply(shop(t, func(o *unstructured.Unstructured) {
			o.SetLabels(map[string]string{"kustomize.toolkit.fluxcd.io/name": "prod", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"})
		}))
		w.apply(shop(t, func(o *unstructured.Unstructured) {
			o.SetName("prod")
			set(t, o, "./clusters/prod", "spec", "path")
		}))
		w.run()
		states := w.States()
		require.Len(t, states, 2)
		require.Nil(t, states[0].Definition)
		d := states[1].Definition
		require.NotNil(t, d)
		require.Equal(t, states[0].Target, d.By)
		require.Equal(t, "clusters/prod", d.Revision.Path)
		require.Equal(t, "shop", d.Build.Only[0].Name)
	})
}

func TestATargetThatIsGoneIsForgotten(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.run()
		w.One()
		require.NoError(t, w.Objects.Resource(resources["Kustomization"]).Namespace("flux-system").Delete(t.Context(), "shop", metav1.DeleteOptions{}))
		require.Empty(t, w.States())
	})
}

func TestAssaysOwnAnnotationAsksForAVerification(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.apply(shop(t, func(o *unstructured.Unstructured) {
			o.SetAnnotations(map[string]string{"assay.dev/requestedAt": "now"})
		}))
		w.run()
		require.Equal(t, "now", w.One().RequestedAt)
	})
}
