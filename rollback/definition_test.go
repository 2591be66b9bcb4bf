package rollback_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/sync"
)

const fleetDoc = `apiVersion: v1
kind: ConfigMap
metadata: {name: staging, namespace: flux-system}
data: {path: overlays/staging, tag: "1.0.0"}
`

// defined is staging, built as an object in the folder fleet says.
func defined() rollback.Build {
	b := overlay("staging")
	b.Definition = &rollback.Definition{
		By: target("fleet"), Path: "fleet",
		Settings: render.Settings{Only: []render.ObjectRef{{Kind: "ConfigMap", Namespace: "flux-system", Name: "staging"}}},
		Read: func(_ context.Context, o *render.Object) (told sync.Build, err error) {
			var says struct{ Data map[string]string }
			if err := o.Decode(&says); err != nil {
				return told, err
			}
			if says.Data["path"] == "" {
				return told, errors.New("it names no folder")
			}
			told.Path, told.Settings.Images = says.Data["path"], []types.Image{{Name: "web", NewTag: says.Data["tag"]}}
			return told, nil
		},
	}
	return b
}

// newFleet is a work whose staging is defined in the folder fleet, among others.
func newFleet(t *testing.T) (w *work, good git.Hash) {
	w = newWork(t)
	w.write(map[string]string{
		"fleet/kustomization.yaml": "resources: [staging.yaml, other.yaml]\n",
		"fleet/staging.yaml":       fleetDoc,
		"fleet/other.yaml":         "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\ndata: {a: b}\n",
	})
	return w, w.commit("Define staging")
}

func TestSuspectsOfADefinition(t *testing.T) {
	w, good := newFleet(t)
	w.edit("fleet/other.yaml", "a: b", "a: c")
	w.commit("Change another object")
	w.edit("fleet/staging.yaml", "namespace: flux-system}", "namespace: flux-system, labels: {team: shop}}")
	w.commit("Label it")
	w.edit("fleet/staging.yaml", "1.0.0", "1.1.0")
	w.commit("Run 1.1.0")
	w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
	w.commit("Scale")
	w.write(map[string]string{"overlays/next/kustomization.yaml": "resources: [../staging]\nnameSuffix: -next\n"})
	w.commit("Prepare the next")
	w.edit("fleet/staging.yaml", "overlays/staging", "overlays/next")
	w.commit("Go to the next")
	w.edit("fleet/staging.yaml", "path: overlays/next, ", "")
	w.commit("Lose the folder")
	w.edit("fleet/other.yaml", "a: c", "a: d")
	bad := w.commit("Change another object again")

	found, err := rollback.Suspects(t.Context(), w.mirror, w.builder, defined(), "main", good, bad)
	require.NoError(t, err)
	var subjects []string
	for _, s := range found {
		subjects = append(subjects, s.Commit.Subject())
	}
	require.Equal(t, []string{"Run 1.1.0", "Scale", "Go to the next", "Lose the folder", "Change another object again"}, subjects,
		"what is not known never rules a commit out")
	require.Equal(t, "changes Deployment staging/web in test:Kustomization/flux-system/staging", found[0].Why)
	require.Contains(t, found[3].Why, "it cannot be built here (build fleet: how ConfigMap flux-system/staging has its target built is not known: it names no folder)")
}

func TestPlanOfADefinition(t *testing.T) {
	w, good := newFleet(t)
	w.edit("fleet/staging.yaml", "1.0.0", "1.1.0")
	culprit := w.commit("Run 1.1.0")
	fleet := rollback.Build{Target: target("fleet"), Path: "fleet"}
	r := w.request(good, culprit)
	r.Builds, r.Others = []rollback.Build{defined()}, []rollback.Build{fleet}
	require.Equal(t, "other-targets", w.refused(r).Rule, "nobody answers for the object")

	r.Others[0].Except = defined().Definition.Settings.Only
	plan := w.plan(r)
	require.Equal(t, rollback.Restored, plan.Proof.Kind)
	require.Empty(t, plan.Others)
	require.Empty(t, plan.NotByItself)
	require.Len(t, plan.Changes, 1)
	require.Contains(t, plan.Changes[0].Difference, "-        image: web:1.1.0\n+        image: web:1.0.0\n")

	w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
	w.commit("Scale")
	w.edit("fleet/other.yaml", "a: b", "a: c")
	w.commit("Change another object")
	later := w.request(good, culprit)
	later.Builds, later.Others = r.Builds, r.Others
	plan = w.plan(later)
	require.Equal(t, rollback.Removed, plan.Proof.Kind, plan.Proof.Reason)
	require.Contains(t, plan.Proof.Reason, "test:Kustomization/flux-system/staging is built as test:Kustomization/flux-system/fleet has it in each of these commits")
}

// TestPlanOfADefinitionOfAFolderElsewhere has the folder lie in another repository, of which one commit counts.
func TestPlanOfADefinitionOfAFolderElsewhere(t *testing.T) {
	w, good := newFleet(t)
	w.edit("fleet/staging.yaml", "1.0.0", "1.1.0")
	culprit := w.commit("Run 1.1.0")
	elsewhere := newWork(t)
	at := elsewhere.hash("HEAD")
	elsewhere.head()
	commit, err := elsewhere.mirror.Repository().Commit(t.Context(), at)
	require.NoError(t, err)
	b := defined()
	b.Definition.Elsewhere = git.FS(t.Context(), elsewhere.mirror.Repository(), commit.Tree)
	w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
	w.commit("Scale what is not built")
	r := w.request(good, culprit)
	r.Builds, r.Others = []rollback.Build{b}, nil
	plan := w.plan(r)
	require.Equal(t, rollback.Restored, plan.Proof.Kind, plan.Proof.Reason)
	require.Contains(t, plan.Proof.Reason, "from the folder that it builds elsewhere as that was when it failed")
	require.Contains(t, plan.Changes[0].Difference, "web:1.0.0")
}
