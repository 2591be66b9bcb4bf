package rollback_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/sources/git"
)

// TestRefusals holds every rule against a history that it refuses. The culprit is the commit that make returns.
func TestRefusals(t *testing.T) {
	scale := func(message string) func(w *work) git.Hash {
		return func(w *work) git.Hash {
			w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
			return w.commit(message)
		}
	}
	allowOthers := func(r *rollback.Request) { r.OtherTargets = true }
	for name, c := range map[string]struct {
		make   func(w *work) git.Hash
		ask    func(r *rollback.Request)
		rule   string
		later  bool
		reason string
	}{
		"too many are open": {
			scale("Scale"), func(r *rollback.Request) { r.Limits.OpenProposals, r.Spent.OpenProposals = 2, 2 },
			"limits", true, "2 reverts are open in this repository, and the operator allows 2",
		},
		"too many today": {
			scale("Scale"), func(r *rollback.Request) { r.Limits.PerDay, r.Spent.LastDay = 5, 5 },
			"limits", true, "within a day",
		},
		"pinned": {
			scale("Scale"), func(r *rollback.Request) { r.Branch = "" }, "pinned", false, "follow a tag or a commit of example.com/shop, and no branch: revert where the pin is written",
		},
		"history was rewritten": {
			scale("Scale"), func(r *rollback.Request) { r.Good = git.Hash{1} }, "rewritten", false, "cannot be brought back by a revert",
		},
		"a commit of another branch": {
			scale("Scale"), func(r *rollback.Request) { r.Culprits = []git.Hash{{1}} }, "not-on-branch", false, "is not among the commits that main took",
		},
		"nobody to blame": {
			scale("Scale"), func(r *rollback.Request) { r.Culprits = nil }, "not-on-branch", false, "no commit is to blame",
		},
		"the kill switch": {
			func(w *work) git.Hash {
				culprit := scale("Scale")(w)
				w.write(map[string]string{".assay/stop": "Release week.\n"})
				w.commit("Stop")
				return culprit
			}, nil, "stopped", true, ".assay/stop lies on main",
		},
		"the kill switch is in a file's way": {
			func(w *work) git.Hash {
				culprit := scale("Scale")(w)
				w.write(map[string]string{".assay": "stop"})
				w.commit("Stop")
				return culprit
			}, nil, "stopped", true, ".assay/stop",
		},
		"too old": {
			scale("Scale"), func(r *rollback.Request) { r.Limits.CulpritAge = time.Hour }, "too-old", false, "is 24h0m0s old, and the operator allows 1h0m0s",
		},
		"opted out": {
			scale("Scale\n\nAssay-Rollback: no"), nil, "opted-out", false, `(Scale) says "Assay-Rollback: no"`,
		},
		"opted out within a merge": {
			func(w *work) git.Hash {
				w.git("checkout", "-q", "-b", "topic")
				scale("Scale\n\nassay-rollback: NO\nSigned-off-by: Ana")(w)
				w.git("checkout", "-q", "main")
				w.git("merge", "-q", "--no-ff", "-m", "Merge", "topic")
				return w.push()
			}, nil, "opted-out", false, "(Scale) says",
		},
		"opted out within a merge that was merged": {
			func(w *work) git.Hash {
				w.git("checkout", "-q", "-b", "inner")
				scale("Scale\n\nAssay-Rollback: no")(w)
				w.git("checkout", "-q", "-b", "topic", "main")
				w.git("merge", "-q", "--no-ff", "-m", "Merge inner", "inner")
				w.git("checkout", "-q", "main")
				w.git("merge", "-q", "--no-ff", "-m", "Merge", "topic")
				return w.push()
			}, nil, "opted-out", false, "(Scale) says",
		},
		"opted out within a history of its own": {
			func(w *work) git.Hash {
				w.git("checkout", "-q", "--orphan", "elsewhere")
				w.git("rm", "-q", "-r", "-f", ".")
				w.write(map[string]string{"elsewhere.txt": "More.\n"})
				w.commit("Begin elsewhere\n\nAssay-Rollback: no")
				w.git("checkout", "-q", "main")
				w.git("merge", "-q", "--no-ff", "--allow-unrelated-histories", "-m", "Merge", "elsewhere")
				return w.push()
			}, nil, "opted-out", false, "(Begin elsewhere) says",
		},
		"a revert": {
			func(w *work) git.Hash {
				first := w.hash("HEAD~1")
				return scale("Scale back\n\nThis reverts commit " + first.String() + ".")(w)
			}, nil, "is-revert", false, "(Scale back) is itself a revert",
		},
		"a revert by its title":             {scale(`Revert "Use less" (#12)`), nil, "is-revert", false, "is itself a revert"},
		"a revert by hand":                  {scale("KubeArchive: revert memory increases (#9898)"), nil, "is-revert", false, "is itself a revert"},
		"a revert by hand, by another word": {scale("fix(SPRE-5072): Rollback etcd defrag"), nil, "is-revert", false, "is itself a revert"},
		"a merged revert": {
			func(w *work) git.Hash {
				w.git("checkout", "-q", "-b", "topic")
				scale(`Revert "Use less"`)(w)
				w.git("checkout", "-q", "main")
				w.git("merge", "-q", "--no-ff", "-m", "Merge", "topic")
				return w.push()
			}, nil, "is-revert", false, "is itself a revert",
		},
		"Assay's own": {
			scale("Scale"), func(r *rollback.Request) { r.Author.Email = "ana@example.com" }, "is-revert", false, "was made by Assay itself",
		},
		"reverted by a person": {
			func(w *work) git.Hash {
				culprit := scale("Scale")(w)
				w.git("revert", "--no-edit", culprit.String())
				w.push()
				return culprit
			}, nil, "reverted-already", false, `is reverted by`,
		},
		"image automation": {
			func(w *work) git.Hash {
				w.edit("base/web.yaml", "image: web:1", "image: web:2")
				return w.commit("Update images")
			}, nil, "automation", false, "base/web.yaml is written by image automation for the policy flux-system:web",
		},
		"Argo CD Image Updater": {
			func(w *work) git.Hash {
				w.write(map[string]string{"overlays/staging/.argocd-source-shop.yaml": "kustomize: {}\n"})
				return w.commit("Update images")
			}, nil, "automation", false, ".argocd-source-shop.yaml is written by Argo CD Image Updater",
		},
		"fixed by hand": {
			func(w *work) git.Hash {
				culprit := scale("Scale")(w)
				w.edit("base/web.yaml", "replicas: 3", "replicas: 2")
				w.commit("Fix")
				return culprit
			}, nil, "already-fixed", false, "(Fix), renders what last passed",
		},
		"a newer commit is not judged yet": {
			func(w *work) git.Hash {
				culprit := scale("Scale")(w)
				w.edit("base/web.yaml", "value: info", "value: debug")
				w.commit("Say more")
				return culprit
			}, func(r *rollback.Request) { r.Failed, r.Patience = r.Culprits[0], 48*time.Hour },
			"judge-first", true, "(Say more) is newer than what failed and changes Deployment staging/web in test:Kustomization/flux-system/staging: it is verified first",
		},
		"changed again": {
			func(w *work) git.Hash {
				culprit := scale("Scale")(w)
				w.edit("base/web.yaml", "replicas: 3", "replicas: 4")
				w.commit("Scale more")
				return culprit
			}, nil, "conflict", false, "base/web.yaml (content, reverting",
		},
		"without effect": {
			func(w *work) git.Hash {
				w.edit("README.md", "A shop", "The shop")
				culprit := w.commit("Reword")
				scale("Scale")(w)
				return culprit
			}, nil, "no-effect", false, "changes nothing of what the gate's targets render",
		},
		"a protected path": {
			scale("Scale"), func(r *rollback.Request) { r.Protect.Paths = []string{"clusters/**", "base/**"} },
			"protected-path", false, "base/web.yaml, which is protected (base/**)",
		},
		"no target is known": {
			scale("Scale"), func(r *rollback.Request) { r.Builds = nil }, "unknown-targets", true, "not known at present",
		},
		"a protected folder": {
			scale("Scale"), func(r *rollback.Request) { r.Protect.Paths = []string{"./overlays/../base/"} },
			"protected-path", false, "base/web.yaml, which is protected (./overlays/../base/)",
		},
		"a protected root": {
			scale("Scale"), func(r *rollback.Request) { r.Protect.Paths = []string{"/"} },
			"protected-path", false, "base/web.yaml, which is protected (/)",
		},
		"a protected kind": {
			scale("Scale"), func(r *rollback.Request) { r.Protect.Kinds = []string{"Deployment"} },
			"protected-kind", false, "would change Deployment staging/web in test:Kustomization/flux-system/staging",
		},
		"a protected kind in another target": {
			func(w *work) git.Hash {
				w.edit("overlays/staging/kustomization.yaml", "mode=staging", "mode=test")
				w.edit("overlays/prod/kustomization.yaml", "1.0.0", "1.1.0")
				return w.commit("Both")
			}, func(r *rollback.Request) { r.Protect.Kinds, r.OtherTargets = []string{"Deployment"}, true },
			"protected-kind", false, "would change Deployment prod/web",
		},
		"a protected kind that cannot be built": {
			func(w *work) git.Hash {
				w.edit("overlays/staging/kustomization.yaml", "[../../base]", "[../../base, https://example.com/x.yaml]")
				w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
				return w.commit("Scale")
			}, func(r *rollback.Request) { r.Protect.Kinds, r.Others = []string{"Deployment"}, nil },
			"protected-kind", false, "base/web.yaml, which holds a Deployment",
		},
		"a protected kind in JSON that cannot be built": {
			func(w *work) git.Hash {
				w.edit("overlays/staging/kustomization.yaml", "[../../base]", "[../../base, data.json, https://example.com/x.yaml]")
				w.write(map[string]string{"overlays/staging/data.json": `{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "data"}}`})
				return w.commit("Add data")
			}, func(r *rollback.Request) { r.Protect.Kinds, r.Others = []string{"Namespace"}, nil },
			"protected-kind", false, "overlays/staging/data.json, which holds a Namespace",
		},
		"other targets": {
			scale("Scale"), func(r *rollback.Request) { r.OtherTargets = false },
			"other-targets", false, "would also change test:Kustomization/flux-system/prod, which the gate does not name",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWork(t)
			w.edit("base/web.yaml", "image: web", "image: web:1 # {\"$imagepolicy\": \"flux-system:web\"}")
			good := w.commit("Before")
			r := w.request(good, c.make(w))
			r.Head = w.head()
			allowOthers(&r)
			if c.ask != nil {
				c.ask(&r)
			}
			refusal := w.refused(r)
			require.Equal(t, c.rule, refusal.Rule, refusal.Reason)
			require.Equal(t, c.later, refusal.Later)
			require.Contains(t, refusal.Reason, c.reason)
		})
	}
}

// TestNewerCommitsThatKeepNothingBack are judged, change nothing that is rendered, or have been waited for.
func TestNewerCommitsThatKeepNothingBack(t *testing.T) {
	w := newWork(t)
	good := w.hash("HEAD")
	w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
	culprit := w.commit("Scale")
	w.edit("base/web.yaml", "value: info", "value: debug")
	failed := w.commit("Say more")
	w.edit("README.md", "A shop", "The shop")
	w.commit("Reword")
	r := w.request(good, culprit)
	r.OtherTargets, r.Failed, r.Patience = true, failed, 48*time.Hour
	w.plan(r)
	r.Failed, r.Patience = culprit, time.Hour
	w.plan(r)
}

// TestTargetsThatPassedAtDifferentCommits are each held against their own.
func TestTargetsThatPassedAtDifferentCommits(t *testing.T) {
	w := newWork(t)
	first := w.hash("HEAD")
	w.edit("overlays/prod/kustomization.yaml", "1.0.0", "1.1.0")
	second := w.commit("Prod to 1.1.0")
	w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
	r := w.request(first, w.commit("Scale"))
	staging, prod := overlay("staging"), overlay("prod")
	prod.Good = second
	r.Builds, r.Others = []rollback.Build{staging, prod}, nil
	plan := w.plan(r)
	require.Equal(t, rollback.Restored, plan.Proof.Kind, plan.Proof.Reason)
	require.Contains(t, plan.Proof.Reason, "at which it last passed (2 commits in all)")

	prod.Good = git.Hash{} // held against the first, it would be what nobody saw pass
	r.Builds = []rollback.Build{staging, prod}
	require.Equal(t, rollback.Removed, w.plan(r).Proof.Kind)

	prod.Good = git.Hash{1}
	r.Builds = []rollback.Build{staging, prod}
	require.Equal(t, "rewritten", w.refused(r).Rule)
}

func TestConflictShowsBothSides(t *testing.T) {
	w := newWork(t)
	good := w.hash("HEAD")
	w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
	culprit := w.commit("Scale")
	w.edit("base/web.yaml", "replicas: 3", "replicas: 4")
	w.commit("Scale more")
	refusal := w.refused(w.request(good, culprit))
	require.Contains(t, refusal.Reason, "<<<<<<< HEAD\n  replicas: 4\n")
	require.Contains(t, refusal.Reason, "  replicas: 2\n>>>>>>> parent of")
}

func TestConflictHidesSecrets(t *testing.T) {
	w := newWork(t)
	secret := "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData:\n  key: one\n"
	w.write(map[string]string{"base/key.yaml": secret, "base/kustomization.yaml": "resources: [web.yaml, key.yaml]\n"})
	good := w.commit("Add a key")
	w.edit("base/key.yaml", "one", "two")
	culprit := w.commit("Rotate")
	w.edit("base/key.yaml", "two", "three")
	w.commit("Rotate again")
	refusal := w.refused(w.request(good, culprit))
	require.Contains(t, refusal.Reason, "base/key.yaml (content")
	require.NotContains(t, refusal.Reason, "three")
}

func TestWorkThatWasRevertedWithinAPullRequestIsNoRevert(t *testing.T) {
	w := newWork(t)
	good := w.hash("HEAD")
	w.git("checkout", "-q", "-b", "topic")
	w.edit("base/web.yaml", "value: info", "value: debug")
	tried := w.commit("Try")
	w.git("revert", "--no-edit", tried.String())
	w.git("commit", "-q", "--amend", "-m", "Drop that\n\nThis reverts commit "+tried.String()+".")
	w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
	w.commit("Scale")
	w.git("checkout", "-q", "main")
	w.git("merge", "-q", "--no-ff", "-m", "Merge pull request #8", "topic")
	r := w.request(good, w.push())
	r.Head, r.OtherTargets = w.head(), true
	require.Equal(t, rollback.Restored, w.plan(r).Proof.Kind)
}

func TestNothingIsStoredWhenRefused(t *testing.T) {
	w := newWork(t)
	good := w.hash("HEAD")
	w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
	r := w.request(good, w.commit("Scale"))
	r.Head, r.OtherTargets = w.head(), true
	planned := w.plan(r).Head

	mirror, err := git.OpenMirror(t.TempDir(), "file://"+w.bare, git.Auth{})
	require.NoError(t, err)
	w.mirror = mirror
	w.head()
	r.OtherTargets = false
	require.Equal(t, "other-targets", w.refused(r).Rule)
	_, err = mirror.Repository().Commit(t.Context(), planned)
	require.ErrorIs(t, err, git.ErrNotFound)
}
