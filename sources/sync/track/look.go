package track

import (
	"context"
	"errors"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/fetch"
)

// Look is one look at a Target. The engine fills in what it finds.
type Look[T any] struct {
	Item Item
	// Remembered is what the engine knows from looks before. No other Look has it meanwhile.
	Remembered *T
	// State is what will be told. It begins with what is told of every object: who it is, its labels and what was requested.
	State syncs.State
	// Doubt is why what is found may be old, or not all; told as the Reason where there is no other. It begins with what the watch says.
	Doubt string
	// Rolling says that the Target waits for its workloads, and is to be looked at again when they may have moved on.
	Rolling bool
	// Retry says that it is to be looked at again after a time, though nothing changes.
	Retry bool

	tracker *Tracker[T]
	of      *tracked[T]
	rolled  uint64 // Tracker.rolled when it began
	awaited bool   // it is looked at again when a fetch ends, and not before
}

// look finds out what there is to tell of a Target now.
func (t *Tracker[T]) look(ctx context.Context, i Item) *Look[T] {
	l, kind := t.begin(i), t.kinds[i.Kind]
	object, found := kind.get(i.Key)
	if found {
		l.State, l.Doubt = t.identified(i, object), kind.stale()
		kind.look(ctx, l, object)
	}
	switch {
	case ctx.Err() != nil: // what was found may be about that
	case found:
		t.tell(l)
	default:
		t.forget(i)
	}
	return l
}

// begin is a look at a Target, of which nothing may be known yet.
func (t *Tracker[T]) begin(i Item) *Look[T] {
	t.mu.Lock()
	defer t.mu.Unlock()
	of := t.targets[i]
	if of == nil {
		of = &tracked[T]{}
	}
	return &Look[T]{Item: i, Remembered: &of.remembered, tracker: t, of: of, rolled: t.rolled.Load()}
}

// identified is what is told of every object.
func (t *Tracker[T]) identified(i Item, object metav1.Object) syncs.State {
	return syncs.State{
		Target: syncs.Target{Cluster: t.options.Cluster, Kind: i.Kind, Namespace: i.Key.Namespace, Name: i.Key.Name},
		Labels: object.GetLabels(), RequestedAt: object.GetAnnotations()[RequestedAt],
	}
}

// Soon is why something is not known yet, and will be without being asked for.
type Soon string

func (s Soon) Error() string { return string(s) }

// unknown begins the Reason of a Target of which it cannot be found out what it renders.
const unknown = "what it renders is not known: "

// Unrendered tells why it is not known what a Target renders. Where it soon will be, since the error is Soon or fetch.ErrUnderway, what
// was known before stays, with a Sync that is on its way: what runs meanwhile goes on, and is not judged before it is known which state
// it met.
func (l *Look[T]) Unrendered(err error) {
	var soon Soon
	if l.awaited = errors.Is(err, fetch.ErrUnderway); !l.awaited && !errors.As(err, &soon) {
		l.State.Reason, l.Retry = unknown+err.Error(), true
		return
	}
	before := &l.of.state
	l.State.Sync, l.State.Pending, l.State.Good = before.Sync, before.Pending, before.Good
	l.State.Build, l.State.Builds = before.Build, before.Builds
	switch {
	case l.State.Reason != "":
	case strings.HasPrefix(before.Reason, unknown):
		l.State.Reason = before.Reason // what failed last is told until it has not
	case before.Sync == nil:
		l.State.Reason = err.Error()
	case before.Pending == nil:
		l.State.Pending = &syncs.Sync{
			Target: l.State.Target, Outcome: syncs.Failed, Failure: syncs.Unreachable, Reason: err.Error(), At: l.tracker.options.Clock.Now(),
		}
	}
}
