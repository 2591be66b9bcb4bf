package rollout

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// change is one of the cluster's, before it is looked at.
type change func(t *testing.T, p *peer)

func edit(ref Ref, fields map[string]any) change {
	return func(t *testing.T, p *peer) { t.Helper(); p.edit(t, ref, fields) }
}

func remove(ref Ref) change { return func(t *testing.T, p *peer) { t.Helper(); p.remove(t, ref) } }

func add(like Ref, name string, fields map[string]any) change {
	return func(t *testing.T, p *peer) { t.Helper(); p.add(t, like, name, fields) }
}

const now = "2026-05-04T11:59:59Z"

// running is what an old pod of testdata looks like while it serves.
var running = map[string]any{"status": map[string]any{"phase": "Running", "conditions": []any{map[string]any{"type": "Ready", "status": "True"}}}}

func TestTheNewVersionAloneServes(t *testing.T) {
	for name, test := range map[string]struct {
		file    string
		ref     Ref
		changes []change
		state   State
		reason  string
	}{
		"a Deployment": {file: "deployment", ref: web, state: Done},
		"a Deployment that its controller has not seen": {
			file: "deployment", ref: web, changes: []change{edit(web, map[string]any{"metadata.generation": int64(4)})},
			state: Waiting, reason: "Deployment shop/web: Deployment generation is 4, but latest observed generation is 3",
		},
		"a Deployment that was just made": {
			file: "deployment", ref: web, changes: []change{edit(web, map[string]any{"status": nil, "spec.replicas": int64(0)})},
			state: Waiting, reason: "Deployment shop/web: ReplicaSet not Available",
		},
		"an old pod still serves": {
			file: "deployment", ref: web, changes: []change{edit(oldPod, running)},
			state: Waiting, reason: "Deployment shop/web: pod web-5c6d7f8b9-9zqlm of the version before is still there",
		},
		"an old pod is terminating": {
			file: "deployment", ref: web, changes: []change{edit(oldPod, running), edit(oldPod, map[string]any{"metadata.deletionTimestamp": now})},
			state: Waiting, reason: "Deployment shop/web: pod web-5c6d7f8b9-9zqlm of the version before is still terminating",
		},
		"an old pod is terminating whose ReplicaSet is gone": {
			file: "deployment", ref: web, changes: []change{
				edit(oldPod, running), edit(oldPod, map[string]any{"metadata.deletionTimestamp": now}), remove(ref("apps", "ReplicaSet", "web-5c6d7f8b9")),
			},
			state: Waiting, reason: "Deployment shop/web: pod web-5c6d7f8b9-9zqlm of the version before is still terminating",
		},
		"two old pods": {
			file: "deployment", ref: web, changes: []change{edit(oldPod, running), add(oldPod, "web-5c6d7f8b9-a", nil)},
			state: Waiting, reason: "Deployment shop/web: 2 pods of the version before are left; web-5c6d7f8b9-9zqlm is still there",
		},
		"a pod of the new version goes": {
			file: "deployment", ref: web, changes: []change{edit(newPod, map[string]any{"metadata.deletionTimestamp": now})}, state: Done,
		},
		"the newest ReplicaSet was not seen": {
			file: "deployment", ref: web, changes: []change{edit(web, map[string]any{"metadata.annotations": map[string]any{"deployment.kubernetes.io/revision": "3"}})},
			state: Waiting, reason: "Deployment shop/web: the ReplicaSet of its newest version was not seen yet",
		},
		"an image cannot be pulled": {
			file: "deployment", ref: web, changes: []change{
				edit(web, map[string]any{"status.updatedReplicas": int64(1), "status.replicas": int64(3)}),
				edit(newPod, map[string]any{"status": map[string]any{
					"phase": "Pending", "conditions": []any{map[string]any{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}},
					"containerStatuses": []any{map[string]any{"name": "web", "state": map[string]any{"waiting": map[string]any{
						"reason": "ImagePullBackOff", "message": `Back-off pulling image "registry.example/web:2"`,
					}}}},
				}}),
			},
			state:  Waiting,
			reason: `Deployment shop/web: Updated: 1/2; pod web-7d8c9b5f6-k2x4v: container web: ImagePullBackOff: Back-off pulling image "registry.example/web:2"`,
		},
		"no node takes its pod": {
			file: "deployment", ref: web, changes: []change{
				edit(web, map[string]any{"status.availableReplicas": int64(1)}),
				edit(newPod, map[string]any{"status": map[string]any{"phase": "Pending", "conditions": []any{
					map[string]any{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available: 1 Insufficient cpu."},
				}}}),
			},
			state: Waiting, reason: "Deployment shop/web: Available: 1/2; pod web-7d8c9b5f6-k2x4v: Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.",
		},
		"it never becomes healthy": {
			file: "deployment", ref: web, changes: []change{
				edit(web, map[string]any{"status.conditions": []any{map[string]any{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "late"}}}),
				edit(newPod, map[string]any{"status": map[string]any{
					"phase": "Running", "containerStatuses": []any{map[string]any{"name": "web", "state": map[string]any{"waiting": map[string]any{"reason": "CrashLoopBackOff"}}}},
				}}),
			},
			state: Failed, reason: "Deployment shop/web: Progress deadline exceeded; pod web-7d8c9b5f6-k2x4v: container web: CrashLoopBackOff",
		},
		"a paused Deployment": {
			file: "deployment", ref: web, changes: []change{edit(web, map[string]any{"spec.paused": true, "status.updatedReplicas": int64(0)})},
			state: Held, reason: "Deployment shop/web: it is paused (spec.paused)",
		},
		"a Deployment that is not there":     {file: "deployment", ref: ref("apps", "Deployment", "gone"), state: Waiting, reason: "Deployment shop/gone: it is not there"},
		"a Deployment that is being deleted": {file: "deployment", ref: web, changes: []change{edit(web, map[string]any{"metadata.deletionTimestamp": now})}, state: Waiting, reason: "Deployment shop/web: it is being deleted"},

		"a StatefulSet": {file: "statefulset", ref: db, state: Done},
		"a StatefulSet without a status": {
			file: "statefulset", ref: db, changes: []change{edit(db, map[string]any{"status": nil, "spec.replicas": int64(0)})},
			state: Waiting, reason: "StatefulSet shop/db: its controller has not seen it yet",
		},
		"a pod of an old StatefulSet": {
			file: "statefulset", ref: db, changes: []change{edit(db0, map[string]any{"metadata.labels.controller-revision-hash": "db-5a8e"})},
			state: Waiting, reason: "StatefulSet shop/db: pod db-0 of the version before is still there",
		},
		"a StatefulSet with a partition": {
			file: "statefulset", ref: db, changes: []change{
				edit(db0, map[string]any{"metadata.labels.controller-revision-hash": "db-5a8e"}),
				edit(db, map[string]any{"spec.updateStrategy.rollingUpdate.partition": int64(1), "status.updatedReplicas": int64(1)}),
			}, state: Done,
		},
		"a StatefulSet whose pods somebody must delete": {
			file: "statefulset", ref: db, changes: []change{
				edit(db0, map[string]any{"metadata.labels.controller-revision-hash": "db-5a8e"}), edit(db, map[string]any{"spec.updateStrategy": map[string]any{"type": "OnDelete"}}),
			}, state: Held, reason: "StatefulSet shop/db: pods of the version before serve until somebody deletes them (updateStrategy OnDelete)",
		},
		"a StatefulSet whose pods were deleted": {
			file: "statefulset", ref: db, changes: []change{edit(db, map[string]any{"spec.updateStrategy": map[string]any{"type": "OnDelete"}, "status.readyReplicas": int64(1)})},
			state: Waiting, reason: "StatefulSet shop/db: ready: 1/2",
		},

		"a DaemonSet": {file: "daemonset", ref: agent, state: Done},
		"a DaemonSet that surges": {
			file: "daemonset", ref: agent, changes: []change{add(agent1, "agent-0ld", map[string]any{"metadata.labels.pod-template-generation": "1"})},
			state: Waiting, reason: "DaemonSet shop/agent: pod agent-0ld of the version before is still there",
		},
		"a DaemonSet whose old pod goes": {
			file: "daemonset", ref: agent, changes: []change{
				add(agent1, "agent-0ld", map[string]any{"metadata.labels.pod-template-generation": "1", "metadata.deletionTimestamp": now}),
			}, state: Waiting, reason: "DaemonSet shop/agent: pod agent-0ld of the version before is still terminating",
		},
		"a DaemonSet whose template came back": {
			file: "daemonset", ref: agent, changes: []change{edit(agent, map[string]any{"metadata.annotations": map[string]any{"deprecated.daemonset.template.generation": "4"}})},
			state: Done,
		},
		"a DaemonSet with a pod too many": {
			file: "daemonset", ref: agent, changes: []change{add(agent1, "agent-2", nil)}, state: Waiting, reason: "DaemonSet shop/agent: 2 pods of it are there and 1 should be",
		},
		"a DaemonSet whose pods somebody must delete": {
			file: "daemonset", ref: agent, changes: []change{edit(agent, map[string]any{"spec.updateStrategy": map[string]any{"type": "OnDelete"}, "status.updatedNumberScheduled": int64(0)})},
			state: Held, reason: "DaemonSet shop/agent: pods of the version before serve until somebody deletes them (updateStrategy OnDelete)",
		},

		"a Job": {file: "job", ref: ref("batch", "Job", "migrate"), state: Done},
		"a Job that runs": {
			file: "job", ref: ref("batch", "Job", "migrate"), changes: []change{edit(ref("batch", "Job", "migrate"), map[string]any{"status.conditions": nil})},
			state: Waiting, reason: "Job shop/migrate: it is still running",
		},
		"a Job that is suspended": {
			file: "job", ref: ref("batch", "Job", "migrate"), changes: []change{edit(ref("batch", "Job", "migrate"), map[string]any{"status.conditions": nil, "spec.suspend": true})},
			state: Held, reason: "Job shop/migrate: it is suspended (spec.suspend)",
		},
		"a Job that failed": {
			file: "job", ref: ref("batch", "Job", "migrate"), changes: []change{edit(ref("batch", "Job", "migrate"), map[string]any{"status.conditions": []any{map[string]any{"type": "Failed", "status": "True"}}})},
			state: Failed, reason: "Job shop/migrate: Job Failed. failed: 0/1",
		},
		"a Job that lived as long as it was to": {file: "job", ref: ref("batch", "Job", "gone"), state: Done},
		"a pod":                                 {file: "job", ref: ref("", "Pod", "tool"), state: Done},
		"a pod that is not ready": {
			file: "job", ref: ref("", "Pod", "tool"), changes: []change{edit(ref("", "Pod", "tool"), map[string]any{"status.conditions": []any{map[string]any{"type": "Ready", "status": "False"}}})},
			state: Waiting, reason: "Pod shop/tool: Pod is running but is not Ready; pod tool: not ready",
		},
		"a ReplicaSet":      {file: "job", ref: ref("apps", "ReplicaSet", "bare"), state: Done},
		"a custom resource": {file: "job", ref: ref("cert-manager.io", "Certificate", "web"), state: Done},
		"a custom resource that is not ready": {
			file: "job", ref: ref("cert-manager.io", "Certificate", "web"),
			changes: []change{edit(ref("cert-manager.io", "Certificate", "web"), map[string]any{"status.conditions": []any{map[string]any{"type": "Ready", "status": "False", "message": "Issuing"}}})},
			state:   Waiting, reason: "Certificate shop/web: Issuing",
		},
		"what is no workload":  {file: "job", ref: ref("", "ConfigMap", "settings"), state: Done},
		"another Target":       {file: "job", ref: ref("kustomize.toolkit.fluxcd.io", "Kustomization", "apps"), state: Done},
		"an Application":       {file: "job", ref: ref("argoproj.io", "Application", "apps"), state: Done},
		"an Ingress":           {file: "job", ref: ref("networking.k8s.io", "Ingress", "web"), state: Done},
		"a canary's own entry": {file: "flagger", ref: shop, state: Done},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, []string{test.file}, func(t *testing.T, p *peer) {
				for _, change := range test.changes {
					change(t, p)
				}
				require.Equal(t, Result{test.state, test.reason}, p.finished(t, "", test.ref))
			})
		})
	}
}

func TestAnInventoryIsAsFarAsItsWorst(t *testing.T) {
	in(t, []string{"deployment", "statefulset", "job"}, func(t *testing.T, p *peer) {
		inventory := []Ref{ref("", "Namespace", "shop"), web, db, ref("batch", "Job", "migrate")}
		require.Equal(t, Done, p.finished(t, "", inventory...).State)
		p.edit(t, web, map[string]any{"spec.paused": true, "status.updatedReplicas": int64(0)})
		require.Equal(t, Held, p.finished(t, "", inventory...).State)
		p.edit(t, db, map[string]any{"status.readyReplicas": int64(0)})
		require.Equal(t, Waiting, p.finished(t, "", inventory...).State)
		p.edit(t, inventory[3], map[string]any{"status.conditions": []any{map[string]any{"type": "Failed", "status": "True"}}})
		require.Contains(t, p.finished(t, "", inventory...).Reason, "Job shop/migrate")
	})
}
