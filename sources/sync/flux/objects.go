package flux

import (
	"strings"

	helmv2 "github.com/fluxcd/helm-controller/api/v2"
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/apis/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/assay-dev/assay/sources/sync/rollout"
	"github.com/assay-dev/assay/sources/sync/track"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// The kinds of Targets.
const (
	KindKustomization = kustomizev1.KustomizationKind
	KindHelmRelease   = helmv2.HelmReleaseKind
)

var (
	kustomizationResource = kustomizev1.GroupVersion.WithResource("kustomizations")
	helmReleaseResource   = helmv2.GroupVersion.WithResource("helmreleases")
)

// condition is one of an object's, cut down.
type condition struct {
	status          metav1.ConditionStatus
	reason, message string
	generation      int64 // that it was observed at
}

// conditions are those that are looked at, by type.
type conditions map[string]condition

// messageLimit is how much of a condition's message is kept, in bytes: the controllers write up to 20,000.
const messageLimit = 2000

func conditionsOf(all []metav1.Condition, kinds ...string) conditions {
	kept := make(conditions, len(kinds))
	for _, c := range all {
		for _, kind := range kinds {
			if c.Type == kind {
				kept[kind] = condition{c.Status, c.Reason, strings.Clone(strings.ToValidUTF8(c.Message[:min(len(c.Message), messageLimit)], "")), c.ObservedGeneration}
			}
		}
	}
	return kept
}

func (c conditions) is(kind string, status metav1.ConditionStatus) bool {
	found, there := c[kind]
	return there && found.status == status
}

// target is what Kustomizations and HelmReleases have in common.
type target struct {
	metav1.ObjectMeta
	invalid    string // why it cannot be read, empty when it can
	suspended  bool
	remote     bool // applied to another cluster
	observed   int64
	conditions conditions
	inventory  []rollout.Ref
}

func targetOf(u *unstructured.Unstructured, into any) target {
	t := target{ObjectMeta: watch.Meta(u, track.RequestedAt)}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, into); err != nil {
		t.invalid = "it cannot be read: " + err.Error()
	}
	return t
}

// parent is the Kustomization that applied the object; the zero Key where none did.
func (t *target) parent() watch.Key {
	group := kustomizev1.GroupVersion.Group
	return watch.Key{Namespace: t.Labels[group+"/namespace"], Name: t.Labels[group+"/name"]}
}

// appliedBy is the index key of what its parent applied; empty where it has none.
func (t *target) appliedBy() string {
	if parent := t.parent(); parent.Name != "" {
		return appliedBy(parent)
	}
	return ""
}

func appliedBy(parent watch.Key) string { return "applied by " + parent.String() }

// kustomization is what is used of a Kustomization.
type kustomization struct {
	target
	spec kustomizev1.KustomizationSpec
	// As the status has them: revisions, and the newest build that was tried to apply, with its revision.
	applied, appliedOrigin, attempted string
	digest, built                     string
}

func trimKustomization(u *unstructured.Unstructured) *kustomization {
	var o kustomizev1.Kustomization
	k := &kustomization{target: targetOf(u, &o)}
	k.spec = kustomizev1.KustomizationSpec{
		CommonMetadata: o.Spec.CommonMetadata, Decryption: o.Spec.Decryption, Path: o.Spec.Path, PostBuild: o.Spec.PostBuild,
		NamePrefix: o.Spec.NamePrefix, NameSuffix: o.Spec.NameSuffix, Patches: o.Spec.Patches, Images: o.Spec.Images,
		SourceRef: o.Spec.SourceRef, TargetNamespace: o.Spec.TargetNamespace, BuildMetadata: o.Spec.BuildMetadata,
		Components: o.Spec.Components, IgnoreMissingComponents: o.Spec.IgnoreMissingComponents, Wait: o.Spec.Wait,
	}
	k.suspended, k.remote, k.observed = o.Spec.Suspend, o.Spec.KubeConfig != nil, o.Status.ObservedGeneration
	k.conditions = conditionsOf(o.Status.Conditions, meta.ReadyCondition, meta.HealthyCondition, meta.StalledCondition)
	k.applied, k.appliedOrigin, k.attempted = o.Status.LastAppliedRevision, o.Status.LastAppliedOriginRevision, o.Status.LastAttemptedRevision
	if latest := o.Status.History.Latest(); latest != nil {
		k.digest, k.built = latest.Digest, latest.Metadata["revision"]
	}
	if o.Status.Inventory != nil {
		k.inventory = inventoryOf(o.Status.Inventory.Entries)
	}
	return k
}

// IndexKeys implements watch.Indexed: Kustomizations are found by their source, and by the Kustomization that applied them.
func (k *kustomization) IndexKeys() []string { return []string{k.source().String(), k.appliedBy()} }

// source is what the Kustomization is built from.
func (k *kustomization) source() sourceKey {
	return referredTo(k.spec.SourceRef.Kind, k.spec.SourceRef.Namespace, k.spec.SourceRef.Name, k.Namespace)
}

// helmRelease is what is used of a HelmRelease.
type helmRelease struct {
	target
	chart      string // version that the spec asks for; empty where the chart is named by chartRef or comes out of a source's files
	valuesFrom []helmv2.ValuesReference
	attempted  int64 // generation
	// Of the newest release.
	version, digest, ociDigest, status string
}

func trimHelmRelease(u *unstructured.Unstructured) *helmRelease {
	var o helmv2.HelmRelease
	r := &helmRelease{target: targetOf(u, &o)}
	r.suspended, r.remote, r.observed = o.Spec.Suspend, o.Spec.KubeConfig != nil, o.Status.ObservedGeneration
	r.conditions = conditionsOf(o.Status.Conditions, meta.ReadyCondition, meta.StalledCondition, meta.ReconcilingCondition,
		helmv2.RemediatedCondition)
	r.valuesFrom, r.attempted = o.Spec.ValuesFrom, o.Status.LastAttemptedGeneration
	if o.Spec.Chart != nil && o.Spec.Chart.Spec.SourceRef.Kind == "HelmRepository" {
		r.chart = o.Spec.Chart.Spec.Version
	}
	if latest := o.Status.History.Latest(); latest != nil {
		r.version, r.digest, r.ociDigest, r.status = latest.ChartVersion, latest.Digest, latest.OCIDigest, latest.Status
	}
	if o.Status.Inventory != nil {
		r.inventory = inventoryOf(o.Status.Inventory.Entries)
	}
	return r
}

// IndexKeys implements watch.Indexed: HelmReleases are found by the Kustomization that applied them.
func (r *helmRelease) IndexKeys() []string { return []string{r.appliedBy()} }

// inventoryOf reads the entries of an inventory, <namespace>_<name>_<group>_<kind> with a colon in a name written as two underscores, and
// keeps those whose rollout is looked at.
func inventoryOf[E kustomizev1.ResourceRef | helmv2.ResourceRef](entries []E) (refs []rollout.Ref) {
	for _, e := range entries {
		entry := kustomizev1.ResourceRef(e)
		namespace, rest, _ := strings.Cut(entry.ID, "_")
		beforeKind := strings.LastIndex(rest, "_")
		if beforeKind < 0 {
			continue
		}
		beforeGroup := strings.LastIndex(rest[:beforeKind], "_")
		if beforeGroup < 0 {
			continue
		}
		ref := rollout.Ref{
			Group: rest[beforeGroup+1 : beforeKind], Version: entry.Version, Kind: rest[beforeKind+1:],
			Namespace: namespace, Name: strings.ReplaceAll(rest[:beforeGroup], "__", ":"),
		}
		if ref.Concerns() {
			refs = append(refs, ref)
		}
	}
	return refs
}
