package rollback_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/rollbacktest"
	"github.com/assay-dev/assay/sources/git"
)

// onHub is broken at a server that has pull requests, with its Proposal open.
func onHub(t *testing.T) (*work, *rollbacktest.Hub, gitprovider.Provider, *rollback.Plan, rollback.Proposed) {
	w, _, plan := broken(t)
	hub := rollbacktest.New()
	p := hub.Provider(w.mirror)
	return w, hub, p, plan, proposed(plan, w.open(p, plan, staging()))
}

func (w *work) obstacle(p gitprovider.Provider, of rollback.Proposed) string {
	w.Helper()
	refusal, err := rollback.Obstacle(w.Context(), w.mirror, p, of)
	require.NoError(w, err)
	if refusal == nil {
		return ""
	}
	require.True(w, refusal.Later)
	var same *rollback.Refusal
	if err := rollback.Merge(w.Context(), w.mirror, p, of); !errors.Is(err, gitprovider.ErrHeadMoved) {
		require.ErrorAs(w, err, &same)
		require.Equal(w, refusal, same, "merging is kept back by the same")
	}
	return refusal.Rule + ": " + refusal.Reason
}

// TestWhatKeepsAProposalFromBeingMerged takes each thing away again, and merges at last.
func TestWhatKeepsAProposalFromBeingMerged(t *testing.T) {
	w, hub, p, _, of := onHub(t)
	pending := gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "waiting for: lint"}
	hub.Require(pending)
	require.Equal(t, "checks-pending: the required checks have not ended: waiting for: lint", w.obstacle(p, of))
	hub.Require(gitprovider.Checks{State: gitprovider.ChecksFailing, Reason: "failed: lint"})
	require.Equal(t, "checks-failed: a required check failed, which leaves the merge to a person: failed: lint", w.obstacle(p, of))
	hub.Require(gitprovider.Checks{State: "Odd"})
	require.Contains(t, w.obstacle(p, of), `what is not understood: "Odd"`)
	hub.Require(gitprovider.Checks{State: gitprovider.ChecksPassing})

	body := hub.Pulls()[0].Body
	for rule, change := range map[string]func(pr *gitprovider.PullRequest){
		"stopped: the label assay/stop is on": func(pr *gitprovider.PullRequest) { pr.Labels = []string{rollback.StopLabel} },
		"retargeted: the pull request is for": func(pr *gitprovider.PullRequest) { pr.Base = "production" },
		"claims: the text no longer says on":  func(pr *gitprovider.PullRequest) { pr.Body = "" },
		"claims: what environments say about": func(pr *gitprovider.PullRequest) { pr.Body += "\n<!-- assay:claim {nonsense -->" },
	} {
		hub.Edit(t, of.Number, change)
		require.Contains(t, w.obstacle(p, of), rule)
		hub.Edit(t, of.Number, func(pr *gitprovider.PullRequest) { pr.Labels, pr.Base, pr.Body = nil, "main", body })
	}
	w.write(map[string]string{".assay/stop": "Release week.\n"})
	w.commit("Stop")
	require.Contains(t, w.obstacle(p, of), "stopped: .assay/stop lies on main")
	w.git("reset", "-q", "--hard", "HEAD~1")
	w.git("push", "-q", "--force", "origin", "HEAD")
	require.Empty(t, w.obstacle(p, of))
	require.NoError(t, rollback.Merge(t.Context(), w.mirror, p, of))
	require.Equal(t, gitprovider.Merged, w.status(p, of).State)
}

// TestStands has the base move in every way that concerns an open Proposal.
func TestStands(t *testing.T) {
	w, _, p, plan, of := onHub(t)
	stands := func() rollback.Standing {
		s, err := rollback.Stands(t.Context(), w.mirror, of)
		require.NoError(t, err)
		return s
	}
	require.False(t, stands().Moved)
	w.edit("README.md", "A shop", "The shop")
	moved := w.commit("Reword")
	s := stands()
	require.True(t, s.Moved)
	require.False(t, s.Conflicts)
	require.Equal(t, moved, s.BaseHead)
	same, err := s.ComesTo(t.Context(), w.mirror, w.replan(plan))
	require.NoError(t, err)
	require.True(t, same)
	require.ErrorIs(t, rollback.Merge(t.Context(), w.mirror, p, of), git.ErrStale)
	of.Proven = moved
	require.NoError(t, rollback.Merge(t.Context(), w.mirror, p, of), "no need to build it anew")

	w, _, _, plan, of = onHub(t)
	w.edit("overlays/staging/kustomization.yaml", "mode=test]", "mode=test, size=big]")
	w.commit("Grow")
	s = stands()
	require.True(t, s.Conflicts)
	same, err = s.ComesTo(t.Context(), w.mirror, plan)
	require.NoError(t, err)
	require.False(t, same)
}

// TestPeopleOpenedARevert finds what people opened, however they say it, and nothing else.
func TestPeopleOpenedARevert(t *testing.T) {
	for name, tt := range map[string]struct {
		title, body string
		make        func(w *work, culprit git.Hash)
		found       bool
	}{
		"by its text": {"Back out", "This reverts commit %s.", func(w *work, _ git.Hash) { w.edit("README.md", "A shop", "The shop") }, true},
		"by a commit": {`Revert "Test mode" (#12)`, "Reverts shop#12", func(w *work, c git.Hash) { w.git("revert", "--no-edit", c.String()) }, true},
		"by what it changes": {"Repair staging", "", func(w *work, _ git.Hash) {
			w.edit("overlays/staging/kustomization.yaml", "mode=test", "mode=staging")
		}, true},
		"something else":            {"Sell more", "", func(w *work, _ git.Hash) { w.edit("README.md", "A shop", "The shop") }, false},
		"a revert of something":     {`Revert "Begin"`, "This reverts commit 0123456789abcdef.", func(w *work, _ git.Hash) { w.edit("README.md", "A shop", "A") }, false},
		"another instance of Assay": {"Revert", "This reverts commit %s.\n<!-- assay:claim {} -->", func(w *work, _ git.Hash) { w.edit("README.md", "A shop", "A") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w, hub, p, plan, of := onHub(t)
			culprit := plan.Culprits[0]
			w.git("checkout", "-q", "-b", "theirs")
			tt.make(w, culprit)
			w.commit("Change")
			w.git("checkout", "-q", "main")
			number := hub.Open("theirs", tt.title, strings.ReplaceAll(tt.body, "%s", culprit.String()))
			found, err := rollback.FindRevert(t.Context(), w.mirror, p, of)
			require.NoError(t, err)
			if !tt.found {
				require.Nil(t, found)
				return
			}
			require.Equal(t, number, found.Number)
			body := rollback.JoinBody(staging(), plan)
			require.NoError(t, rollback.Join(t.Context(), p, found, plan.Culprits, body))
			require.NoError(t, rollback.Join(t.Context(), p, found, plan.Culprits, body), "again, after a crash")
			require.Len(t, hub.Comments(number), 1)
			require.NotContains(t, hub.Comments(number)[0], "assay:claim", "nothing is merged on its behalf")
			golden(t, "joined.md", strings.ReplaceAll(hub.Comments(number)[0], culprit.String(), "0123456789abcdef0123456789abcdef01234567"))
		})
	}
}

// TestAJoinedRevertLands has people bring their own revert to main in every way.
func TestAJoinedRevertLands(t *testing.T) {
	for name, bring := range map[string]func(w *work){
		"fast-forward": func(w *work) { w.git("merge", "-q", "--ff-only", "theirs") },
		"merge":        func(w *work) { w.git("merge", "-q", "--no-ff", "-m", "Merge it", "theirs") },
		"squash":       func(w *work) { w.git("merge", "-q", "--squash", "theirs"); w.git("commit", "-q", "-m", "Repair") },
	} {
		t.Run(name, func(t *testing.T) {
			w, hub, p, plan, of := onHub(t)
			w.git("checkout", "-q", "-b", "theirs")
			w.git("revert", "--no-edit", plan.Culprits[0].String())
			head := w.push()
			w.git("checkout", "-q", "main")
			of.Number, of.Head, of.Joined = hub.Open("theirs", "Revert", ""), head, true
			require.Equal(t, rollback.State{State: gitprovider.Open}, w.status(p, of))
			require.Contains(t, w.obstacle(p, of), "joined: people opened this revert")
			bring(w)
			landed := w.push()
			require.Equal(t, landed, w.status(p, of).Commit)
			require.Equal(t, gitprovider.Merged, w.status(p, of).State)
		})
	}
	t.Run("not", func(t *testing.T) {
		w, hub, p, plan, of := onHub(t)
		w.git("checkout", "-q", "-b", "theirs")
		w.git("revert", "--no-edit", plan.Culprits[0].String())
		of.Head, of.Joined = w.push(), true
		of.Number = hub.Open("theirs", "Revert", "")
		w.git("checkout", "-q", "main")
		w.commit("Nothing") // an empty commit brings nothing
		hub.Close(t, of.Number)
		require.Equal(t, rollback.State{State: gitprovider.Closed, Reason: "closed without being merged by ana"}, w.status(p, of))
	})
}

// TestEveryCallMayFail tells the life of a Proposal with one call to the server failing, before it does anything and after, and each step
// repeated until it succeeds. The end is always the same.
func TestEveryCallMayFail(t *testing.T) {
	down := errors.New("the server is down")
	type end struct {
		state    gitprovider.State
		branches int
	}
	life := func(t *testing.T, failing int, after bool) (calls int, at end) {
		w, _, plan := broken(t)
		hub := rollbacktest.New()
		hub.Fail(func(_ string, is bool) error {
			if is == after {
				calls++
				if calls == failing {
					return down
				}
			}
			return nil
		})
		p := hub.Provider(w.mirror)
		until := func(step func() error) {
			err := step()
			for tries := 0; err != nil && tries < 3; tries++ {
				require.ErrorIs(t, err, down)
				err = step()
			}
			require.NoError(t, err)
		}
		var of rollback.Proposed
		prod := staging()
		prod.Environment, prod.ByItself = "prod", false
		plan.Insist = true // after a crash, the branch is known to be its own
		for _, e := range []rollback.Evidence{staging(), prod} {
			until(func() error {
				opened, err := rollback.Open(t.Context(), w.mirror, p, plan, rollback.Body(e, plan))
				of = proposed(plan, opened)
				return err
			})
		}
		until(func() error { _, err := rollback.Status(t.Context(), w.mirror, p, of); return err })
		until(func() error {
			_, err := rollback.Withdraw(t.Context(), w.mirror, p, of, claimOf(prod), "it passes again")
			return err
		})
		until(func() error { return rollback.Merge(t.Context(), w.mirror, p, of) })
		var state rollback.State
		until(func() (err error) { state, err = rollback.Status(t.Context(), w.mirror, p, of); return err })
		require.Len(t, hub.Pulls(), 1)
		refs, err := w.mirror.Refs(t.Context(), "refs/heads/assay/")
		require.NoError(t, err)
		require.Equal(t, 1, strings.Count(hub.Pulls()[0].Body, "<!-- assay:claim"))
		return calls, end{state.State, len(refs)}
	}
	calls, whole := life(t, 0, false)
	require.Equal(t, end{gitprovider.Merged, 1}, whole)
	for _, after := range []bool{false, true} {
		for failing := 1; failing <= calls; failing++ {
			t.Run(fmt.Sprintf("call %d, after %t", failing, after), func(t *testing.T) {
				t.Parallel()
				_, at := life(t, failing, after)
				require.Equal(t, whole, at)
			})
		}
	}
}

// overwriting is a server on which another instance writes what it had read before, right after each of the first few writes.
type overwriting struct {
	gitprovider.Provider
	times int
	text  string
}

func (o *overwriting) UpdateBody(ctx context.Context, number int64, body string) error {
	err := o.Provider.UpdateBody(ctx, number, body)
	if o.times--; err == nil && o.times >= 0 {
		return o.Provider.UpdateBody(ctx, number, o.text)
	}
	return err
}

func TestTwoInstancesWriteAtOnce(t *testing.T) {
	in := func(environment string) rollback.Evidence {
		e := staging()
		e.Environment = environment
		return e
	}
	for _, times := range []int{1, 2, 3} {
		w, hub, p, plan, _ := onHub(t)
		text := strings.TrimSpace(hub.Pulls()[0].Body) + "\n\n---\n\n" + strings.TrimSpace(rollback.Body(in("prod"), plan))
		w.open(&overwriting{p, times, text}, plan, in("qa"))
		body := hub.Pulls()[0].Body
		for _, environment := range []string{"staging", "prod", "qa"} {
			require.Equal(t, 1, strings.Count(body, `<!-- assay:claim {"environment":"`+environment), "%s after %d", environment, times)
		}
	}
	w, _, p, plan, _ := onHub(t)
	_, err := rollback.Open(t.Context(), w.mirror, &overwriting{p, 100, "Mine."}, plan, rollback.Body(in("qa"), plan))
	require.ErrorContains(t, err, "somebody else changes its text each time")
}

// TestAnotherInstancePushedTheBranch waits for it to open the pull request, takes its commits for its own, and goes on in its place in the
// end.
func TestAnotherInstancePushedTheBranch(t *testing.T) {
	w, _, plan := broken(t)
	hub := rollbacktest.New()
	p := hub.Provider(w.mirror)
	r := w.request(w.hash("HEAD~1"), plan.Culprits...)
	r.Author.When = r.Author.When.Add(time.Minute)
	theirs := w.plan(r)
	require.NoError(t, w.mirror.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/" + plan.Branch, New: theirs.Head}))
	_, err := rollback.Open(t.Context(), w.mirror, p, plan, rollback.Body(staging(), plan))
	var refusal *rollback.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, rollback.PushedElsewhere(plan.Branch), refusal)
	require.Empty(t, hub.Pulls())

	plan.Insist = true
	opened := w.open(p, plan, staging())
	require.Equal(t, theirs.Head, opened.Head)
	require.False(t, opened.ByPeople)
	require.NoError(t, rollback.Merge(t.Context(), w.mirror, p, proposed(plan, opened)))
}

// TestAnewReplacesItsOwnEvidence has a Proposal rebuilt on a newer base, while another environment's evidence stays.
func TestAnewReplacesItsOwnEvidence(t *testing.T) {
	w, hub, p, plan, of := onHub(t)
	prod := staging()
	prod.Environment = "prod"
	w.open(p, plan, prod)
	require.NoError(t, of.Say(t.Context(), p, "conflict", "It conflicts."))
	w.edit("overlays/staging/kustomization.yaml", "mode=test]", "mode=test]\n- name: more\n  literals: [a=b]")
	w.commit("Add settings")
	newer := w.replan(plan)
	later := staging()
	later.Verification = "ver-2"
	w.open(p, newer, later)
	body := hub.Pulls()[0].Body
	require.Equal(t, 2, strings.Count(body, "<!-- assay:claim"))
	require.Equal(t, 1, strings.Count(body, "**Removed:**"), body)
	require.Equal(t, 1, strings.Count(body, "**Restored:**"))
	require.Contains(t, body, "ver-2")
	require.NoError(t, proposed(newer, rollback.Opened{Head: newer.Head, Number: of.Number}).Say(t.Context(), p, "conflict", "It conflicts."))
	require.Equal(t, []string{"It conflicts."}, hub.Comments(of.Number), "it is remembered as said")
}
