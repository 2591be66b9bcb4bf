// Package manifests is how Assay is installed in a cluster: a base, components to choose from, and an overlay for each environment, which
// `kubectl apply -k` takes as they are. README.md says how.
//
// In go Kustomize's files, out come Kubernetes' objects; the tests of this package hold them to what is promised: every field is known,
// images are pinned by digest, no secret has a value, no rule allows more than is listed in testdata/rbac.txt. There is no code in it, and
// Assay never applies these itself.
package manifests
