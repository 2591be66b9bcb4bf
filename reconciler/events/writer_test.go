package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	eventsfake "k8s.io/client-go/kubernetes/typed/events/v1/fake"
	metadatafake "k8s.io/client-go/metadata/fake"
	clienttesting "k8s.io/client-go/testing"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/events"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	syncs "github.com/assay-dev/assay/sources/sync"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	key  = history.Key{Environment: "staging", Gate: "shop"}
	shop = syncs.Target{Kind: "Kustomization", Namespace: "apps", Name: "shop"}
	bank = syncs.Target{Kind: "Application", Namespace: "argocd", Name: "bank"}
)

// cluster is an API server that holds some Targets, and the Writer that runs beside it.
type cluster struct {
	t        *testing.T
	events   *clienttesting.Fake
	metadata *metadatafake.FakeMetadataClient
	tracker  clienttesting.ObjectTracker
	writer   *events.Writer
	clock    *clocktesting.FakeClock

	mu      sync.Mutex
	results []string
}

func object(target syncs.Target, apiVersion, uid string) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{APIVersion: apiVersion, Kind: target.Kind},
		ObjectMeta: metav1.ObjectMeta{Namespace: target.Namespace, Name: target.Name, UID: types.UID(uid)},
	}
}

func start(t *testing.T, adjust func(*events.Options)) *cluster {
	t.Helper()
	known := metadatafake.NewTestScheme()
	require.NoError(t, metav1.AddMetaToScheme(known))
	spoken := runtime.NewScheme()
	require.NoError(t, eventsv1.AddToScheme(spoken))
	c := &cluster{
		t: t, events: &clienttesting.Fake{}, clock: clocktesting.NewFakeClock(noon),
		metadata: metadatafake.NewSimpleMetadataClient(known,
			object(shop, "kustomize.toolkit.fluxcd.io/v1", "uid-shop"), object(bank, "argoproj.io/v1alpha1", "uid-bank")),
		tracker: clienttesting.NewObjectTracker(spoken, serializer.NewCodecFactory(spoken).UniversalDecoder()),
	}
	c.events.AddReactor("*", "*", clienttesting.ObjectReaction(c.tracker))
	o := events.Options{
		Events: &eventsfake.FakeEventsV1{Fake: c.events}, Metadata: c.metadata, Instance: "assay-0", Clock: c.clock, Log: slog.New(slog.DiscardHandler),
		Count: func(result string) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.results = append(c.results, result)
		},
	}
	if adjust != nil {
		adjust(&o)
	}
	c.writer = events.New(o)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { c.writer.Run(ctx); close(ended) }()
	t.Cleanup(func() { stop(); <-ended })
	return c
}

// hear tells the Writer something, and waits until it has done what there is to do.
func (c *cluster) hear(e reconciler.Event, want ...string) {
	c.t.Helper()
	c.mu.Lock()
	c.results = nil
	c.mu.Unlock()
	c.writer.Heard(e)
	require.Eventually(c.t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return slices.Equal(want, c.results)
	}, time.Minute, time.Millisecond, "%v", want)
}

// written are the Events in a namespace, by reason.
func (c *cluster) written(namespace string) map[string]eventsv1.Event {
	c.t.Helper()
	list, err := c.tracker.List(eventsv1.SchemeGroupVersion.WithResource("events"), eventsv1.SchemeGroupVersion.WithKind("Event"), namespace)
	require.NoError(c.t, err)
	byReason := map[string]eventsv1.Event{}
	for _, e := range list.(*eventsv1.EventList).Items {
		require.NotContains(c.t, byReason, e.Reason)
		byReason[e.Reason] = e
	}
	return byReason
}

func verification(id string, outcome gate.Outcome, targets ...history.TargetState) *history.Verification {
	return &history.Verification{ID: id, Key: key, Targets: targets, Verdict: &gate.Verdict{Outcome: outcome, Reason: "2 of 9 cases failed"}}
}

func at(target syncs.Target, digest, commit string) history.TargetState {
	return history.TargetState{Target: target, Digest: digest, Revisions: []syncs.Revision{{Commit: commit}}}
}

func TestAStoryIsToldOnItsTargets(t *testing.T) {
	c := start(t, nil)
	exercised := at(bank, "B", "c2")
	exercised.Exercised = true
	failed := verification("v1", gate.Failed, at(shop, "A", "c1"), exercised)
	incident := &history.Incident{ID: "v1", Key: key, State: history.Ongoing, Reason: "Config: commit c1 changed the image"}
	proposal := history.Proposal{ID: "p", URL: "https://git.example.com/shop/config/pulls/7", State: history.ProposalOpen}
	c.hear(reconciler.Event{Kind: reconciler.Verified, Key: key, Verification: failed}, "written")
	c.hear(reconciler.Event{Kind: reconciler.IncidentChanged, Key: key, Verification: failed, Incident: incident}, "written")
	c.hear(reconciler.Event{Kind: reconciler.ProposalChanged, Key: key, Verification: failed, Incident: incident, Proposal: proposal}, "written")
	proposal.State, proposal.Reason = history.ProposalMerged, "merged by ada"
	c.hear(reconciler.Event{Kind: reconciler.ProposalChanged, Key: key, Verification: failed, Incident: incident, Proposal: proposal}, "written")
	recovered := &history.Incident{ID: "v1", Key: key, State: history.Recovered, Reason: "it passed again"}
	passed := verification("v2", gate.Passed, at(shop, "A", "c0"))
	c.hear(reconciler.Event{Kind: reconciler.Verified, Key: key, Verification: passed}, "written")
	c.hear(reconciler.Event{Kind: reconciler.IncidentChanged, Key: key, Verification: passed, Incident: recovered}, "written")

	got := c.written("apps")
	notes := map[string]string{}
	for reason, e := range got {
		notes[e.Type+" "+reason] = e.Note
	}
	require.Equal(t, map[string]string{
		"Warning VerificationFailed": "gate shop of environment staging: Failed: 2 of 9 cases failed",
		"Warning IncidentOpened":     "gate shop of environment staging: incident opened: Config: commit c1 changed the image",
		"Normal ProposalOpened":      "gate shop of environment staging: revert opened: https://git.example.com/shop/config/pulls/7",
		"Normal ProposalMerged":      "gate shop of environment staging: revert merged: https://git.example.com/shop/config/pulls/7: merged by ada",
		"Normal VerificationPassed":  "gate shop of environment staging: Passed: 2 of 9 cases failed",
		"Normal IncidentRecovered":   "gate shop of environment staging: incident recovered: it passed again",
	}, notes)
	require.Empty(t, c.written("argocd"), "a Target that is only exercised hears of nothing")

	one := got["VerificationFailed"]
	require.Equal(t, "kustomize.toolkit.fluxcd.io/v1 Kustomization apps/shop uid-shop",
		one.Regarding.APIVersion+" "+one.Regarding.Kind+" "+one.Regarding.Namespace+"/"+one.Regarding.Name+" "+string(one.Regarding.UID))
	require.Equal(t, []string{"assay.dev/assay", "assay-0", "Verify"}, []string{one.ReportingController, one.ReportingInstance, one.Action})
	require.True(t, one.EventTime.Time.Equal(noon))
	require.Empty(t, c.metadata.Actions()[0].GetSubresource())
	for _, action := range c.metadata.Actions() {
		require.Equal(t, "get", action.GetVerb(), "nothing is written into the objects themselves")
	}
}

func TestTheSameIsCountedAndNotSaidAgain(t *testing.T) {
	c := start(t, nil)
	again := func(id, digest string) reconciler.Event {
		return reconciler.Event{Kind: reconciler.Verified, Key: key, Verification: verification(id, gate.Passed, at(shop, digest, "c1"))}
	}
	c.hear(again("v1", "A"), "written")
	require.Nil(t, c.written("apps")["VerificationPassed"].Series)
	c.clock.Step(12 * time.Hour)
	c.hear(again("v2", "A"), "repeated")
	c.clock.Step(12 * time.Hour)
	c.hear(again("v3", "A"), "repeated")
	series := c.written("apps")["VerificationPassed"].Series
	require.EqualValues(t, 3, series.Count)
	require.True(t, series.LastObservedTime.Time.Equal(noon.Add(24*time.Hour)))
	c.hear(again("v4", "B"), "written")
}

func TestWhatIsNotToBeToldIsNot(t *testing.T) {
	verified := func(targets ...history.TargetState) reconciler.Event {
		return reconciler.Event{Kind: reconciler.Verified, Key: key, Verification: verification("v", gate.Passed, targets...)}
	}
	away := shop
	away.Cluster = "elsewhere"
	gone := shop
	gone.Name = "gone"
	c := start(t, nil)
	planned := reconciler.Event{Kind: reconciler.ProposalChanged, Key: key, Verification: verified(at(shop, "A", "c")).Verification,
		Incident: &history.Incident{}, Proposal: history.Proposal{State: history.ProposalPlanned}}
	for _, e := range []reconciler.Event{
		{Kind: reconciler.Decided, Key: key}, {Kind: reconciler.PassTaken, Key: key}, planned,
		verified(at(syncs.Target{Kind: syncs.KindSite, Name: "site"}, "A", "c")), verified(at(away, "A", "c")),
		verified(at(syncs.Target{Kind: "Unknown", Namespace: "apps", Name: "x"}, "A", "c")),
	} {
		c.writer.Heard(e)
	}
	c.hear(verified(at(gone, "A", "c")), "gone")
	require.Empty(t, c.written("apps"))
}

func TestOfManyTargetsTheSuspectsHearFirst(t *testing.T) {
	c := start(t, nil)
	var targets []history.TargetState
	for range 50 {
		targets = append(targets, at(shop, "A", "c"))
	}
	v := verification("v", gate.Failed, append(targets, at(bank, "B", "c"))...)
	v.Cause = &blame.Cause{Kind: blame.Config, Suspects: []blame.Suspect{{Targets: []syncs.Target{bank}}}}
	want := append([]string{"written", "written"}, slices.Repeat([]string{"repeated"}, 18)...)
	c.hear(reconciler.Event{Kind: reconciler.Verified, Key: key, Verification: v}, want...)
	require.Contains(t, c.written("argocd"), "VerificationFailed")
}

func TestALongNoteIsCutBetweenCharacters(t *testing.T) {
	c := start(t, nil)
	v := verification("v", gate.Failed, at(shop, "A", "c"))
	v.Verdict.Reason = strings.Repeat("ü€", 600)
	c.hear(reconciler.Event{Kind: reconciler.Verified, Key: key, Verification: v}, "written")
	note := c.written("apps")["VerificationFailed"].Note
	require.True(t, utf8.ValidString(note))
	require.LessOrEqual(t, len(note), 1024)
	require.Greater(t, len(note), 1015)
	require.True(t, strings.HasSuffix(note, "..."))
}

func TestAnAPIServerThatRefusesStopsNothing(t *testing.T) {
	c := start(t, nil)
	refusing := true
	c.events.PrependReactor("create", "events", func(clienttesting.Action) (bool, runtime.Object, error) {
		return refusing, nil, errors.New("events is forbidden")
	})
	e := reconciler.Event{Kind: reconciler.Verified, Key: key, Verification: verification("v", gate.Passed, at(shop, "A", "c"), at(bank, "B", "c"))}
	c.hear(e, "failed", "failed")
	refusing = false
	c.hear(e, "written", "written")
}

func TestWhatComesFasterThanItIsWrittenIsDropped(t *testing.T) {
	held := make(chan struct{})
	c := start(t, nil)
	c.metadata.PrependReactor("get", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
		<-held
		return false, nil, nil
	})
	e := reconciler.Event{Kind: reconciler.Verified, Key: key, Verification: verification("v", gate.Passed, at(shop, "A", "c"))}
	for range 1010 {
		c.writer.Heard(e)
	}
	c.mu.Lock()
	dropped := len(c.results)
	c.mu.Unlock()
	require.GreaterOrEqual(t, dropped, 9)
	close(held)
}

func TestTheAnnotationIsWrittenOnlyWhenAllowed(t *testing.T) {
	c := start(t, func(o *events.Options) { o.Annotate = true })
	var patch clienttesting.PatchActionImpl
	c.metadata.PrependReactor("patch", "kustomizations", func(action clienttesting.Action) (bool, runtime.Object, error) {
		patch = action.(clienttesting.PatchActionImpl)
		return true, object(shop, "kustomize.toolkit.fluxcd.io/v1", "uid-shop"), nil
	})
	c.hear(reconciler.Event{Kind: reconciler.Verified, Key: key, Verification: verification("v", gate.Passed, at(shop, "A", "731f7ea"))}, "written")
	require.Equal(t, types.ApplyPatchType, patch.GetPatchType())
	require.Equal(t, schema.GroupVersionResource{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations"}, patch.GetResource())
	var body struct {
		Metadata struct {
			UID         string
			Annotations map[string]string
		}
		Spec any
	}
	require.NoError(t, json.Unmarshal(patch.GetPatch(), &body))
	require.Equal(t, map[string]string{"assay.dev/verified": "731f7ea Passed staging/shop"}, body.Metadata.Annotations)
	require.Equal(t, "uid-shop", body.Metadata.UID, "an object that is deleted meanwhile is not made anew")
	require.Nil(t, body.Spec)
}
