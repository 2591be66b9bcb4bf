package flux

import (
	"cmp"
	"strings"

	"github.com/fluxcd/pkg/apis/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	syncs "github.com/assay-dev/assay/sources/sync"
)

// progress is what the status of a Target says of its newest state.
type progress struct {
	// outcome of what has finished; while something is on its way it is what that comes to if it never finishes, which is Failed.
	outcome syncs.Outcome
	// pending says that it is on its way.
	pending bool
	failure syncs.Failure
	reason  string
	// again says that Flux is at it just now: where the last attempt at the same failed, that is still what there is to tell.
	again bool
	// revision and origin are what was applied or attempted, in Flux's words. Of a HelmRelease they are its Kustomization's.
	revision, origin string
	// nothing is why there is nothing to tell at all.
	nothing string
}

func pending(failure syncs.Failure, reason string) progress {
	return progress{outcome: syncs.Failed, pending: true, failure: failure, reason: reason}
}

func failed(failure syncs.Failure, reason string) progress {
	return progress{outcome: syncs.Failed, failure: failure, reason: reason}
}

// held is why nothing is to be told of a Target, whatever its status says: that of a suspended one stays as it was.
func (t *target) held() string {
	switch {
	case t.invalid != "":
		return t.invalid
	case t.DeletionTimestamp != nil:
		return "it is being deleted"
	case t.suspended:
		return "it is suspended"
	}
	return ""
}

// progress reads the status. Source is the revision of the source's newest artifact, and its origin revision; empty where there is none.
//
// When things changed is nowhere looked at: Ready goes to Unknown and back at every interval.
func (k *kustomization) progress(source, sourceOrigin string) progress {
	if why := k.held(); why != "" {
		return progress{nothing: why}
	}
	ready, told := k.conditions[meta.ReadyCondition]
	if !told {
		return progress{nothing: "Flux has not reconciled it yet"}
	}
	current := k.observed == k.Generation && k.applied != "" && k.applied == k.attempted
	switch {
	case ready.status == metav1.ConditionTrue && current && ready.generation == k.Generation:
		return progress{outcome: syncs.Applied, revision: k.applied, origin: k.appliedOrigin}
	case ready.status == metav1.ConditionFalse && ready.generation >= k.Generation: // an older one is about another spec
		return k.failed(ready, current, source, sourceOrigin)
	case current: // it is reconciled once more at what is applied already, or has not come to what is newer
		return progress{outcome: syncs.Applied, again: true, revision: k.applied, origin: k.appliedOrigin}
	}
	p := pending(syncs.DeployFailed, "Flux is applying it")
	p.again = true
	return k.at(p, cmp.Or(k.attempted, source), sourceOrigin)
}

// failed reads a Ready condition that is False.
func (k *kustomization) failed(ready condition, current bool, source, sourceOrigin string) progress {
	switch ready.reason {
	case meta.DependencyNotReadyReason:
		if current && source == k.applied {
			return progress{outcome: syncs.Applied, revision: k.applied, origin: k.appliedOrigin} // it is others that are not ready
		}
		return k.at(pending(syncs.Waiting, ready.message), source, sourceOrigin)
	case meta.ArtifactFailedReason:
		switch {
		case strings.HasPrefix(ready.message, "kustomization path not found"):
			return k.at(failed(syncs.BuildFailed, ready.message), source, sourceOrigin)
		case current && source == k.applied:
			return progress{outcome: syncs.Applied, revision: k.applied, origin: k.appliedOrigin} // nothing else was to be applied
		}
		return k.at(pending(syncs.Unreachable, ready.message), source, sourceOrigin)
	case meta.BuildFailedReason:
		return k.at(failed(syncs.BuildFailed, ready.message), k.attempted, sourceOrigin)
	case meta.HealthCheckFailedReason:
		return k.at(failed(syncs.NotHealthy, ready.message), k.attempted, sourceOrigin)
	}
	if k.conditions.is(meta.StalledCondition, metav1.ConditionTrue) {
		return k.at(failed(syncs.DeployFailed, ready.message), cmp.Or(k.attempted, source), sourceOrigin)
	}
	// Flux tries again, and that may succeed: a definition or a webhook may have been missing for a moment.
	return k.at(pending(applyFailure(ready.message), ready.message), cmp.Or(k.attempted, source), sourceOrigin)
}

// at is progress at a revision. Where that is what was applied last, its origin is known better.
func (k *kustomization) at(p progress, revision, origin string) progress {
	if revision == k.applied {
		origin = k.appliedOrigin
	}
	p.revision, p.origin = revision, origin
	if revision == "" {
		return progress{nothing: cmp.Or(p.reason, "Flux has not attempted a revision yet")}
	}
	return p
}

// unreachable are parts of messages that tell that an API server or a registry did not answer.
var unreachable = []string{
	"connection refused", "connection reset", "i/o timeout", "no such host", "no route to host", "TLS handshake timeout",
	"unable to connect to the server", "the server is currently unable to handle the request", "failed to build kube client",
	"etcdserver: ", "http2: client connection lost",
}

// applyFailure is the kind of a failure to apply.
func applyFailure(message string) syncs.Failure {
	for _, part := range unreachable {
		if strings.Contains(message, part) {
			return syncs.Unreachable
		}
	}
	return syncs.DeployFailed
}
