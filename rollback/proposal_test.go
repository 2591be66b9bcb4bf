package rollback_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/plain"
	"github.com/assay-dev/assay/sources/git"
)

// broken is a shop whose staging is broken by one commit, with the plan to revert it.
func broken(t *testing.T) (*work, *plain.Provider, *rollback.Plan) {
	w := newWork(t)
	good := w.hash("HEAD")
	w.edit("overlays/staging/kustomization.yaml", "mode=staging", "mode=test")
	culprit := w.commit("Test mode")
	return w, plain.New(w.mirror), w.plan(w.request(good, culprit))
}

func (w *work) replan(plan *rollback.Plan) *rollback.Plan {
	w.Helper()
	return w.plan(w.request(w.hash(plan.Culprits[0].String()+"~1"), plan.Culprits...))
}

func proposed(plan *rollback.Plan, opened rollback.Opened) rollback.Proposed {
	return rollback.Proposed{
		Branch: plan.Branch, Base: plan.Base, Number: opened.Number, Head: opened.Head, Culprits: plan.Culprits, PatchIDs: plan.PatchIDs,
	}
}

func (w *work) open(p gitprovider.Provider, plan *rollback.Plan, e rollback.Evidence) rollback.Opened {
	w.Helper()
	opened, err := rollback.Open(w.Context(), w.mirror, p, plan, rollback.Body(e, plan))
	require.NoError(w, err)
	opened.New = false
	return opened
}

func (w *work) status(p gitprovider.Provider, of rollback.Proposed) rollback.State {
	w.Helper()
	state, err := rollback.Status(w.Context(), w.mirror, p, of)
	require.NoError(w, err)
	if state.State == gitprovider.Open {
		require.NotNil(w, state.Page)
	}
	state.Page = nil
	return state
}

func staging() rollback.Evidence {
	return rollback.Evidence{Environment: "staging", Gate: "smoke", Incident: "1", ByItself: true}
}

func TestProposalIsMerged(t *testing.T) {
	w, p, plan := broken(t)
	opened := w.open(p, plan, staging())
	require.Equal(t, plan.Head, opened.Head)
	of := proposed(plan, opened)
	require.Equal(t, rollback.State{State: gitprovider.Open}, w.status(p, of))
	require.NoError(t, rollback.Merge(t.Context(), w.mirror, p, of))
	require.Equal(t, rollback.State{State: gitprovider.Merged, Commit: plan.Head, Reason: "its commits are on main"}, w.status(p, of))
	require.NoError(t, rollback.Merge(t.Context(), w.mirror, p, of), "again, after a crash")
	require.Equal(t, "reverted-already", w.refused(w.request(w.hash("HEAD~1"), plan.Culprits...)).Rule)
}

// TestOpenGoesOnAfterACrash opens after each step that a crash may have come after.
func TestOpenGoesOnAfterACrash(t *testing.T) {
	w, p, plan := broken(t)
	require.NoError(t, w.mirror.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/" + plan.Branch, New: plan.Head}))
	plan.Insist = true
	first := w.open(p, plan, staging())
	again := w.open(p, w.replan(plan), staging())
	require.Equal(t, first, again)
	refs, err := w.mirror.Refs(t.Context(), "refs/heads/assay/")
	require.NoError(t, err)
	require.Len(t, refs, 1)
}

func TestOpenReplacesAnOlderPlan(t *testing.T) {
	w, p, plan := broken(t)
	first := w.open(p, plan, staging())
	w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
	w.commit("Scale")
	require.ErrorIs(t, rollback.Merge(t.Context(), w.mirror, p, proposed(plan, first)), git.ErrStale, "the proof is about another base")

	newer := w.replan(plan)
	require.Equal(t, plan.Branch, newer.Branch)
	require.NotEqual(t, plan.Head, newer.Head)
	second := w.open(p, newer, staging())
	require.Equal(t, first.Number, second.Number)
	require.False(t, second.ByPeople)
	require.NoError(t, rollback.Merge(t.Context(), w.mirror, p, proposed(newer, second)))
}

func TestOpenLeavesABranchToPeople(t *testing.T) {
	w, p, plan := broken(t)
	w.open(p, plan, staging())
	w.git("fetch", "-q")
	w.git("checkout", "-q", plan.Branch)
	w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
	theirs := w.commit("And scale")
	w.git("checkout", "-q", "main")

	opened := w.open(p, plan, staging())
	require.True(t, opened.ByPeople)
	require.ErrorIs(t, rollback.Merge(t.Context(), w.mirror, p, proposed(plan, opened)), gitprovider.ErrHeadMoved)
	refs, err := w.mirror.Refs(t.Context(), "refs/heads/"+plan.Branch)
	require.NoError(t, err)
	require.Equal(t, theirs, refs["refs/heads/"+plan.Branch])
}

func TestClosedIsFinal(t *testing.T) {
	w, p, plan := broken(t)
	of := proposed(plan, w.open(p, plan, staging()))
	w.git("push", "-q", "origin", ":"+plan.Branch)
	require.Equal(t, rollback.State{State: gitprovider.Closed, Reason: "closed without being merged"}, w.status(p, of))
	_, err := rollback.Open(t.Context(), w.mirror, p, plan, "")
	var refusal *rollback.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, "closed-before", refusal.Rule)
}

func TestADeletedBranchIsNotPushedAgain(t *testing.T) {
	w, p, plan := broken(t)
	w.open(p, plan, staging())
	w.git("push", "-q", "origin", ":"+plan.Branch)
	unaware := edited{p, func(pr *gitprovider.PullRequest) { pr.State = gitprovider.Open }} // as it was a moment ago
	_, err := rollback.Open(t.Context(), w.mirror, unaware, plan, "")
	var refusal *rollback.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, "closed-before", refusal.Rule)
	refs, err := w.mirror.Refs(t.Context(), "refs/heads/"+plan.Branch)
	require.NoError(t, err)
	require.Empty(t, refs)
}

func claimOf(e rollback.Evidence) rollback.Claim {
	return rollback.Claim{Environment: e.Environment, Gate: e.Gate, Incident: e.Incident, ByItself: e.ByItself}
}

func (w *work) withdraw(p gitprovider.Provider, of rollback.Proposed, e rollback.Evidence) (kept bool) {
	w.Helper()
	kept, err := rollback.Withdraw(w.Context(), w.mirror, p, of, claimOf(e), "the gate passes again")
	require.NoError(w, err)
	return kept
}

func TestWithdraw(t *testing.T) {
	w, p, plan := broken(t)
	of := proposed(plan, w.open(p, plan, staging()))
	require.False(t, w.withdraw(p, of, staging()))
	require.Equal(t, rollback.State{State: gitprovider.Closed, Reason: "closed without being merged by Assay"}, w.status(p, of))
	require.False(t, w.withdraw(p, of, staging()))
}

// TestWithdrawLeavesItToOthers has two environments share a Proposal, of which one recovers by other means.
func TestWithdrawLeavesItToOthers(t *testing.T) {
	w, p, plan := broken(t)
	prod := staging()
	prod.Environment, prod.ByItself = "prod", false
	w.open(p, plan, staging())
	of := proposed(plan, w.open(p, plan, prod))
	var refusal *rollback.Refusal
	require.ErrorAs(t, rollback.Merge(t.Context(), w.mirror, p, of), &refusal)
	require.True(t, w.withdraw(p, of, prod))
	require.True(t, w.withdraw(p, of, prod), "again, after a crash")
	pr, err := p.Get(t.Context(), of.Number)
	require.NoError(t, err)
	require.Contains(t, pr.Body, "**Gate `smoke` in `prod` no longer asks for this:** the gate passes again")
	require.NoError(t, rollback.Merge(t.Context(), w.mirror, p, of), "what is left allows it")
}

// TestWithdrawTakesAwayWhatWasNeverProposed is of a server that went down after the push.
func TestWithdrawTakesAwayWhatWasNeverProposed(t *testing.T) {
	w, p, plan := broken(t)
	require.NoError(t, w.mirror.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/" + plan.Branch, New: plan.Head}))
	require.False(t, w.withdraw(p, proposed(plan, rollback.Opened{Head: plan.Head}), staging()))
	refs, err := w.mirror.Refs(t.Context(), "refs/heads/assay/")
	require.NoError(t, err)
	require.Empty(t, refs)
}

// TestStatusKnowsTheRevertHoweverItCame brings the revert to main in every way that servers and people have.
func TestStatusKnowsTheRevertHoweverItCame(t *testing.T) {
	for name, c := range map[string]struct {
		bring  func(w *work, plan *rollback.Plan)
		reason string
	}{
		"fast-forward": {func(w *work, plan *rollback.Plan) { w.git("merge", "-q", "--ff-only", "origin/"+plan.Branch) }, "its commits are on main"},
		"merge": {func(w *work, plan *rollback.Plan) {
			w.git("merge", "-q", "--no-ff", "-m", "Merge it", "origin/"+plan.Branch)
		}, "merged by"},
		"squash": {func(w *work, plan *rollback.Plan) {
			w.git("merge", "-q", "--squash", "origin/"+plan.Branch)
			w.git("commit", "-q", "-m", "Repair staging")
		}, "(Repair staging) makes the same change"},
		"rebase": {func(w *work, plan *rollback.Plan) {
			w.commit("Meanwhile")
			w.git("cherry-pick", "origin/"+plan.Branch)
		}, "makes the same change"},
		"by hand": {func(w *work, plan *rollback.Plan) {
			w.git("revert", "--no-commit", plan.Culprits[0].String())
			w.edit("base/web.yaml", "replicas: 2", "replicas: 3")
			w.git("commit", "-q", "-a", "-m", "Back\n\nThis reverts commit "+plan.Culprits[0].String()+".")
		}, "(Back) reverts the same to the same"},
	} {
		t.Run(name, func(t *testing.T) {
			w, p, plan := broken(t)
			of := proposed(plan, w.open(p, plan, staging()))
			w.git("fetch", "-q")
			c.bring(w, plan)
			landed := w.push()
			w.commit("And on")
			w.git("push", "-q", "origin", ":"+plan.Branch)
			state := w.status(p, of)
			require.Equal(t, gitprovider.Merged, state.State)
			require.Equal(t, landed, state.Commit)
			require.Contains(t, state.Reason, c.reason)
		})
	}
}

func TestSeveralEnvironmentsShareAProposal(t *testing.T) {
	w, p, plan := broken(t)
	opened := w.open(p, plan, staging())
	prod := staging()
	prod.Environment, prod.ByItself = "prod", false
	require.Equal(t, opened, w.open(p, plan, prod))
	require.Equal(t, opened, w.open(p, plan, prod), "each adds its evidence once")
	pr, err := p.Get(t.Context(), opened.Number)
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(rollback.Body(staging(), plan))+"\n\n---\n\n"+rollback.Body(prod, plan), pr.Body+"\n")

	var refusal *rollback.Refusal
	require.ErrorAs(t, rollback.Merge(t.Context(), w.mirror, p, proposed(plan, opened)), &refusal)
	require.Equal(t, "gate smoke in prod leaves the merge to a person", refusal.Reason)
	prod.ByItself = true
	w.open(p, plan, prod)
	require.NoError(t, rollback.Merge(t.Context(), w.mirror, p, proposed(plan, opened)))
}

func TestMergeIsStoppedByAFile(t *testing.T) {
	w, p, plan := broken(t)
	of := proposed(plan, w.open(p, plan, staging()))
	w.write(map[string]string{".assay/stop": "Release week.\n"})
	w.commit("Stop")
	var refusal *rollback.Refusal
	require.ErrorAs(t, rollback.Merge(t.Context(), w.mirror, p, of), &refusal)
	require.Equal(t, "stopped", refusal.Rule)
}

// edited is a provider on which people changed the pull request.
type edited struct {
	*plain.Provider
	change func(pr *gitprovider.PullRequest)
}

func (e edited) Get(ctx context.Context, number int64) (*gitprovider.PullRequest, error) {
	pr, err := e.Provider.Get(ctx, number)
	if pr != nil {
		e.change(pr)
	}
	return pr, err
}

func (e edited) Find(ctx context.Context, branch, base string) (*gitprovider.PullRequest, error) {
	pr, err := e.Provider.Find(ctx, branch, base)
	if pr != nil {
		e.change(pr)
	}
	return pr, err
}

func TestMergeIsLeftToPeople(t *testing.T) {
	for rule, change := range map[string]func(pr *gitprovider.PullRequest){
		"stopped":    func(pr *gitprovider.PullRequest) { pr.Labels = []string{rollback.StopLabel} },
		"claims":     func(pr *gitprovider.PullRequest) { pr.Body = "Trust me." },
		"retargeted": func(pr *gitprovider.PullRequest) { pr.Base = "production" },
	} {
		t.Run(rule, func(t *testing.T) {
			w, p, plan := broken(t)
			before := w.head()
			of := proposed(plan, w.open(p, plan, staging()))
			var refusal *rollback.Refusal
			require.ErrorAs(t, rollback.Merge(t.Context(), w.mirror, edited{p, change}, of), &refusal)
			require.Equal(t, rule, refusal.Rule)
			require.Equal(t, before, w.head())
		})
	}
}

// TestStatusGoesByTheBase tells of a pull request that is merged, as its page says.
func TestStatusGoesByTheBase(t *testing.T) {
	w, p, plan := broken(t)
	of := proposed(plan, w.open(p, plan, staging()))
	is := func(base string, at git.Hash) rollback.State {
		return w.status(edited{p, func(pr *gitprovider.PullRequest) { pr.State, pr.Base, pr.MergeCommit = gitprovider.Merged, base, at }}, of)
	}
	absent := rollback.State{State: gitprovider.Open, Reason: "the page says that it was merged, but main does not hold it"}
	require.Equal(t, absent, is("main", git.Hash{}))
	require.Equal(t, absent, is("main", git.Hash{1}))
	require.Equal(t, absent, is("main", plan.Head))
	require.Equal(t, rollback.State{State: gitprovider.Closed, Reason: "merged into production, not into main"}, is("production", plan.Head))

	w.edit("overlays/staging/kustomization.yaml", "mode=test", "mode=other") // what people made of it before they merged
	merge := w.commit("Other mode")
	require.Equal(t, rollback.State{State: gitprovider.Merged, Commit: merge, Reason: "merged"}, is("main", merge))
}

// TestStatusMindsWhiteSpace puts lines elsewhere than the revert does, which says something else in YAML.
func TestStatusMindsWhiteSpace(t *testing.T) {
	w := newWork(t)
	good := w.hash("HEAD")
	w.edit("base/web.yaml", "          value: info\n", "        value: info\n")
	p, r := plain.New(w.mirror), w.request(good, w.commit("Indent"))
	r.OtherTargets = true
	plan := w.plan(r)
	of := proposed(plan, w.open(p, plan, staging()))
	w.edit("base/web.yaml", "        value: info\n", "            value: info\n")
	w.commit("Indent otherwise")
	require.Equal(t, gitprovider.Open, w.status(p, of).State)
}

func TestPush(t *testing.T) {
	w, _, plan := broken(t)
	require.NoError(t, rollback.Push(t.Context(), w.mirror, plan))
	require.NoError(t, rollback.Push(t.Context(), w.mirror, plan), "again, after a crash")
	require.Equal(t, plan.Head, w.head())

	w, _, plan = broken(t)
	other := w.commit("Meanwhile")
	require.ErrorIs(t, rollback.Push(t.Context(), w.mirror, plan), git.ErrStale)
	require.Equal(t, other, w.head())
}
