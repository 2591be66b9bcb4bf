package rollback_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
)

// request asks for the revert of commits since good, for staging; prod is another Target.
func (w *work) request(good git.Hash, culprits ...git.Hash) rollback.Request {
	w.Helper()
	head := w.head()
	return rollback.Request{
		Repository: "example.com/shop", Branch: w.branch, Head: head, Culprits: culprits, Good: good,
		Builds: []rollback.Build{overlay("staging")}, Others: []rollback.Build{overlay("prod")},
		Author: git.Signature{Name: "Assay", Email: "assay@example.com", When: start.Add(24 * time.Hour)},
		Now:    start.Add(24 * time.Hour),
	}
}

func (w *work) plan(r rollback.Request) *rollback.Plan {
	w.Helper()
	plan, err := rollback.NewPlan(w.Context(), w.mirror, w.builder, r)
	require.NoError(w, err)
	return plan
}

func (w *work) refused(r rollback.Request) *rollback.Refusal {
	w.Helper()
	_, err := rollback.NewPlan(w.Context(), w.mirror, w.builder, r)
	var refusal *rollback.Refusal
	require.True(w, errors.As(err, &refusal), "%v", err)
	return refusal
}

func TestBranch(t *testing.T) {
	a, b := git.Hash{1}, git.Hash{2}
	require.Equal(t, rollback.Branch([]git.Hash{a, b}), rollback.Branch([]git.Hash{b, a, b}))
	require.NotEqual(t, rollback.Branch([]git.Hash{a}), rollback.Branch([]git.Hash{a, b}))
	require.Regexp(t, `^assay/revert-[0-9a-f]{12}$`, rollback.Branch([]git.Hash{a}))
}

func TestPlanRestores(t *testing.T) {
	w := newWork(t)
	good := w.hash("HEAD")
	w.edit("overlays/staging/kustomization.yaml", "mode=staging", "mode=test")
	culprit := w.commit("Test mode")
	w.edit("overlays/prod/kustomization.yaml", "1.0.0", "1.1.0")
	w.commit("Prod to 1.1.0")

	r := w.request(good, culprit)
	plan := w.plan(r)
	require.Equal(t, rollback.Restored, plan.Proof.Kind)
	require.Empty(t, plan.NotByItself)
	require.Empty(t, plan.Others)
	require.Equal(t, `Revert "Test mode"`, plan.Title)
	require.Len(t, plan.Changes, 1)
	require.Contains(t, plan.Changes[0].Difference, "-  mode: test\n+  mode: staging\n")
	id, err := git.PatchID(t.Context(), w.mirror.Repository(), culprit)
	require.NoError(t, err)
	require.Equal(t, []string{id}, plan.PatchIDs)

	require.Equal(t, plan, w.plan(r), "planning again yields the same")
	commit, err := w.mirror.Repository().Commit(t.Context(), plan.Head)
	require.NoError(t, err, "the commits are stored")
	require.Equal(t, []git.Hash{r.Head}, commit.Parents)
	require.Equal(t, "Revert \"Test mode\"\n\nThis reverts commit "+culprit.String()+".\n", commit.Message)
}

func TestPlanOfTheOnlyCommitSinceRestoresTheTree(t *testing.T) {
	w := newWork(t)
	w.write(map[string]string{"overlays/staging/kustomization.yaml": "resources: [https://example.com/manifests.yaml]\n"})
	good := w.commit("Fetch from elsewhere")
	w.write(map[string]string{"overlays/staging/kustomization.yaml": "resources: [https://example.com/v2/manifests.yaml]\n"})
	culprit := w.commit("Fetch version 2")
	plan := w.plan(w.request(good, culprit))
	require.Equal(t, rollback.Restored, plan.Proof.Kind, "whatever it renders, it is the same tree")
	require.Contains(t, plan.Proof.Reason, "the whole tree is again that of")
	require.Contains(t, plan.Changes[0].Difference, "overlays/staging/kustomization.yaml")
	require.Len(t, plan.NotByItself, 1)
	require.Contains(t, plan.NotByItself[0], "it is not known whether it deletes what may hold data in test:Kustomization/flux-system/staging")
}

// TestPlanKeepsWhatCameAfter goes through what later commits may do to the objects of a culprit.
func TestPlanKeepsWhatCameAfter(t *testing.T) {
	container := "      - name: proxy\n        image: proxy\n"
	for name, c := range map[string]struct {
		culprit, later func(w *work)
		kind           rollback.ProofKind
		reason         string
	}{
		"another object": {
			func(w *work) { w.edit("overlays/staging/kustomization.yaml", "mode=staging", "mode=test") },
			func(w *work) { w.edit("base/web.yaml", "replicas: 2", "replicas: 3") }, rollback.Removed, "",
		},
		"another field of the same object": {
			func(w *work) { w.edit("base/web.yaml", "memory: 128Mi", "memory: 16Mi") },
			func(w *work) { w.edit("base/web.yaml", "replicas: 2", "replicas: 3") }, rollback.Removed, "",
		},
		"a container beside the one that changed": {
			func(w *work) { w.edit("base/web.yaml", "memory: 128Mi", "memory: 16Mi") },
			func(w *work) { w.edit("base/web.yaml", "      - name: web\n", container+"      - name: web\n") }, rollback.Removed, "",
		},
		"an object that the culprit added is changed": {
			func(w *work) {
				w.write(map[string]string{"base/extra.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\ndata: {a: x}\n"})
				w.edit("base/kustomization.yaml", "[web.yaml]", "[web.yaml, extra.yaml]")
			},
			func(w *work) {
				w.edit("overlays/staging/kustomization.yaml", "resources:", "commonAnnotations: {owner: ana}\nresources:")
			},
			rollback.Unproven, "what is undone is not exactly what the reverted commits changed: ConfigMap staging/extra /metadata/annotations/owner",
		},
		"what the culprit's generator makes": {
			func(w *work) {
				w.edit("overlays/staging/kustomization.yaml", "literals: [mode=staging]", "literals: [mode=test]")
			},
			func(w *work) {
				w.edit("overlays/staging/kustomization.yaml", "namespace: staging", "namespace: stage")
			},
			rollback.Unproven, "what is undone is not exactly",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWork(t)
			good := w.hash("HEAD")
			c.culprit(w)
			culprit := w.commit("Culprit")
			c.later(w)
			w.commit("Later")
			r := w.request(good, culprit)
			r.OtherTargets = true
			plan := w.plan(r)
			require.Equal(t, c.kind, plan.Proof.Kind, plan.Proof.Reason)
			require.Contains(t, plan.Proof.Reason, c.reason)
			require.Equal(t, c.kind == rollback.Unproven, plan.Proof.Difference != "")
		})
	}
}

func TestPlanOfSeveralCommits(t *testing.T) {
	w := newWork(t)
	good := w.hash("HEAD")
	w.edit("base/web.yaml", "memory: 128Mi", "memory: 64Mi")
	first := w.commit("Less memory")
	w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
	w.commit("Scale")
	w.edit("base/web.yaml", "memory: 64Mi", "memory: 16Mi")
	second := w.commit("Even less memory")
	r := w.request(good, second, first)
	r.OtherTargets = true
	plan := w.plan(r)
	require.Equal(t, []git.Hash{first, second}, plan.Culprits)
	require.Len(t, plan.Commits, 2)
	require.Equal(t, rollback.Removed, plan.Proof.Kind, plan.Proof.Reason)
	require.Equal(t, `Revert "Even less memory" and 1 more`, plan.Title)
	require.Equal(t, []string{
		"2 commits are to blame together; they were not told apart",
		"it changes other targets as well: test:Kustomization/flux-system/prod",
	}, plan.NotByItself)
}

func TestPlanThatDeletesData(t *testing.T) {
	w := newWork(t)
	good := w.hash("HEAD")
	w.write(map[string]string{"overlays/staging/claim.yaml": "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\n"})
	w.edit("overlays/staging/kustomization.yaml", "[../../base]", "[../../base, claim.yaml]")
	plan := w.plan(w.request(good, w.commit("Keep data")))
	require.Equal(t, rollback.Restored, plan.Proof.Kind)
	require.Equal(t, []string{
		"it deletes what may hold data: PersistentVolumeClaim staging/data in test:Kustomization/flux-system/staging",
	}, plan.NotByItself)
}

func TestPlanRedacts(t *testing.T) {
	w := newWork(t)
	w.edit("overlays/staging/kustomization.yaml", "generatorOptions", "secretGenerator:\n- name: key\n  literals: [password=hunter2]\ngeneratorOptions")
	good := w.commit("Add a secret")
	w.edit("overlays/staging/kustomization.yaml", "hunter2", "hunter3")
	plan := w.plan(w.request(good, w.commit("Rotate")))
	require.Contains(t, plan.Changes[0].Difference, "redacted-")
	require.NotContains(t, plan.Changes[0].Difference, "aHVudGVy")
	require.NotContains(t, plan.Changes[0].Difference, "hunter")
}

func TestSignedPlan(t *testing.T) {
	w := newWork(t)
	good := w.hash("HEAD")
	w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
	r := w.request(good, w.commit("Scale"))
	r.OtherTargets, r.Sign = true, signer{}
	commit, err := w.mirror.Repository().Commit(t.Context(), w.plan(r).Head)
	require.NoError(t, err)
	require.Contains(t, commit.Armor, "signed by nobody")
}

type signer struct{}

func (signer) Sign([]byte) (string, error) { return "signed by nobody", nil }

// TestProofHoldsAgainstRendering compares what Proofs say with what is rendered, over many small histories.
func TestProofHoldsAgainstRendering(t *testing.T) {
	edits := [][3]string{
		{"base/web.yaml", "replicas: 2", "replicas: 3"},
		{"base/web.yaml", "memory: 128Mi", "memory: 16Mi"},
		{"base/web.yaml", "value: info", "value: debug"},
		{"overlays/staging/kustomization.yaml", "mode=staging", "mode=test"},
		{"overlays/staging/kustomization.yaml", "namespace: staging", "namespace: stage"},
		{"overlays/staging/kustomization.yaml", "namespace: staging", "namePrefix: my-\nnamespace: staging"},
		{"README.md", "A shop", "The shop"},
	}
	w := newWork(t)
	good := w.hash("HEAD")
	seen := map[rollback.ProofKind]int{}
	for i, culprit := range edits {
		for j, later := range edits {
			if culprit[0] == later[0] && culprit[1] == later[1] {
				continue
			}
			w.branch = fmt.Sprintf("history-%d-%d", i, j)
			w.git("checkout", "-q", "-B", w.branch, good.String())
			w.edit(culprit[0], culprit[1], culprit[2])
			bad := w.commit("Culprit")
			w.edit(later[0], later[1], later[2])
			w.commit("Later")
			r := w.request(good, bad)
			r.OtherTargets = true
			plan, err := rollback.NewPlan(t.Context(), w.mirror, w.builder, r)
			var refusal *rollback.Refusal
			if errors.As(err, &refusal) {
				require.Contains(t, []string{"no-effect", "conflict", "already-fixed"}, refusal.Rule)
				continue
			}
			require.NoError(t, err)
			seen[plan.Proof.Kind]++
			same := w.digest(good) == w.digest(plan.Head)
			require.Equal(t, same, plan.Proof.Kind == rollback.Restored, "%s, then %s: %s", culprit[2], later[2], plan.Proof.Reason)
		}
	}
	require.NotZero(t, seen[rollback.Restored])
	require.NotZero(t, seen[rollback.Removed])
	t.Logf("proofs: %v", seen)
}

func (w *work) digest(commit git.Hash) string {
	w.Helper()
	c, err := w.mirror.Repository().Commit(w.Context(), commit)
	require.NoError(w, err)
	r, err := w.builder.Build(w.Context(), git.FS(w.Context(), w.mirror.Repository(), c.Tree), "overlays/staging", render.Settings{})
	require.NoError(w, err)
	return r.Digest
}

// TestTargetsOfOtherEnvironmentsAreTold has a base that environments share be reverted for one of them: the others' Gates look after
// theirs, so that nobody's leave is needed, and a person merges it.
func TestTargetsOfOtherEnvironmentsAreTold(t *testing.T) {
	w := newWork(t)
	good := w.hash("HEAD")
	w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
	r := w.request(good, w.commit("Scale"))
	require.NotEmpty(t, r.Others, "the base is shared")
	for i := range r.Others {
		r.Others[i].Environment = "dev"
	}
	plan := w.plan(r)
	require.Len(t, plan.Others, len(r.Others))
	require.Equal(t, "dev", plan.Others[0].Environment)
	require.Contains(t, strings.Join(plan.NotByItself, "; "), "it changes other targets as well: "+r.Others[0].Target.String()+" of dev")
}
