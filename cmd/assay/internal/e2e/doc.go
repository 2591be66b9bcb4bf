// Package e2e proves what Assay promises in a cluster: the real binary, `assay run`, beside real Kubernetes, Flux, Argo CD and Gitea,
// with Suites in real pods from Assay's image. All of it is in tests with the build tag e2e (make e2e), which need root and the
// programs that package stack needs.
//
// In goes what people do: commits to a config repository and a test repository, merges on Gitea. Out comes what people see: Verdicts and
// Incidents in the history, pull requests and statuses on Gitea, Events in the cluster. Nothing reaches into the process.
//
// A [place] is a cluster with its peers, and most stories share one. A [world] is what one story has to itself there:
// namespaces, repositories, Targets and an Assay, which is the service account of manifests/ and nothing more: every story also
// proves that its role is enough.
package e2e
