// Package argo tells what Argo CD has synced: its Applications, in any namespace, are Targets.
//
// In go the Applications of a cluster, as package watch keeps them; out comes for each one its finished Sync, the one that is on its way,
// or the reason why there is none. An operation is over when .operation is gone, its phase is terminal, and Argo CD has compared the
// Application with the cluster since; then its health counts, and, where a Rollout is given and the destination is this cluster, that
// nothing but the new version serves.
//
// Which commit is live is not what was synced last. A commit that changes no manifest starts no operation: Argo CD compares, finds the
// cluster Synced, and says so of the new commit, which then is the one that is live (status.sync.revision). What was synced last
// (status.operationState.syncResult) is live only while the Application is OutOfSync. Where an operation failed and Argo CD then finds
// another commit Synced, that commit is what is live, unless it renders what failed: then it has failed too.
//
// A chart from a Helm repository has no commit. What its source says and the version that was resolved enter the digest, and the Revision
// is where the Application itself is written. The hydrated branch of a sourceHydrator is never told: its Revision is the dry commit.
//
// What cannot be built here, such as the output of a config management plugin, has no digest: its commits stand in, so that it is verified
// at every one of them, and no commit is ever said to be irrelevant.
//
// Argo CD's own module is not imported. The few fields that are read are declared here, as Argo CD v3.2 writes them. It never writes to the
// cluster.
package argo
