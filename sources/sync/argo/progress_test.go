package argo_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/rollout"
	"github.com/assay-dev/assay/sources/sync/track/tracktest"
)

func TestWhereAnApplicationIs(t *testing.T) {
	failed := func(phase, message, revision string) fields {
		return fields{"status.operationState.phase": phase, "status.operationState.message": "'" + message + "'", "status.operationState.syncResult.revision": revision}
	}
	with := func(all ...fields) fields {
		merged := fields{}
		for _, some := range all {
			for path, text := range some {
				merged[path] = text
			}
		}
		return merged
	}
	outOfSync := fields{"status.sync.status": "OutOfSync", "status.sync.revision": "\"{{ELSEWHERE}}\""}
	incomparable := func(message string) fields {
		return fields{
			"status.sync.status": "Unknown", "status.sync.revision": "main",
			"status.conditions": "[{type: ComparisonError, lastTransitionTime: \"2026-05-04T11:55:00Z\", message: '" + message + "'}]",
		}
	}
	for name, test := range map[string]struct {
		edits                 fields
		sync, pending, reason string
	}{
		"synced and healthy": {sync: "Applied SECOND"},
		"an operation that was asked for": {
			edits:   fields{"operation": "{sync: {revision: \"{{ELSEWHERE}}\"}, initiatedBy: {automated: true}}"},
			pending: "Failed ELSEWHERE DeployFailed: Argo CD is about to sync it",
		},
		"an operation that runs": {
			edits: with(failed("Running", "waiting for completion of hook batch/Job/migrate", "\"{{ELSEWHERE}}\""), fields{
				"status.operationState.finishedAt": "", "operation": "{sync: {revision: \"{{ELSEWHERE}}\"}}",
			}),
			pending: "Failed ELSEWHERE DeployFailed: Argo CD is about to sync it",
		},
		"an operation that is tried again": {
			edits: with(failed("Running", "one or more objects failed to apply. Retrying attempt #2 at 11:51AM.", "\"{{ELSEWHERE}}\""), fields{
				"status.operationState.finishedAt": "", "status.operationState.retryCount": "2",
			}),
			pending: "Failed ELSEWHERE DeployFailed: Argo CD is syncing it for the 3. time: one or more objects failed to apply. Retrying attempt #2 at 11:51AM.",
		},
		"an operation that is being terminated": {
			edits:   with(failed("Terminating", "", "\"{{ELSEWHERE}}\""), fields{"status.operationState.finishedAt": ""}),
			pending: "Failed ELSEWHERE DeployFailed: Argo CD is syncing it",
		},
		"not looked at since": {
			edits:   fields{"status.reconciledAt": "\"2026-05-04T11:50:01Z\""},
			pending: "Failed SECOND NotHealthy: Argo CD has not looked at the cluster since the sync ended",
		},
		"progressing":                           {edits: fields{"status.health.status": "Progressing"}, pending: "Failed SECOND NotHealthy: Argo CD: its health is Progressing"},
		"missing":                               {edits: fields{"status.health.status": "Missing"}, pending: "Failed SECOND NotHealthy: Argo CD: its health is Missing"},
		"degraded":                              {edits: fields{"status.health.status": "Degraded"}, sync: "Failed SECOND NotHealthy: Argo CD: its health is Degraded"},
		"suspended, and its workloads are done": {edits: fields{"status.health.status": "Suspended"}, sync: "Applied SECOND"},
		"suspended in another cluster": {
			edits:  fields{"status.health.status": "Suspended", "spec.destination.server": "https://other.example"},
			reason: "Argo CD: its health is Suspended, so it goes on when somebody says so",
		},
		"a commit that changes no manifest": {edits: fields{"status.sync.revision": "\"{{ELSEWHERE}}\""}, sync: "Applied ELSEWHERE"},
		"a new commit, automated": {
			edits: outOfSync, sync: "Applied SECOND", reason: "it is OutOfSync at %ELSEWHERE%, and Argo CD has not begun to sync that",
		},
		"a new commit, manual": {
			edits: with(outOfSync, fields{"spec.syncPolicy": ""}), sync: "Applied SECOND", reason: "it is OutOfSync at %ELSEWHERE%, and automated sync is off",
		},
		"a new commit, automated and disabled": {
			edits: with(outOfSync, fields{"spec.syncPolicy.automated.enabled": "false"}), sync: "Applied SECOND",
			reason: "it is OutOfSync at %ELSEWHERE%, and automated sync is off",
		},
		"changed in the cluster": {
			edits: fields{"status.sync.status": "OutOfSync"}, sync: "Applied SECOND",
			reason: "it is OutOfSync though this was synced: something in the cluster was changed, or is to be pruned",
		},
		"rolled back by a person": {
			edits: with(outOfSync, fields{"spec.syncPolicy": "", "status.operationState.syncResult.revision": "\"{{FIRST}}\""}),
			sync:  "Applied FIRST", reason: "it is OutOfSync at %ELSEWHERE%, and automated sync is off",
		},
		"some resources only": {
			edits: with(outOfSync, fields{
				"status.operationState.operation.sync.resources": "[{kind: ConfigMap, name: shop}]", "status.operationState.syncResult.revision": "\"{{ELSEWHERE}}\"",
			}),
			sync: "Applied SECOND", reason: "only some of its resources were synced since, or none in a dry run",
		},
		"healed by itself": {
			edits: fields{"status.operationState.operation.sync.resources": "[{kind: ConfigMap, name: shop}]", "status.operationState.operation.sync.autoHealAttemptsCount": "1"},
			sync:  "Applied SECOND",
		},
		"never synced": {
			edits:  with(outOfSync, fields{"status.operationState": "", "status.history": ""}),
			reason: "it was never synced",
		},
		"never synced, manual": {
			edits:  with(outOfSync, fields{"status.operationState": "", "status.history": "", "spec.syncPolicy": ""}),
			reason: "it was never synced, and automated sync is off",
		},
		"found as it should be, and never synced": {edits: fields{"status.operationState": "", "status.history": ""}, sync: "Applied SECOND"},
		"nothing known yet":                       {edits: fields{"status": ""}, reason: "Argo CD does not know whether it is synced"},
		"a sync that failed": {
			edits: with(outOfSync, failed("Failed", "one or more objects failed to apply", "\"{{ELSEWHERE}}\""), fields{
				"status.operationState.syncResult.resources": "[{group: apps, kind: Deployment, name: web, namespace: shop, status: SyncFailed, message: Deployment.apps \"web\" is invalid}]",
			}),
			sync:   "Failed ELSEWHERE DeployFailed: one or more objects failed to apply: Deployment shop/web: Deployment.apps \"web\" is invalid",
			reason: "it is OutOfSync though this was synced: something in the cluster was changed, or is to be pruned",
		},
		"a hook that failed before": {
			edits: with(outOfSync, failed("Failed", "one or more synchronization tasks completed unsuccessfully", "\"{{ELSEWHERE}}\""), fields{
				"status.operationState.syncResult.resources": "[{group: batch, kind: Job, name: migrate, namespace: shop, hookType: PreSync, hookPhase: Failed, message: Job has reached the specified backoff limit, syncPhase: PreSync}]",
			}),
			sync:   "Failed ELSEWHERE DeployFailed: one or more synchronization tasks completed unsuccessfully: PreSync Job shop/migrate: Job has reached the specified backoff limit",
			reason: "it is OutOfSync though this was synced: something in the cluster was changed, or is to be pruned",
		},
		"a hook that failed after": {
			edits: with(failed("Failed", "one or more synchronization tasks completed unsuccessfully", "\"{{SECOND}}\""), fields{
				"status.operationState.syncResult.resources": "[{group: batch, kind: Job, name: check, namespace: shop, hookType: PostSync, hookPhase: Failed, message: it failed, syncPhase: PostSync}]",
			}),
			sync: "Failed SECOND DeployFailed: one or more synchronization tasks completed unsuccessfully: PostSync Job shop/check: it failed",
		},
		"a failed sync, and then a revert that needs none": {
			edits: failed("Failed", "bad", "\"{{FIRST}}\""), sync: "Applied SECOND",
		},
		"a failed sync, and then a commit that changes nothing": {
			edits: with(failed("Failed", "bad", "\"{{SECOND}}\""), fields{"status.sync.revision": "\"{{ELSEWHERE}}\""}), sync: "Failed ELSEWHERE DeployFailed: bad",
		},
		"the API server was away": {
			edits:  with(outOfSync, failed("Error", "dial tcp 10.0.0.1:443: connect: connection refused", "\"{{ELSEWHERE}}\"")),
			sync:   "Failed ELSEWHERE Unreachable: dial tcp 10.0.0.1:443: connect: connection refused",
			reason: "it is OutOfSync though this was synced: something in the cluster was changed, or is to be pruned",
		},
		"a commit that does not build": {
			edits: incomparable("Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = `kustomize build <path to cached source>/apps/shop` failed exit status 1"),
			sync:  "Failed BROKEN BuildFailed: Argo CD: Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = `kustomize build <path to cached source>/apps/shop` failed exit status 1",
		},
		"a commit that does not build, and by now one that does": {
			edits: with(incomparable("Failed to load target state: failed to generate manifest for source 1 of 1"), fields{
				"spec.source.targetRevision": "fixed", "status.sync.comparedTo.source.targetRevision": "fixed", "status.sync.revision": "fixed",
			}),
			pending: "Failed SECOND Unreachable: Argo CD has not said anything of the newest commit, which builds here; " +
				"before, Argo CD: Failed to load target state: failed to generate manifest for source 1 of 1",
		},
		"a comparison that failed a moment ago": {
			edits:  fields{"status.conditions": "[{type: ComparisonError, message: 'failed to generate manifest'}]"},
			reason: "Argo CD: failed to generate manifest",
		},
		"a source that does not answer": {
			edits:   incomparable("Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = failed to list refs: dial tcp: lookup git.example.com: no such host"),
			pending: "Failed BROKEN Unreachable: Argo CD: Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = failed to list refs: dial tcp: lookup git.example.com: no such host",
		},
		"a definition that is wrong": {
			edits:  fields{"status.conditions": "[{type: InvalidSpecError, message: 'application destination server is unknown'}]"},
			reason: "Argo CD: application destination server is unknown",
		},
		"a definition that was changed": {
			edits:  fields{"spec.source.kustomize.images": "[\"web:3\"]"},
			reason: "its definition has changed, and Argo CD has not compared it with the cluster since",
		},
		"a definition with what Argo CD writes though it is empty": {
			edits: fields{
				"spec.source":                             "{path: apps/shop, repoURL: " + tracktest.URL + ", directory: {recurse: true}}",
				"status.sync.comparedTo.source":           "{path: apps/shop, repoURL: " + tracktest.URL + ", directory: {recurse: true, jsonnet: {}}}",
				"status.operationState.syncResult.source": "{path: apps/shop, repoURL: " + tracktest.URL + ", directory: {recurse: true, jsonnet: {}}}",
			},
			sync: "Applied SECOND",
		},
		"deleted":    {edits: fields{"metadata.deletionTimestamp": "\"2026-05-04T11:59:00Z\""}, reason: "it is being deleted"},
		"unreadable": {edits: fields{"spec.source": "\"text\""}, reason: "it cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world) {
				w.Write(w.edited(w.load("shop"), test.edits))
				w.run()
				state := w.One()
				require.Equal(t, test.sync, w.told(state.Sync), state.Reason)
				require.Equal(t, test.pending, w.told(state.Pending), state.Reason)
				if test.reason == "" {
					require.Empty(t, state.Reason)
				} else {
					require.Contains(t, state.Reason, w.briefly(test.reason))
				}
			})
		})
	}
}

func TestASyncIsToldOnce(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.Write(w.load("shop"))
		w.run()
		first := w.One()
		require.Equal(t, syncs.Target{Cluster: "prod", Kind: "Application", Namespace: "argocd", Name: "shop"}, first.Target)
		require.Equal(t, map[string]string{"team": "shop"}, first.Labels)
		require.Equal(t, syncs.Revision{
			Repository: "git.example.com/shop", URL: "https://git.example.com/shop.git", Branch: "main", Commit: w.Commits["SECOND"], Path: "apps/shop",
		}, first.Sync.Revisions[0])
		require.Equal(t, w.Commits["SECOND"], first.Good[0].Commit)
		require.Zero(t, first.Sync.Since)
		require.Equal(t, []rollout.Ref{{Group: "apps", Version: "v1", Kind: "Deployment", Namespace: "shop", Name: "web"}}, w.Rollout.Asked)

		time.Sleep(time.Minute) // the bubble's clock
		w.Write(w.edited(w.load("shop"), fields{"metadata.annotations": "{assay.dev/requestedAt: now, argocd.argoproj.io/refresh: hard}"}))
		again := w.One()
		require.Same(t, first.Sync, again.Sync)
		require.Equal(t, "now", again.RequestedAt)

		w.Write(w.edited(w.load("shop"), fields{"status.sync.revision": "\"{{ELSEWHERE}}\""}))
		inherited := w.One()
		require.Equal(t, first.Sync.Digest, inherited.Sync.Digest)
		require.Zero(t, inherited.Sync.Since, "nothing was changed")

		require.NoError(t, w.Objects.Tracker().Delete(resources["Application"], "argocd", "shop"))
		require.Empty(t, w.States())
	})
}

func TestWhatRunsStaysWhileANewCommitIsFetched(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.Write(w.load("shop"))
		w.run()
		before := w.One()
		arrive := w.Hold()
		moved := fields{"status.sync.revision": "\"{{ELSEWHERE}}\""}
		w.Write(w.edited(w.load("shop"), moved))
		fetching := w.One()
		require.Same(t, before.Sync, fetching.Sync)
		require.NotNil(t, fetching.Pending, "what runs may have met the new commit already")
		require.Equal(t, syncs.Unreachable, fetching.Pending.Failure)
		require.Equal(t, "its commit is being fetched", fetching.Pending.Reason)

		time.Sleep(time.Minute) // the bubble's clock
		moved["metadata.labels"] = "{team: other}"
		w.Write(w.edited(w.load("shop"), moved))
		require.Equal(t, fetching.Pending.At, w.One().Pending.At, "one wait has one deadline")

		arrive()
		after := w.One()
		require.Equal(t, "Applied ELSEWHERE", w.told(after.Sync))
		require.Nil(t, after.Pending)
	})
}

func TestASyncWaitsForItsWorkloads(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.Rollout.Result = rollout.Result{State: rollout.Waiting, Reason: "an old pod"}
		w.Write(w.load("shop"))
		w.run()
		state := w.One()
		require.Equal(t, "Failed SECOND NotHealthy: an old pod", w.told(state.Pending))
		began := state.Pending.At

		time.Sleep(time.Minute) // the bubble's clock
		w.Rollout.Answer(rollout.Result{State: rollout.Waiting, Reason: "another"}, nil)
		require.Equal(t, began, w.One().Pending.At)
		w.Rollout.Answer(rollout.Result{}, errors.New("it may not be read"))
		require.Equal(t, "it may not be read", w.One().Reason)
		w.Rollout.Answer(rollout.Result{State: rollout.Held, Reason: "it is paused"}, nil)
		state = w.One()
		require.Equal(t, "it is paused", state.Reason)
		require.Nil(t, state.Pending)
		require.Nil(t, state.Sync)
		w.Rollout.Answer(rollout.Result{State: rollout.RolledBack, Reason: "aborted"}, nil)
		require.Equal(t, "Failed SECOND RolledBack: aborted", w.told(w.One().Sync))
	})
	in(t, func(t *testing.T, w *world) {
		w.Write(w.load("shop"))
		w.run()
		require.Equal(t, "Applied SECOND", w.told(w.One().Sync))
		w.Rollout.Answer(rollout.Result{State: rollout.Failed, Reason: "a pod crashes later"}, nil)
		w.Write(w.edited(w.load("shop"), fields{"metadata.labels": "{team: other}"}))
		require.Equal(t, "Applied SECOND", w.told(w.One().Sync), "which is no sync")
	})
}

func TestWorkloadsSayWhyTheyAreNotHealthy(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.Rollout.Result = rollout.Result{State: rollout.Waiting, Reason: "its image is missing"}
		w.Write(w.edited(w.load("shop"), fields{"status.health.status": "Progressing"}))
		w.run()
		require.Equal(t, "Failed SECOND NotHealthy: Argo CD: its health is Progressing: its image is missing", w.told(w.One().Pending))
		w.Rollout.Answer(rollout.Result{State: rollout.Waiting, Reason: "its container crashes"}, nil)
		require.Equal(t, "Failed SECOND NotHealthy: Argo CD: its health is Progressing: its container crashes", w.told(w.One().Pending))
	})
}
