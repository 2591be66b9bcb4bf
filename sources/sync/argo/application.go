package argo

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/assay-dev/assay/sources/sync/rollout"
	"github.com/assay-dev/assay/sources/sync/track"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// KindApplication is the kind of Targets.
const KindApplication = "Application"

const (
	// trackingID is how Argo CD marks what an Application applied; instanceLabel is how it did before v3.
	trackingID    = "argocd.argoproj.io/tracking-id"
	instanceLabel = "app.kubernetes.io/instance"
)

var (
	applicationResource    = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"}
	applicationSetResource = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applicationsets"}
)

// application is what is kept of one.
type application struct {
	metav1.ObjectMeta
	invalid   string   // why it cannot be read
	sources   []source // of the spec, what is synced
	hydrator  *hydrator
	namespace string // of the destination
	instance  string // what Argo CD calls it
	here      bool   // the destination is the cluster that Argo CD runs in
	automated bool

	asked     bool // an operation was asked for and has not begun
	planned   state
	last      *attempt // nil before the first operation
	good      state    // of the last full success
	compared  state
	settled   bool   // what was compared is what the spec says
	status    string // of the comparison
	health    string
	seen      time.Time // when the comparison was made
	errors    []condition
	dry       hydration // the last that succeeded
	current   hydration // the one under way, or the last
	inventory []rollout.Ref
}

// state is sources, each at a revision.
type state struct {
	sources   []source
	revisions []string
}

func (s state) equal(other state) bool {
	return slices.Equal(s.revisions, other.revisions) && sameSources(s.sources, other.sources)
}

// sameSources compares what sources say: Argo CD writes some fields down though they are empty, which people do not.
func sameSources(a, b []source) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// attempt is the last operation.
type attempt struct {
	state
	phase, message string
	retries        int64
	ended          time.Time // zero while it runs
	partial        bool      // some resources only, or none at all
}

func (a *attempt) over() bool { return !a.ended.IsZero() }

func (a *attempt) failed() bool { return a.over() && a.phase != "Succeeded" }

// messageLimit is how much of a message is kept, in bytes: that of a failed build may hold all that its tool printed.
const messageLimit = 2000

func short(message string) string {
	return strings.Clone(strings.ToValidUTF8(message[:min(len(message), messageLimit)], ""))
}

func trimApplication(u *unstructured.Unstructured) *application {
	a := &application{ObjectMeta: watch.Meta(u, track.RequestedAt, trackingID)}
	var o object
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &o); err != nil {
		a.invalid = "it cannot be read: " + err.Error()
		return a
	}
	a.read(&o)
	return a
}

func (a *application) read(o *object) {
	switch spec := &o.Spec; {
	case spec.SourceHydrator != nil:
		a.hydrator, a.sources = spec.SourceHydrator, []source{spec.SourceHydrator.hydrated()}
	case len(spec.Sources) > 0:
		a.sources = spec.Sources
	case spec.Source != nil:
		a.sources = []source{*spec.Source}
	}
	to := o.Spec.Destination
	a.namespace, a.here = to.Namespace, to.Server == "https://kubernetes.default.svc" || to.Name == "in-cluster"
	if policy := o.Spec.SyncPolicy; policy != nil && policy.Automated != nil {
		a.automated = policy.Automated.Enabled == nil || *policy.Automated.Enabled
	}
	status := &o.Status
	if a.instance = a.Name; status.ControllerNamespace != "" && status.ControllerNamespace != a.Namespace {
		a.instance = a.Namespace + "_" + a.Name
	}
	a.status, a.health = status.Sync.Status, status.Health.Status
	if status.ReconciledAt != nil {
		a.seen = status.ReconciledAt.Time
	}
	a.compared = a.at(status.Sync.ComparedTo.Source, status.Sync.ComparedTo.Sources, status.Sync.Revision, status.Sync.Revisions)
	a.settled = sameSources(a.compared.sources, a.sources)
	if o.Operation != nil {
		a.asked, a.planned = true, a.plan(o.Operation)
	}
	if status.OperationState != nil {
		a.last = a.attempted(status.OperationState)
	}
	if n := len(status.History); n > 0 {
		newest := slices.MaxFunc(status.History, func(x, y deployed) int { return int(x.ID - y.ID) })
		a.good = a.at(newest.Source, newest.Sources, newest.Revision, newest.Revisions)
	}
	for _, c := range status.Conditions {
		if strings.HasSuffix(c.Type, "Error") {
			a.errors = append(a.errors, condition{c.Type, short(c.Message)})
		}
	}
	if done := status.SourceHydrator.LastSuccessfulOperation; done != nil {
		a.dry = *done
	}
	if now := status.SourceHydrator.CurrentOperation; now != nil {
		a.current = *now
		a.current.Message = short(now.Message)
	}
	for _, r := range status.Resources {
		if ref := (rollout.Ref{Group: r.Group, Version: r.Version, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name}); !r.Hook && ref.Concerns() {
			a.inventory = append(a.inventory, ref)
		}
	}
}

// at is a state as Argo CD writes it: several sources in one pair of fields, a single one in the other. Sources that are the spec's are
// kept once.
func (a *application) at(one source, several []source, revision string, revisions []string) state {
	s := state{several, revisions}
	if len(several) == 0 {
		s = state{[]source{one}, []string{revision}}
	}
	if one.RepoURL == "" && len(several) == 0 || sameSources(s.sources, a.sources) {
		s.sources = a.sources
	}
	for len(s.revisions) < len(s.sources) {
		s.revisions = append(s.revisions, "")
	}
	return s
}

// plan is what an operation is to bring about. What it does not say is as the spec has it.
func (a *application) plan(o *operation) state {
	if o.Sync == nil {
		return a.at(source{}, nil, "", nil)
	}
	one := source{}
	if o.Sync.Source != nil {
		one = *o.Sync.Source
	}
	return a.at(one, o.Sync.Sources, o.Sync.Revision, o.Sync.Revisions)
}

func (a *application) attempted(o *operationState) *attempt {
	t := &attempt{state: a.plan(&o.Operation), phase: o.Phase, message: short(o.Message), retries: o.RetryCount}
	if sync := o.Operation.Sync; sync != nil {
		t.partial = sync.DryRun || len(sync.Resources) > 0
	}
	if o.FinishedAt != nil && (o.Phase == "Succeeded" || o.Phase == "Failed" || o.Phase == "Error") {
		t.ended = o.FinishedAt.Time
	}
	result := o.SyncResult
	if result == nil {
		return t
	}
	t.state = a.at(result.Source, result.Sources, result.Revision, result.Revisions)
	var failed []string
	for _, r := range result.Resources {
		if r.Status == "SyncFailed" || r.HookPhase == "Failed" || r.HookPhase == "Error" {
			failed = append(failed, strings.TrimSpace(r.HookType+" "+r.Kind+" "+r.Namespace+"/"+r.Name+": "+r.Message))
		}
	}
	if len(failed) > 0 {
		t.message = short(t.message + ": " + strings.Join(failed, "; "))
	}
	return t
}

// parentOf is the Application that applied an object; the zero Key where none did. The annotation holds
// <instance>:<group>/<kind>:<namespace>/<name>, the label an instance. An empty namespace is Argo CD's own.
func parentOf(o metav1.Object) watch.Key {
	instance, _, found := strings.Cut(o.GetAnnotations()[trackingID], ":")
	if !found {
		instance = o.GetLabels()[instanceLabel]
	}
	if namespace, name, elsewhere := strings.Cut(instance, "_"); elsewhere {
		return watch.Key{Namespace: namespace, Name: name}
	}
	return watch.Key{Name: instance}
}

// owner is the ApplicationSet that made the Application; empty where none did.
func (a *application) owner() string {
	for _, o := range a.OwnerReferences {
		if o.Kind == "ApplicationSet" && o.Controller != nil && *o.Controller {
			return o.Name
		}
	}
	return ""
}

// IndexKeys has Applications found by the name of the Application, or of the ApplicationSet, that they hang on.
func (a *application) IndexKeys() []string {
	if owner := a.owner(); owner != "" {
		return []string{"set/" + a.Namespace + "/" + owner}
	}
	return []string{parentOf(a).Name}
}
