// Package events says on Flux's and Argo CD's own objects what Assay found, as Kubernetes Events: `kubectl describe kustomization shop`
// and `flux events` then tell that it was verified, that it broke, that a revert was proposed, and that all is well again. In go the
// loop's Events; out come events.k8s.io/v1 objects about the Targets that a Gate follows, and, only where the operator wants it, the
// annotation assay.dev/verified on them.
//
// It is the one place that writes to a cluster what is not a Run's. Nothing waits for it: what cannot be written, or is too much, is
// counted and left out, and history is the record. What was said before is not said again but counted in the Event's series.
package events
