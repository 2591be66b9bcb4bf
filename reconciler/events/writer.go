package events

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"

	"golang.org/x/time/rate"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	eventsclient "k8s.io/client-go/kubernetes/typed/events/v1"
	"k8s.io/client-go/metadata"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/sources/sync"
)

// Controller is who Events say they are from.
const Controller = "assay.dev/assay"

// VerifiedAnnotation holds the commits of a Target that were verified last, the Verdict, and whose it is.
const VerifiedAnnotation = "assay.dev/verified"

// The bounds of writing: a burst such as after a commit that many Targets follow, and then a steady rate.
const (
	queued    = 1000
	perSecond = 5
	burst     = 100
)

// Options are what a Writer is made of.
type Options struct {
	Events   eventsclient.EventsV1Interface
	Metadata metadata.Interface
	// Cluster that these clients are of, as Targets name it: those of other clusters are left alone.
	Cluster string
	// Instance is this replica, such as the pod's name.
	Instance string
	// Annotate has the annotation assay.dev/verified written, too.
	Annotate bool
	Clock    clock.PassiveClock
	Log      *slog.Logger
	// Count is told what became of each: written, repeated, gone, failed or dropped. It may be left out.
	Count func(result string)
}

// Writer writes what it hears.
type Writer struct {
	Options
	queue chan notice
	limit *rate.Limiter
}

// New makes a Writer that writes while it runs.
func New(o Options) *Writer {
	w := &Writer{Options: o, queue: make(chan notice, queued), limit: rate.NewLimiter(perSecond, burst)}
	if w.Count == nil {
		w.Count = func(string) {}
	}
	return w
}

// Heard takes an Event of the loop. It returns at once; what comes faster than it can be written is dropped.
func (w *Writer) Heard(e reconciler.Event) {
	n, worth := noticeOf(e)
	if !worth {
		return
	}
	select {
	case w.queue <- n:
	default:
		w.Count("dropped")
	}
}

// Run writes until ctx ends.
func (w *Writer) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-w.queue:
			w.tell(ctx, n)
		}
	}
}

// tell says one thing about all its Targets.
func (w *Writer) tell(ctx context.Context, n notice) {
	for _, target := range n.targets {
		at, known := resources[target.Kind]
		if !known || target.Cluster != w.Cluster {
			continue
		}
		if w.limit.Wait(ctx) != nil {
			return
		}
		result, err := w.write(ctx, at, target, n)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			w.Log.Warn("a Kubernetes Event is left out", "target", target.String(), "reason", n.reason, "error", err)
		}
		w.Count(result)
	}
}

// write says it about one Target, and tells what became of it.
func (w *Writer) write(ctx context.Context, at schema.GroupVersionResource, target sync.Target, n notice) (result string, err error) {
	object, err := w.Metadata.Resource(at).Namespace(target.Namespace).Get(ctx, target.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return "gone", nil
	case err != nil:
		return "failed", fmt.Errorf("read %s: %w", target, err)
	}
	if value := n.verified[target]; w.Annotate && value != "" {
		if err := w.annotate(ctx, at, target, object.UID, value); err != nil {
			return "failed", err
		}
	}
	event := &eventsv1.Event{
		ObjectMeta:          metav1.ObjectMeta{Namespace: target.Namespace, Name: nameOf(target, object.UID, n)},
		EventTime:           metav1.NewMicroTime(w.Clock.Now()),
		ReportingController: Controller, ReportingInstance: w.Instance,
		Action: n.action, Reason: n.reason, Type: n.kind, Note: n.note,
		Regarding: corev1.ObjectReference{
			APIVersion: at.GroupVersion().String(), Kind: target.Kind, Namespace: target.Namespace, Name: target.Name,
			UID: object.UID, ResourceVersion: object.ResourceVersion,
		},
	}
	_, err = w.Events.Events(target.Namespace).Create(ctx, event, metav1.CreateOptions{})
	switch {
	case apierrors.IsAlreadyExists(err):
		return w.again(ctx, event)
	case err != nil:
		return "failed", fmt.Errorf("write an Event about %s: %w", target, err)
	}
	return "written", nil
}

// again counts what was said before.
func (w *Writer) again(ctx context.Context, event *eventsv1.Event) (result string, err error) {
	events := w.Events.Events(event.Namespace)
	before, err := events.Get(ctx, event.Name, metav1.GetOptions{})
	if err != nil {
		return "failed", fmt.Errorf("read Event %s/%s: %w", event.Namespace, event.Name, err)
	}
	series := eventsv1.EventSeries{Count: 2, LastObservedTime: event.EventTime}
	if before.Series != nil {
		series.Count = before.Series.Count + 1
	}
	patch, err := json.Marshal(map[string]any{"series": series})
	if err != nil {
		return "failed", err
	}
	if _, err := events.Patch(ctx, event.Name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return "failed", fmt.Errorf("count Event %s/%s: %w", event.Namespace, event.Name, err)
	}
	return "repeated", nil
}

// annotate writes the annotation under a field manager of its own, so that nobody else's fields change. The UID keeps it from making an
// object anew that is deleted meanwhile.
func (w *Writer) annotate(ctx context.Context, at schema.GroupVersionResource, target sync.Target, uid types.UID, value string) error {
	patch, err := json.Marshal(metav1.PartialObjectMetadata{
		TypeMeta: metav1.TypeMeta{APIVersion: at.GroupVersion().String(), Kind: target.Kind},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: target.Namespace, Name: target.Name, UID: uid, Annotations: map[string]string{VerifiedAnnotation: value},
		},
	})
	if err != nil {
		return err
	}
	force := true
	_, err = w.Metadata.Resource(at).Namespace(target.Namespace).Patch(ctx, target.Name, types.ApplyPatchType, patch,
		metav1.PatchOptions{FieldManager: Controller, Force: &force})
	if err != nil {
		return fmt.Errorf("annotate %s: %w", target, err)
	}
	return nil
}

// nameOf names an Event by what it says, so that it is found again, also by another replica.
func nameOf(target sync.Target, uid types.UID, n notice) string {
	sum := sha256.Sum256([]byte(string(uid) + "\n" + n.reason + "\n" + n.about))
	return fmt.Sprintf("%.200s.%s", target.Name, hex.EncodeToString(sum[:8]))
}
