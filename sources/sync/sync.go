// Package sync says when a GitOps engine finished applying a revision. In goes what is known of a Target: here what a Site's probe
// answers, in packages flux and argo what the cluster says; out come the Target's latest Sync, or the reason why there is none. It never
// runs a test and never judges, and changes nothing but what a Site's own deploy command deploys.
package sync

import (
	"context"
	"time"

	"github.com/assay-dev/assay/sources/render"
)

// Target is the identity of what a GitOps engine syncs.
type Target struct {
	Cluster   string `json:"cluster,omitempty"` // empty for a Site
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"` // empty for a Site
	Name      string `json:"name"`
}

// String is kind/namespace/name, with the cluster in front where there is one.
func (t Target) String() string {
	s := t.Kind + "/"
	if t.Cluster != "" {
		s = t.Cluster + ":" + s
	}
	if t.Namespace != "" {
		s += t.Namespace + "/"
	}
	return s + t.Name
}

// Revision is one source that a Target renders, at the commit that was applied.
type Revision struct {
	// Repository identifies the config repository: its URL as git.Normalize spells it.
	Repository string `json:"repository"`
	// URL is the address that the engine reads the repository from, without credentials.
	URL string `json:"url"`
	// Branch that the Target follows; empty when it is pinned to a tag or a commit.
	Branch string `json:"branch,omitempty"`
	// Commit is the full commit id.
	Commit string `json:"commit"`
	// Path is the folder in the repository, "." for its root.
	Path string `json:"path"`
}

// Outcome of a Sync.
type Outcome string

// The outcomes of a Sync.
const (
	Applied Outcome = "Applied"
	Failed  Outcome = "Failed"
)

// Sync says that a Target finished applying its Revisions.
type Sync struct {
	Target    Target     `json:"target"`
	Revisions []Revision `json:"revisions"`
	Outcome   Outcome    `json:"outcome"`
	// Reason says why a Sync failed, in the engine's words.
	Reason string `json:"reason,omitempty"`
	// Failure is the kind of a Failed Sync.
	Failure Failure `json:"failure,omitempty"`
	// Digest of what is rendered; for a Failed Sync of what was to be applied, empty where that cannot be built.
	Digest string `json:"digest,omitempty"`
	// At is when the Sync was seen to be finished.
	At time.Time `json:"at"`
	// Since is when the Source saw Digest change; zero when it was there before the Source began to look.
	Since time.Time `json:"since,omitzero"`
}

// State is what is known of a Target now.
type State struct {
	Target Target
	Labels map[string]string
	// Build is what the Target says about building its folder, and Builds where it has several that differ: see BuildOf.
	Build  render.Settings
	Builds []Build
	// Sync is the latest finished one; nil when there is none, and then Reason says why.
	Sync *Sync
	// Seen is when the Source began to look at what it tells here; zero for a Source that is told of every change as it happens.
	Seen time.Time
	// Pending is the Sync that is on its way: At says since when, Reason what it waits for, and it is Failed, since that is what it comes
	// to if it never finishes. Whoever has a deadline decides when that is.
	Pending *Sync
	// Triable says that the Source is a Trials, and that the Target can be tried.
	Triable bool
	// Trial, when given, says that something else is live than Sync tells: a commit that is being tried, which nobody else's tests may run
	// on.
	Trial *Trial
	// Reason why there is no Sync, or why the one there may be stale.
	Reason string
	// Good are the Revisions that the engine itself took for good last; nil where it does not say.
	Good []Revision
	// Definition is where the Target itself is written, when another Target applied it.
	Definition *Definition
	// RequestedAt is the value of the annotation assay.dev/requestedAt, or its like.
	RequestedAt string
}

// Build is what a Target says about building one of its Revisions.
type Build struct {
	Repository, Path string // those of the Revision
	Settings         render.Settings
}

// BuildOf is what the Target says about building one of its Revisions.
func (s State) BuildOf(r Revision) render.Settings {
	for _, b := range s.Builds {
		if b.Repository == r.Repository && b.Path == r.Path {
			return b.Settings
		}
	}
	return s.Build
}

// Definition is a Target seen as something that another Target applied.
type Definition struct {
	// By is that other Target.
	By Target
	// Revision is what By rendered last, and Build renders the Target's own object of it, alone.
	Revision Revision
	Build    render.Settings
}

// Definitions is what a Source offers besides when it can tell how an object would have its Target built.
type Definitions interface {
	// Defined tells what a Target would say about building the first of its Revisions if it were this object of what its Definition renders,
	// with what the build takes from the cluster as that is now. The error says why that is not known.
	Defined(ctx context.Context, t Target, object *render.Object) (Build, error)
}

// Newer is the Sync that follows upon before, which is nil where there was none: before itself where next tells the same, otherwise next,
// seen now, with what is known of when its digest changed.
func Newer(before, next *Sync, now time.Time) *Sync {
	if before != nil && sameSync(*before, *next) {
		return before
	}
	newer := *next
	newer.At = now
	if before != nil {
		newer.Since = before.Since
		if before.Digest != next.Digest || before.Outcome != next.Outcome {
			newer.Since = now
		}
	}
	return &newer
}

// Source watches the Targets of one engine. Implementations are safe for concurrent use.
type Source interface {
	// Targets tells the state of every Target that the Source sees. One Target that cannot be read is a State with a Reason, not an error.
	// The slice is the caller's, what its States refer to is shared.
	Targets(ctx context.Context) ([]State, error)
	// Changed receives a value, without blocking the Source, when Targets may tell something new.
	Changed() <-chan struct{}
}
