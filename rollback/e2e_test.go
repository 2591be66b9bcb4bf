//go:build e2e

package rollback_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	sdk "code.gitea.io/sdk/gitea"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitea"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/testdata/stack"
)

// How long the server may take to see a push.
const (
	patience = 20 * time.Second
	tick     = 100 * time.Millisecond
)

// TestRealProposal goes through the life of a Proposal on a real server.
func TestRealProposal(t *testing.T) {
	server := stack.StartGitea(t)
	_, _, err := server.Client().CreateRepo(sdk.CreateRepoOption{Name: "shop"})
	require.NoError(t, err)
	address := server.URL + "/ana/shop.git"
	people, err := url.Parse(address)
	require.NoError(t, err)
	people.User = url.UserPassword(server.User, server.Password)

	w := &work{TB: t}
	w.begin(people.String(), address, git.Auth{Username: server.User, Password: server.Token})
	require.Eventually(t, func() bool { // until then it has no pull requests, not even none
		repository, _, err := server.Client().GetRepo(server.User, "shop")
		return err == nil && !repository.Empty
	}, patience, tick)
	p, err := gitea.New(address, server.Token, nil)
	require.NoError(t, err)
	good := w.hash("HEAD")
	w.edit("overlays/staging/kustomization.yaml", "mode=staging", "mode=test")
	plan := w.plan(w.request(good, w.commit("Test mode")))

	opened := w.open(p, plan, staging())
	require.Equal(t, opened, w.open(p, plan, staging()), "again, after a crash")
	of := proposed(plan, opened)
	require.Equal(t, rollback.State{State: gitprovider.Open}, w.status(p, of))
	page, err := p.Get(t.Context(), opened.Number)
	require.NoError(t, err)
	require.Equal(t, opened.URL, page.URL)
	require.Equal(t, strings.TrimSpace(rollback.Body(staging(), plan)), strings.TrimSpace(page.Body))

	w.edit("README.md", "A shop", "The shop")
	w.commit("Reword")
	require.ErrorIs(t, rollback.Merge(t.Context(), w.mirror, p, of), git.ErrStale)
	plan = w.replan(plan)
	opened = w.open(p, plan, staging())
	require.Equal(t, of.Number, opened.Number, "the same page, on the new base")
	of = proposed(plan, opened)
	require.Eventually(t, func() bool { // the server takes a moment to see the push
		return rollback.Merge(t.Context(), w.mirror, p, of) == nil
	}, patience, tick)
	state := w.status(p, of)
	require.Equal(t, gitprovider.Merged, state.State)
	require.Equal(t, w.head(), state.Commit)

	w.git("pull", "-q", "--ff-only")
	good = w.hash("HEAD")
	w.edit("overlays/staging/kustomization.yaml", "mode=staging", "mode=other")
	plan = w.plan(w.request(good, w.commit("Other mode")))
	of = proposed(plan, w.open(p, plan, staging()))
	shut := sdk.StateClosed
	_, _, err = server.Client().EditPullRequest("ana", "shop", of.Number, sdk.EditPullRequestOption{State: &shut})
	require.NoError(t, err)
	require.Equal(t, gitprovider.Closed, w.status(p, of).State)
	_, err = rollback.Open(t.Context(), w.mirror, p, plan, "")
	var refusal *rollback.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, "closed-before", refusal.Rule)
}
