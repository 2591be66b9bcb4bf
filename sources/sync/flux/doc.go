// Package flux tells what Flux has synced: its Kustomizations and HelmReleases are Targets.
//
// In go the objects of a cluster, as package watch keeps them; out comes for each Target its finished Sync, the one that is on its way, or
// the reason why there is none. A Sync is finished when Flux says so of the very spec that there is now, and, where a Rollout is given,
// when nothing but the new version serves. Its commit comes from the Target's source: a GitRepository's own, the one that an OCIRepository
// or ExternalArtifact names as its origin, or, for a HelmRelease, that of the Kustomization that applied it.
//
// What a Target renders is built from the config repository at that commit, as the Target's spec says, variables from the cluster
// included; files that SOPS encrypted stay encrypted. It is built again only when the commit, the spec or Flux's own digest of the build
// moved. Where Flux builds from more than is known here, the state is known by Flux's digest, and no commit is ever said to be irrelevant.
//
// It never writes to the cluster, and never shows what a Secret holds.
package flux
