package rollback_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/plain"
	"github.com/assay-dev/assay/sources/git"
)

const automation = `# Keeps the shop up to date.
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageUpdateAutomation
metadata:
  name: shop
  namespace: flux-system
spec: # see the runbook
  # often enough
  interval: 30m
  update:
    path: ./base
    strategy: Setters
`

// robot is a shop whose image a robot writes, as the robot's manifest says, and that is broken by what it wrote.
func robot(t *testing.T, files map[string]string, write func(w *work)) (*work, rollback.Request) {
	w := newWork(t)
	w.edit("base/web.yaml", "image: web", "image: web:1 # {\"$imagepolicy\": \"flux-system:web\"}")
	w.write(files)
	good := w.commit("Before")
	write(w)
	r := w.request(good, w.commit("Update images"))
	r.OtherTargets = true
	return w, r
}

func newImage(w *work) { w.edit("base/web.yaml", "image: web:1", "image: web:2") }

func (w *work) show(commit git.Hash, path string) string {
	w.Helper()
	c, err := w.mirror.Repository().Commit(w.Context(), commit)
	require.NoError(w, err)
	content, err := git.FS(w.Context(), w.mirror.Repository(), c.Tree).ReadFile(path)
	require.NoError(w, err)
	return string(content)
}

// TestAutomationIsHeld reverts what robots wrote, and holds them on the same branch, whatever their manifests look like.
func TestAutomationIsHeld(t *testing.T) {
	const path = "clusters/automation.yaml"
	application := "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: shop\n  annotations:\n" +
		"    argocd-image-updater.argoproj.io/image-list: web=registry/web:^1.0, db=registry/db # ours\n"
	source := func(tag string) func(w *work) {
		return func(w *work) {
			w.write(map[string]string{"overlays/staging/.argocd-source-shop.yaml": "kustomize: {images: [web:" + tag + "]}\n"})
			w.edit("overlays/staging/kustomization.yaml", "mode=staging", "mode="+tag)
		}
	}
	for name, tt := range map[string]struct {
		manifest string
		write    func(w *work)
		held     string // the manifest afterwards
		names    []string
	}{
		"a block": {automation, newImage, strings.Replace(automation, "  interval: 30m\n", "  interval: 30m\n  suspend: true\n", 1),
			[]string{"ImageUpdateAutomation flux-system/shop"}},
		"it says false":     {automation + "  suspend: false # yet\n", newImage, automation + "  suspend: true # yet\n", []string{"ImageUpdateAutomation flux-system/shop"}},
		"it says \"false\"": {automation + "  suspend: \"false\"\n", newImage, automation + "  suspend: true\n", []string{"ImageUpdateAutomation flux-system/shop"}},
		"in a flow": {
			"apiVersion: v1\nkind: ConfigMap\n---\napiVersion: image.toolkit.fluxcd.io/v1beta2\nkind: ImageUpdateAutomation\nmetadata: {name: shop}\nspec: {interval: 30m} # ü\n", newImage,
			"apiVersion: v1\nkind: ConfigMap\n---\napiVersion: image.toolkit.fluxcd.io/v1beta2\nkind: ImageUpdateAutomation\nmetadata: {name: shop}\nspec: {suspend: true, interval: 30m} # ü\n",
			[]string{"ImageUpdateAutomation flux-system/shop"},
		},
		"nothing fits into a line": {
			"apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageUpdateAutomation\nmetadata: {name: shop}\nspec:\n  update:\n    path: base\n", newImage,
			"apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageUpdateAutomation\nmetadata: {name: shop}\nspec:\n  suspend: true\n  update:\n    path: base\n",
			[]string{"ImageUpdateAutomation flux-system/shop"},
		},
		"it is held already": {automation + "  suspend: true\n", newImage, automation + "  suspend: true\n", nil},
		"Argo CD Image Updater": {application, source("test"), application +
			"    argocd-image-updater.argoproj.io/db.ignore-tags: \"*\"\n    argocd-image-updater.argoproj.io/web.ignore-tags: \"*\"\n",
			[]string{"Argo CD Image Updater for web of Application shop", "Argo CD Image Updater for db of Application shop"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, r := robot(t, map[string]string{path: tt.manifest}, tt.write)
			plan := w.plan(r)
			require.Equal(t, tt.held, w.show(plan.Head, path))
			require.Equal(t, rollback.Restored, plan.Proof.Kind, "the proof is about the revert alone: %s", plan.Proof.Reason)
			require.Len(t, plan.Commits, 1+len(tt.names))
			var names []string
			for _, h := range plan.Holds {
				names = append(names, h.Automation)
				require.Contains(t, h.Lift, path)
			}
			require.Equal(t, tt.names, names)
			for _, n := range tt.names {
				require.Contains(t, plan.NotByItself, "it holds "+n+", which goes on only when a person lets it")
				require.Contains(t, rollback.Body(evidence(), plan), n)
			}
		})
	}
}

func TestAutomationThatCannotBeHeld(t *testing.T) {
	for name, tt := range map[string]struct {
		manifest, reason string
		write            func(w *work)
	}{
		"of another namespace": {strings.Replace(automation, "namespace: flux-system", "namespace: other", 1), "no ImageUpdateAutomation for it lies in this repository", newImage},
		"of another folder":    {strings.Replace(automation, "./base", "./bas", 1), "no ImageUpdateAutomation for it lies in this repository", newImage},
		"a template":           {"{{ if .x }}\n" + automation + "{{ end }}\n", "suspend it first (flux suspend image update NAME)", newImage},
		"of another kind":      {strings.Replace(automation, "image.toolkit.fluxcd.io", "example.com", 1), "no ImageUpdateAutomation", newImage},
		"an image without an alias": {
			"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop, annotations: {argocd-image-updater.argoproj.io/image-list: registry/web}}\n",
			"pin them there first", func(w *work) {
				w.write(map[string]string{"overlays/staging/.argocd-source-shop.yaml": "kustomize: {}\n"})
			},
		},
		"written otherwise": {automation + "  suspend: !!bool \"false\"\n", "cannot be written into clusters/automation.yaml", newImage},
	} {
		t.Run(name, func(t *testing.T) {
			w, r := robot(t, map[string]string{"clusters/automation.yaml": tt.manifest}, tt.write)
			require.Contains(t, w.refused(r).Reason, tt.reason)
		})
	}
}

// TestAHeldProposalIsKnownAgain goes on after a crash, is rebuilt, and lands with the hold and without.
func TestAHeldProposalIsKnownAgain(t *testing.T) {
	w, r := robot(t, map[string]string{"clusters/automation.yaml": automation}, newImage)
	plan, p := w.plan(r), plain.New(w.mirror)
	first := w.open(p, plan, staging())
	require.Equal(t, first, w.open(p, plan, staging()))
	w.edit("README.md", "A shop", "The shop")
	w.commit("Reword")
	r.Head = w.head()
	plan = w.plan(r)
	opened := w.open(p, plan, staging())
	require.False(t, opened.ByPeople)
	of := proposed(plan, opened)
	w.git("revert", "--no-edit", plan.Culprits[0].String())
	landed := w.push()
	require.Equal(t, gitprovider.Merged, w.status(p, of).State, "people took the revert alone")
	require.Equal(t, landed, w.status(p, of).Commit)
}
