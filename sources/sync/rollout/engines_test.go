package rollout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestArgoRolloutsBringsItOut(t *testing.T) {
	oldSet := ref("apps", "ReplicaSet", "pay-77f4f8ff97")
	oldOne := map[string]any{
		"metadata.labels.rollouts-pod-template-hash": "77f4f8ff97",
		"metadata.ownerReferences": []any{map[string]any{
			"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "pay-77f4f8ff97", "uid": "8f41", "controller": true,
		}},
	}
	for name, test := range map[string]struct {
		changes []change
		state   State
		reason  string
	}{
		"promoted": {state: Done},
		"a spec that it has not seen": {
			changes: []change{edit(pay, map[string]any{"metadata.generation": int64(6)})},
			state:   Waiting, reason: "Rollout shop/pay: Argo Rollouts has not seen its newest version yet",
		},
		"a template that it has not seen": {
			changes: []change{edit(pay, map[string]any{"metadata.annotations": map[string]any{"rollout.argoproj.io/workload-generation": "4"}})},
			state:   Waiting, reason: "Rollout shop/pay: Argo Rollouts has not seen its newest version yet",
		},
		"a Deployment that it has not seen": {
			changes: []change{edit(web, map[string]any{"metadata.generation": int64(4)})},
			state:   Waiting, reason: "Rollout shop/pay: Argo Rollouts has not seen the newest template of Deployment web yet",
		},
		"in progress": {
			changes: []change{edit(pay, map[string]any{"status.phase": "Progressing", "status.message": "more replicas need to be updated"})},
			state:   Waiting, reason: "Rollout shop/pay: Argo Rollouts is at it (Progressing): more replicas need to be updated",
		},
		"a pause that ends by itself": {
			changes: []change{edit(pay, map[string]any{"status.phase": "Paused", "status.message": "CanaryPauseStep", "status.currentStepIndex": int64(1)})},
			state:   Waiting, reason: "Rollout shop/pay: Argo Rollouts is at it (Paused): CanaryPauseStep",
		},
		"a pause that a person ends": {
			changes: []change{edit(pay, map[string]any{"status.phase": "Paused", "status.message": "CanaryPauseStep", "status.currentStepIndex": int64(3)})},
			state:   Held, reason: "Rollout shop/pay: Argo Rollouts waits for somebody to promote it: CanaryPauseStep",
		},
		"paused by its spec": {
			changes: []change{edit(pay, map[string]any{"status.phase": "Paused", "spec.paused": true, "status.currentStepIndex": int64(1)})},
			state:   Held, reason: "Rollout shop/pay: Argo Rollouts waits for somebody to promote it",
		},
		"blue-green that promotes itself": {
			changes: []change{edit(pay, map[string]any{"status.phase": "Paused", "spec.strategy": map[string]any{"blueGreen": map[string]any{"autoPromotionSeconds": int64(30)}}})},
			state:   Waiting, reason: "Rollout shop/pay: Argo Rollouts is at it (Paused)",
		},
		"blue-green that a person promotes": {
			changes: []change{edit(pay, map[string]any{"status.phase": "Paused", "spec.strategy": map[string]any{"blueGreen": map[string]any{}}})},
			state:   Held, reason: "Rollout shop/pay: Argo Rollouts waits for somebody to promote it",
		},
		"aborted": {
			changes: []change{edit(pay, map[string]any{
				"status.phase": "Degraded", "status.abort": true, "status.stableRS": "77f4f8ff97", "status.message": "RolloutAborted: metric \"success\" failed",
			})},
			state: RolledBack, reason: "Rollout shop/pay: Argo Rollouts gave the new version up: RolloutAborted: metric \"success\" failed",
		},
		"not the stable one yet": {
			changes: []change{edit(pay, map[string]any{"status.stableRS": "77f4f8ff97"})},
			state:   Waiting, reason: "Rollout shop/pay: Argo Rollouts has not made the new version the stable one",
		},
		"an old pod": {
			changes: []change{add(payPod, "pay-77f4f8ff97-old", oldOne)},
			state:   Waiting, reason: "Rollout shop/pay: pod pay-77f4f8ff97-old of the version before is still there",
		},
		"an old pod that gets no traffic": {
			changes: []change{
				add(payPod, "pay-77f4f8ff97-old", oldOne), edit(oldSet, map[string]any{"metadata.annotations": map[string]any{"scale-down-deadline": "2026-05-04T12:10:00Z"}}),
			},
			state: Done,
		},
		"deleted": {
			changes: []change{edit(pay, map[string]any{"metadata.deletionTimestamp": now})}, state: Waiting, reason: "Rollout shop/pay: it is being deleted",
		},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, []string{"rollout", "deployment"}, func(t *testing.T, p *peer) {
				for _, change := range test.changes {
					change(t, p)
				}
				require.Equal(t, Result{test.state, test.reason}, p.finished(t, "", pay))
			})
		})
	}
}

func TestFlaggerBringsItOut(t *testing.T) {
	primary := ref("apps", "Deployment", "web-primary")
	image := func(tag string) []any {
		return []any{map[string]any{"name": "web", "image": "registry.example/web:" + tag}}
	}
	before, after := "2026-05-04T11:40:00Z", "2026-05-04T11:55:00Z" // the template is of 11:50
	for name, test := range map[string]struct {
		changes []change
		state   State
		reason  string
	}{
		"promoted":    {state: Done},
		"initialized": {changes: []change{edit(shop, map[string]any{"status.phase": "Initialized"})}, state: Done},
		"not looked at": {
			changes: []change{edit(shop, map[string]any{"status": nil})}, state: Waiting, reason: "Deployment shop/web: Flagger has not looked at canary web yet",
		},
		"in progress": {
			changes: []change{edit(shop, map[string]any{"status.phase": "Progressing", "status.conditions": []any{map[string]any{"message": "New revision detected."}}})},
			state:   Waiting, reason: "Deployment shop/web: Flagger is at it (Progressing): New revision detected.",
		},
		"waits for approval": {
			changes: []change{edit(shop, map[string]any{"status.phase": "WaitingPromotion", "status.conditions": nil})},
			state:   Held, reason: "Deployment shop/web: Flagger waits for approval (WaitingPromotion)",
		},
		"rolled back": {
			changes: []change{edit(shop, map[string]any{"status.phase": "Failed", "status.lastTransitionTime": after, "status.conditions": []any{
				map[string]any{"message": "Canary analysis failed, Deployment scaled to zero."},
			}})},
			state: RolledBack, reason: "Deployment shop/web: Flagger went back to the version before: Canary analysis failed, Deployment scaled to zero.",
		},
		"rolled back before, and the template is what was promoted": {
			changes: []change{edit(shop, map[string]any{"status.phase": "Failed", "status.lastTransitionTime": before})}, state: Done,
		},
		"rolled back before, and only something else was written": {
			changes: []change{
				edit(shop, map[string]any{"status.phase": "Failed", "status.lastTransitionTime": before, "status.conditions": nil}),
				edit(primary, map[string]any{"spec.template.spec.containers": image("1")}),
			},
			state: RolledBack, reason: "Deployment shop/web: Flagger went back to the version before",
		},
		"a template that it leaves alone": {
			changes: []change{
				edit(shop, map[string]any{"status.lastTransitionTime": before}), edit(primary, map[string]any{"spec.template.spec.containers": image("1")}),
			},
			state: Waiting, reason: "Deployment shop/web: Flagger has not brought out its newest version",
		},
		"its copy is not available": {
			changes: []change{edit(primary, map[string]any{"status.availableReplicas": int64(0)})},
			state:   Waiting, reason: "Deployment shop/web: Deployment shop/web-primary: Available: 0/1",
		},
		"without a copy": {
			changes: []change{remove(primary)}, state: Waiting, reason: "Deployment shop/web: Flagger has not made Deployment shop/web-primary yet",
		},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, []string{"flagger", "deployment"}, func(t *testing.T, p *peer) {
				for _, change := range test.changes {
					change(t, p)
				}
				require.Equal(t, Result{test.state, test.reason}, p.finished(t, "", web))
			})
		})
	}
}

func TestFlaggerIsGivenTimeToNotice(t *testing.T) {
	in(t, []string{"flagger", "deployment"}, func(t *testing.T, p *peer) {
		written := noon.Add(-time.Second).Format(time.RFC3339)
		p.edit(t, web, map[string]any{"metadata.managedFields": []any{map[string]any{
			"manager": "kustomize-controller", "operation": "Apply", "time": written, "fieldsType": "FieldsV1",
			"fieldsV1": map[string]any{"f:spec": map[string]any{"f:template": map[string]any{}}},
		}}})
		require.Equal(t, "Deployment shop/web: Flagger has not looked at its newest version yet", p.finished(t, "", web).Reason)
		drain(p)
		<-p.checker.Changed()
		require.Equal(t, noon.Add(29*time.Second), time.Now().UTC())
		require.Equal(t, Done, p.finished(t, "", web).State, "it has found nothing new in it")
	})
}

func drain(p *peer) {
	select {
	case <-p.checker.Changed():
	default:
	}
}
