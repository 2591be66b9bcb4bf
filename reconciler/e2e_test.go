//go:build e2e

package reconciler_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	sdk "code.gitea.io/sdk/gitea"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

// TestRealGitea tells, on a real server, how the life of a Proposal may go.
func TestRealGitea(t *testing.T) {
	h := newHub(t)
	for _, story := range []struct {
		name string
		tell func(r *realShop)
	}{
		{"opened_and_merged", openedAndMerged},
		{"evidence_of_another_environment", evidenceOfAnotherEnvironment},
		{"second_instance", secondInstance},
		{"conflict_after_the_base_moved", conflictAfterTheBaseMoved},
		{"merged_by_policy", mergedByPolicy},
		{"squashed", squashed},
		{"closed_by_a_person", closedByAPerson},
		{"fixed_by_hand", fixedByHand},
		{"own_revert_first", ownRevertFirst},
		{"protected_branch", protectedBranch},
		{"bad_token", badToken},
		{"server_down", serverDown},
		{"one_request_in_20_fails", oneRequestIn20Fails},
	} {
		t.Run(story.name, func(t *testing.T) { story.tell(newRealShop(t, h)) })
	}
}

func openedAndMerged(r *realShop) {
	bad := r.broken()
	p := r.proposed(history.ProposalOpen)
	page := r.page()
	require.True(r.t, strings.HasSuffix(p.URL, fmt.Sprintf("/%s/pulls/%d", r.name, page.Index)), p.URL)
	require.Equal(r.t, `Revert "Sell for nothing"`, page.Title)
	require.Contains(r.t, page.Body, bad[:7])
	require.Contains(r.t, page.Body, "Restored")
	require.Equal(r.t, r.hub.bot, page.Poster.UserName)
	r.accept(page.Index, sdk.MergeStyleMerge, "", "")
	require.Contains(r.t, r.recovered().Reason, "the revert was merged and synced")
	r.page()
	r.eventually("the verdicts beside the commits", func() bool {
		return r.status(bad) == sdk.StatusFailure && r.status("main") == sdk.StatusSuccess
	})
}

// evidenceOfAnotherEnvironment has two overlays of one Assay blame the same commit.
func evidenceOfAnotherEnvironment(r *realShop) {
	r.environments = []string{"prod"}
	r.tests.push("Test prod, too", map[string]string{"prod/kustomization.yaml": "resources: [../staging]\n"})
	r.start()
	good := r.deploy("Sell at 7", price("7"))
	r.eventually("both to have passed", func() bool {
		all, err := r.past.Verifications(r.t.Context(), history.Filter{})
		require.NoError(r.t, err)
		seen := map[string]bool{}
		for _, v := range all {
			seen[v.Key.Environment] = seen[v.Key.Environment] || v.Phase == history.Done && v.Targets[0].Revisions[0].Commit == good
		}
		return seen["staging"] && seen["prod"]
	})
	r.deploy("Sell for nothing", price("0"))
	r.eventually("the evidence of both", func() bool {
		all := r.pulls()
		return len(all) == 1 && strings.Contains(all[0].Body, `"environment":"staging"`) && strings.Contains(all[0].Body, `"environment":"prod"`)
	})
	r.accept(r.page().Index, sdk.MergeStyleMerge, "", "")
	r.eventually("both to have recovered", func() bool {
		all := r.incidents()
		return len(all) == 2 && all[0].State == history.Recovered && all[1].State == history.Recovered
	})
	r.page()
}

// secondInstance has another Assay, with a history of its own, blame the same commit for its own environment.
func secondInstance(r *realShop) {
	other := *r.assay
	other.data, other.runner = r.t.TempDir(), &judgeRunner{judge: r.judge}
	other.tests = newRepository(r.t)
	other.tests.push("Test the shop elsewhere", map[string]string{
		"staging/kustomization.yaml": "resources: [suite.yaml, gate.yaml, site.yaml]\n",
		"staging/suite.yaml":         suiteDoc, "staging/gate.yaml": strings.Replace(gateDoc, "name: shop", "name: elsewhere", 1),
		"staging/site.yaml": siteDoc("shop", r.assay.config, "shop", r.live),
	})
	good := r.deploy("Sell at 7", price("7"))
	r.start()
	other.start()
	r.t.Cleanup(func() { other.stop() })
	r.verified("shop", good)
	other.verified("elsewhere", good)
	r.deploy("Sell for nothing", price("0"))
	r.eventually("the evidence of both", func() bool {
		all := r.pulls()
		return len(all) == 1 && strings.Contains(all[0].Body, `"gate":"shop"`) && strings.Contains(all[0].Body, `"gate":"elsewhere"`)
	})
	r.accept(r.page().Index, sdk.MergeStyleMerge, "", "")
	r.recovered()
	other.eventually("recovery", func() bool { all := other.incidents(); return len(all) == 1 && all[0].State == history.Recovered })
	r.page()
}

// conflictAfterTheBaseMoved has a person change the same line once more, in vain, after the revert was proposed.
func conflictAfterTheBaseMoved(r *realShop) {
	r.broken()
	r.proposed(history.ProposalOpen)
	number := r.page().Index
	r.deploy("Sell for nothing, in cents", price("0.00"))
	r.eventually("that it is said", func() bool { return strings.Contains(r.comments(number), "conflict") })
	require.Equal(r.t, sdk.StateOpen, r.page().State)
	r.deploy("Sell at 8", price("8"))
	r.recovered()
	require.Equal(r.t, sdk.StateClosed, r.page().State, "fixed by other means")
}

// mergedByPolicy has Assay wait for a check that the branch requires, and then merge.
func mergedByPolicy(r *realShop) {
	r.mode = tests.Merge
	r.tests.push("Be bold", bold(tests.Merge))
	r.broken()
	r.proposed(history.ProposalOpen)
	_, _, err := r.hub.Client().CreateBranchProtection(r.hub.User, r.name, sdk.CreateBranchProtectionOption{
		BranchName: "main", EnablePush: true, EnableStatusCheck: true, StatusCheckContexts: []string{"ci/build"},
	})
	require.NoError(r.t, err)
	status := func(state sdk.StatusState) {
		_, _, err := r.hub.Client().CreateStatus(r.hub.User, r.name, r.page().Head.Sha, sdk.CreateStatusOption{State: state, Context: "ci/build"})
		require.NoError(r.t, err)
	}
	status(sdk.StatusPending)
	r.decided("ci/build")
	require.Equal(r.t, sdk.StateOpen, r.page().State)
	status(sdk.StatusSuccess)
	r.eventually("the merge", func() bool { return r.page().HasMerged })
	require.Equal(r.t, r.hub.bot, r.page().MergedBy.UserName)
	r.syncMain()
	r.recovered()
}

// squashed has a person squash the revert, with words that no longer say what it is.
func squashed(r *realShop) {
	r.broken()
	r.proposed(history.ProposalOpen)
	r.accept(r.page().Index, sdk.MergeStyleSquash, "Money", "We need some")
	require.Contains(r.t, r.recovered().Reason, "the revert was merged and synced")
	r.page()
}

// closedByAPerson has a person say no, which is final, also for an Assay that has lost its memory.
func closedByAPerson(r *realShop) {
	bad := r.broken()
	p := r.proposed(history.ProposalOpen)
	shut := sdk.StateClosed
	_, _, err := r.hub.Client().EditPullRequest(r.hub.User, r.name, r.page().Index, sdk.EditPullRequestOption{State: &shut})
	require.NoError(r.t, err)
	r.proposed(history.ProposalClosed)
	r.decided("final")
	require.Equal(r.t, sdk.StateClosed, r.page().State)

	r.stop()
	require.NoError(r.t, os.RemoveAll(filepath.Join(r.data, "history")))
	r.start()
	good := gitIn(r.t, r.shop.config.dir, "rev-parse", bad+"~1")
	r.setLive(good)
	r.verified("shop", good)
	r.setLive(bad)
	r.decided("no revert is proposed: the same revert was proposed before and closed, which is final: " + p.URL)
	require.Equal(r.t, sdk.StateClosed, r.page().State)
}

// fixedByHand has a person fix forward.
func fixedByHand(r *realShop) {
	r.broken()
	r.proposed(history.ProposalOpen)
	fix := r.deploy("Sell at 8", price("8"))
	r.recovered()
	page := r.page()
	require.Equal(r.t, sdk.StateClosed, page.State)
	require.False(r.t, page.HasMerged)
	require.Contains(r.t, r.comments(page.Index), fix[:7], "it says what was seen, and where")
}

// ownRevertFirst has a person open a revert before Assay does.
func ownRevertFirst(r *realShop) {
	r.start()
	r.verified("shop", r.deploy("Sell at 7", price("7")))
	bad := r.shop.config.push("Sell for nothing", price("0"))
	dir := r.shop.config.dir
	gitIn(r.t, dir, "checkout", "--quiet", "-b", "undo")
	gitIn(r.t, dir, "revert", "--no-edit", bad)
	gitIn(r.t, dir, "push", "--quiet", "origin", "undo")
	gitIn(r.t, dir, "checkout", "--quiet", "main")
	var own *sdk.PullRequest
	r.eventually("the person's pull request", func() (opened bool) { // the server takes a moment to see the branch
		var err error
		own, _, err = r.hub.Client().CreatePullRequest(r.hub.User, r.name, sdk.CreatePullRequestOption{Head: "undo", Base: "main", Title: "Undo it"})
		return err == nil
	})
	r.setLive(bad)
	r.eventually("Assay's evidence", func() bool { return strings.Contains(r.comments(own.Index), "staging") })
	r.decided(fmt.Sprint(own.Index))
	r.accept(r.page().Index, sdk.MergeStyleMerge, "", "")
	r.recovered()
	require.Equal(r.t, 1, strings.Count(r.comments(own.Index), bad), "the evidence is given once")
}

// protectedBranch has mode commit meet a branch that nobody may push to.
func protectedBranch(r *realShop) {
	r.mode = tests.Commit
	r.tests.push("Be bold", bold(tests.Commit))
	r.start()
	r.verified("shop", r.deploy("Sell at 7", price("7")))
	bad := r.shop.config.push("Sell for nothing", price("0"))
	_, _, err := r.hub.Client().CreateBranchProtection(r.hub.User, r.name, sdk.CreateBranchProtectionOption{BranchName: "main"})
	require.NoError(r.t, err)
	r.setLive(bad)
	r.decided("protected")
	r.eventually("the server to say where main is", func() bool { // it may be too busy to
		branch, _, err := r.hub.Client().GetRepoBranch(r.hub.User, r.name, "main")
		return err == nil && branch.Commit.ID == bad
	})
}

// badToken has a token that was good for reading only when it was given.
func badToken(r *realShop) {
	r.actAs(strings.Repeat("0", 40))
	r.auth.Password = r.hub.token // Git still works
	r.broken()
	r.decided("not authorized")
	require.Empty(r.t, r.pulls())
	r.stop()
	r.actAs(r.hub.token)
	r.start()
	r.proposed(history.ProposalOpen)
	r.page()
}

// serverDown has the server go away while the Gate fails, and come back.
func serverDown(r *realShop) {
	r.start()
	r.verified("shop", r.deploy("Sell at 7", price("7")))
	r.runner.mu.Lock()
	down := sync.OnceFunc(func() { r.proxy.Down(true) })
	r.runner.judge = func(job runner.Job) int {
		code := r.judge(job)
		if code != 0 {
			down()
		}
		return code
	}
	r.runner.mu.Unlock()
	r.deploy("Sell for nothing", price("0"))
	r.decided("502")
	require.Empty(r.t, r.pulls())
	r.proxy.Down(false)
	r.proposed(history.ProposalOpen)
	r.accept(r.page().Index, sdk.MergeStyleMerge, "", "")
	r.recovered()
	r.page()
}

// oneRequestIn20Fails goes through a whole story on a connection that is not to be relied on.
func oneRequestIn20Fails(r *realShop) {
	r.proxy.FailOneIn(20)
	r.broken()
	r.proposed(history.ProposalOpen)
	r.accept(r.page().Index, sdk.MergeStyleMerge, "", "")
	r.recovered()
	r.page()
}
