package flux

import (
	"context"
	"fmt"
	"strings"

	helmv2 "github.com/fluxcd/helm-controller/api/v2"
	"github.com/fluxcd/pkg/apis/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/track"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// progress reads the status of a HelmRelease. Revisions are not its own: it knows charts only.
func (r *helmRelease) progress() progress {
	if why := r.held(); why != "" {
		return progress{nothing: why}
	}
	ready, told := r.conditions[meta.ReadyCondition]
	remediated := r.conditions.is(helmv2.RemediatedCondition, metav1.ConditionTrue)
	// While Flux has retries left it is still at it.
	over := r.conditions.is(meta.StalledCondition, metav1.ConditionTrue) || !r.conditions.is(meta.ReconcilingCondition, metav1.ConditionTrue)
	switch {
	case !told:
		return progress{nothing: "Flux has not reconciled it yet"}
	case ready.status == metav1.ConditionTrue && r.observed == r.Generation && ready.generation == r.Generation:
		return progress{outcome: syncs.Applied}
	case ready.status != metav1.ConditionFalse && r.observed == r.Generation && r.attempted == r.Generation && r.status == deployed:
		return progress{outcome: syncs.Applied, again: true}
	case ready.status != metav1.ConditionFalse:
		p := pending(syncs.DeployFailed, "Flux is releasing it")
		p.again = true
		return p
	case remediated && over && r.attempted == r.Generation: // otherwise it is about another spec
		return failed(syncs.RolledBack, ready.message)
	case over && r.attempted == r.Generation:
		return failed(releaseFailure(ready), ready.message)
	}
	return pending(releaseFailure(ready), ready.message)
}

// deployed is what Helm calls a release that is in force.
const deployed = "deployed"

// releaseFailure is the kind of failure that a Ready condition tells of.
func releaseFailure(ready condition) syncs.Failure {
	switch ready.reason {
	case helmv2.DependencyNotReadyReason:
		return syncs.Waiting
	case helmv2.ArtifactFailedReason, "SourceNotReady", "HelmChartNotReady", "HelmChartNotAccessible":
		return syncs.Unreachable
	case helmv2.RollbackSucceededReason, helmv2.UninstallSucceededReason:
		return syncs.RolledBack
	case helmv2.TestFailedReason:
		return syncs.NotHealthy
	}
	for _, part := range []string{"timed out", "context deadline exceeded", "not ready", "progress deadline"} {
		if strings.Contains(ready.message, part) {
			return syncs.NotHealthy
		}
	}
	return applyFailure(ready.message)
}

// delivered is the revision that the objects of a Kustomization are of. While it is applying they may be of either of two.
func (k *kustomization) delivered(sourceOrigin string) (revision, origin string, known bool) {
	ready, healthy := k.conditions[meta.ReadyCondition], k.conditions[meta.HealthyCondition]
	checking := healthy.status == metav1.ConditionUnknown && strings.Contains(healthy.message, k.attempted)
	switch {
	case k.attempted == "":
		return "", "", false
	case k.applied == k.attempted:
		return k.applied, k.appliedOrigin, true
	case checking, ready.status == metav1.ConditionFalse &&
		(ready.reason == meta.HealthCheckFailedReason || ready.reason == meta.HealthCheckCanceledReason || ready.reason == meta.PruneFailedReason):
		return k.attempted, sourceOrigin, true
	case ready.status == metav1.ConditionFalse && ready.reason == meta.BuildFailedReason && k.applied != "":
		return k.applied, k.appliedOrigin, true
	}
	return "", "", false
}

// lookAtRelease looks at a HelmRelease: its commit is that of the Kustomization that applied it, and what it renders is its own object
// there, with what that names. One that nobody applied from Git is known by Flux's digest of the release.
func (s *Source) lookAtRelease(ctx context.Context, l *look, r *helmRelease) {
	l.State.Reason = l.Doubt // nothing that may be old is told to be on its way
	parent := r.parent()
	p := r.progress()
	if p.nothing != "" {
		l.State.Reason = p.nothing
		return
	}
	if parent.Name == "" {
		s.conclude(ctx, l, p, &r.target, &rendered{digest: "flux:" + r.digest})
		return
	}
	k, found := s.kustomizations.Get(parent)
	if !found {
		l.State.Reason = fmt.Sprintf("the Kustomization %s that applied it is not seen", parent)
		return
	}
	var sourceOrigin string
	if from, reason := s.source(k.source()); reason == "" {
		sourceOrigin = from.originRevision
	}
	var known bool
	if p.revision, p.origin, known = k.delivered(sourceOrigin); !known {
		l.Unrendered(errApplying)
		return
	}
	o, reason := s.origin(k, p.revision, p.origin)
	if reason != "" {
		l.State.Reason = reason
		return
	}
	rendering, err := s.renderRelease(ctx, l, r, k, o, p)
	if err != nil {
		l.Unrendered(err)
		return
	}
	if last := l.Remembered.last; p.outcome == syncs.Applied && (last == nil || last.Digest != rendering.digest) {
		if err := s.caughtUp(ctx, r); err != nil {
			l.Unrendered(err)
			return
		}
	}
	s.conclude(ctx, l, p, &r.target, rendering)
}

// caughtUp makes sure that what is known of a HelmRelease is not from before its Kustomization applied it: two watches do not keep step.
func (s *Source) caughtUp(ctx context.Context, r *helmRelease) error {
	live, err := s.objects.Resource(helmReleaseResource).Namespace(r.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
	switch {
	case err != nil:
		return fmt.Errorf("read HelmRelease %s/%s: %w", r.Namespace, r.Name, err)
	case live.GetGeneration() != r.Generation:
		return track.Soon("its newest spec was not seen yet")
	}
	return nil
}

// errApplying says that it is not known which commit a HelmRelease is of.
const errApplying = track.Soon("its Kustomization is being applied")

// renderRelease builds what a HelmRelease renders, unless it is known already.
func (s *Source) renderRelease(ctx context.Context, l *look, r *helmRelease, k *kustomization, o origin, p progress) (*rendered, error) {
	state := renderedState{
		attempt: attempt{p.revision, p.origin, r.Generation}, built: r.digest,
		from: fmt.Sprint(k.Generation, k.built, k.digest, o),
	}
	if known := l.Remembered.rendered; known != nil && known.state == state {
		return known, nil
	}
	of, err := s.rendering(ctx, l, k, o, p)
	if err != nil {
		return nil, err
	}
	out := &rendered{state: state, revisions: of.revisions, build: of.build, digest: "flux:" + r.digest}
	out.build.Only = []render.ObjectRef{{Group: helmv2.GroupVersion.Group, Kind: KindHelmRelease, Namespace: r.Namespace, Name: r.Name}}
	besides, unknown, err := s.besides(ctx, r, watch.KeyOf(k))
	if err != nil {
		return nil, err
	}
	if out.build.Besides = besides; unknown != "" {
		out.build.Unknown = unknown
	}
	if len(of.revisions) == 1 {
		if out.digest, err = l.Digest(ctx, of.revisions[0], out.build); err != nil {
			return nil, err
		}
	}
	l.Remembered.rendered = out
	return out, nil
}
