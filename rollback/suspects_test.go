package rollback_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/sources/git"
)

// suspects lists the subjects and reasons of what Suspects finds for an overlay.
func (w *work) suspects(name string, from, to git.Hash) []string {
	w.Helper()
	w.head()
	found, err := rollback.Suspects(w.Context(), w.mirror, w.builder, overlay(name), "main", from, to)
	require.NoError(w, err)
	var out []string
	for _, s := range found {
		out = append(out, s.Commit.Subject()+": "+s.Why)
	}
	return out
}

func TestSuspects(t *testing.T) {
	w := newWork(t)
	good := w.hash("HEAD")
	w.edit("README.md", "A shop", "The shop")
	w.commit("Reword")
	w.edit("overlays/prod/kustomization.yaml", "1.0.0", "1.1.0")
	w.commit("Prod to 1.1.0")
	w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
	w.commit("Scale")
	w.edit("overlays/staging/kustomization.yaml", "mode=staging", "mode=test")
	w.commit("Test mode")
	w.edit("base/web.yaml", "metadata:\n  name: web", "metadata: # the shop\n  name: web")
	bad := w.commit("Comment")

	require.Equal(t, []string{
		"Scale: changes Deployment staging/web in test:Kustomization/flux-system/staging",
		"Test mode: changes ConfigMap staging/shop in test:Kustomization/flux-system/staging",
	}, w.suspects("staging", good, bad))
	require.Equal(t, []string{
		"Prod to 1.1.0: changes Deployment prod/web in test:Kustomization/flux-system/prod",
		"Scale: changes Deployment prod/web in test:Kustomization/flux-system/prod",
	}, w.suspects("prod", good, bad))
	require.Empty(t, w.suspects("prod", bad, bad))
}

func TestSuspectsTakeAMergeAsOne(t *testing.T) {
	w := newWork(t)
	good := w.hash("HEAD")
	w.git("checkout", "-q", "-b", "topic")
	w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
	w.commit("Scale")
	w.edit("base/web.yaml", "value: info", "value: debug")
	w.commit("Say more")
	w.git("checkout", "-q", "main")
	w.git("merge", "-q", "--no-ff", "-m", "Merge pull request #7", "topic")
	require.Equal(t, []string{
		"Merge pull request #7: changes Deployment staging/web in test:Kustomization/flux-system/staging",
	}, w.suspects("staging", good, w.push()))
}

func TestSuspectsWhereNothingCanBeBuilt(t *testing.T) {
	w := newWork(t)
	w.write(map[string]string{
		"overlays/staging/kustomization.yaml": "resources: [https://example.com/manifests.yaml, ../../base, ../../common]\n",
		"common/kustomization.yaml":           "resources: [../shared/quota.yaml]\n",
		"shared/quota.yaml":                   "kind: ResourceQuota\n",
		"shared/other.yaml":                   "kind: Other\n",
	})
	good := w.commit("Fetch from elsewhere")
	w.edit("overlays/prod/kustomization.yaml", "1.0.0", "1.1.0")
	w.commit("Prod to 1.1.0")
	w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
	w.commit("Scale")
	w.edit("shared/other.yaml", "Other", "Another")
	w.commit("Not mentioned")
	w.edit("shared/quota.yaml", "kind", "# a quota\nkind")
	w.commit("Quota")
	w.write(map[string]string{"overlays/staging/new.yaml": "kind: New\n"})
	bad := w.commit("Add")

	why := " which test:Kustomization/flux-system/staging may render: it cannot be built here (build overlays/staging: " +
		`overlays/staging/kustomization.yaml:1: resources[0]: "https://example.com/manifests.yaml" is fetched from elsewhere, ` +
		"so what is built is not known from this commit; copy it into the repository and refer to it by path)"
	require.Equal(t, []string{
		"Scale: changes base/web.yaml," + why,
		"Quota: changes shared/quota.yaml," + why,
		"Add: changes overlays/staging/new.yaml," + why,
	}, w.suspects("staging", good, bad))
}

func TestSuspectsWhereTheBuildBreaks(t *testing.T) {
	w := newWork(t)
	good := w.hash("HEAD")
	w.edit("base/kustomization.yaml", "web.yaml", "gone.yaml")
	bad := w.commit("Break the build")
	found := w.suspects("staging", good, bad)
	require.Len(t, found, 1)
	require.Contains(t, found[0], "Break the build: changes base/kustomization.yaml, which")
	require.Contains(t, found[0], "gone.yaml")
}

// TestSuspectsReadThroughASubmodule looks for who changed a Target that reads a submodule: nobody knows what lies in there, but that is no
// reason to fail.
func TestSuspectsReadThroughASubmodule(t *testing.T) {
	w := newWork(t)
	good := w.hash("HEAD")
	require.NoError(t, os.Mkdir(filepath.Join(w.dir, "overlays/staging/elsewhere"), 0o755))
	w.git("update-index", "--add", "--cacheinfo", "160000,"+good.String()+",overlays/staging/elsewhere")
	w.edit("overlays/staging/kustomization.yaml", "[../../base]", "[../../base, elsewhere]")
	read := w.commit("Read elsewhere")
	found := w.suspects("staging", good, read)
	require.Len(t, found, 1)
	require.Contains(t, found[0], "it lies in a submodule, which is another repository")

	w.git("update-index", "--cacheinfo", "160000,"+read.String()+",overlays/staging/elsewhere")
	moved := w.commit("Move elsewhere")
	found = w.suspects("staging", read, moved)
	require.Len(t, found, 1)
	require.Contains(t, found[0], "Move elsewhere: changes overlays/staging/elsewhere, which")
}

func TestUntraceable(t *testing.T) {
	t.Run("rewritten", func(t *testing.T) {
		w := newWork(t)
		w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
		good := w.commit("Scale")
		w.head()
		w.git("reset", "-q", "--hard", "HEAD~1")
		w.edit("base/web.yaml", "replicas: 2", "replicas: 4")
		w.git("commit", "-q", "-a", "-m", "Scale more")
		w.git("push", "-q", "--force", "origin", "HEAD")
		w.untraceable(good, w.hash("HEAD"), "main was rewritten, or went back")
	})
	t.Run("back", func(t *testing.T) {
		w := newWork(t)
		first := w.hash("HEAD")
		w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
		w.untraceable(w.commit("Scale"), first, "main was rewritten, or went back")
	})
	t.Run("gone", func(t *testing.T) {
		w := newWork(t)
		w.untraceable(git.Hash{1}, w.hash("HEAD"), "is not in the history of")
	})
	t.Run("merged the wrong way round", func(t *testing.T) {
		w := newWork(t)
		w.git("checkout", "-q", "-b", "mine")
		w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
		w.git("commit", "-q", "-a", "-m", "Scale")
		w.git("checkout", "-q", "main")
		w.edit("base/web.yaml", "value: info", "value: debug")
		good := w.commit("Say more")
		w.git("checkout", "-q", "mine")
		w.git("merge", "-q", "-m", "Catch up", "main")
		w.git("push", "-q", "origin", "mine:main")
		w.untraceable(good, w.hash("HEAD"), "came into main through a merge")
	})
}

func (w *work) untraceable(from, to git.Hash, reason string) {
	w.Helper()
	w.head()
	_, err := rollback.Suspects(w.Context(), w.mirror, w.builder, overlay("staging"), "main", from, to)
	var untraceable *rollback.Untraceable
	require.ErrorAs(w, err, &untraceable)
	require.Contains(w, untraceable.Reason, reason)
}

// TestSuspectsOfAShallowMirror walks further back than the mirror has fetched.
func TestSuspectsOfAShallowMirror(t *testing.T) {
	w := newWork(t)
	good := w.hash("HEAD")
	w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
	w.commit("Scale")
	for i := range 5 {
		w.commit(fmt.Sprintf("Nothing %d", i))
	}
	var err error
	w.mirror, err = git.OpenMirror(t.TempDir(), "file://"+w.bare, git.Auth{}, git.WithDepth(2))
	require.NoError(t, err)
	require.Len(t, w.suspects("staging", good, w.hash("HEAD")), 1)
}
