package github_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/github/githubtest"
	"github.com/assay-dev/assay/sources/git/gittest"
)

// pushed makes a branch with one commit, without a pull request.
func pushed(t *testing.T, server *githubtest.Server) {
	t.Helper()
	commit := gittest.Run(t, server.Dir, "commit-tree", "main^{tree}", "-p", "main", "-m", "Revert")
	gittest.Run(t, server.Dir, "update-ref", "refs/heads/"+branch, commit)
}

var request = gitprovider.NewPullRequest{Branch: branch, Base: "main", Title: "Revert", Labels: []string{"assay", "prod: down"}}

func TestOpenWithLabels(t *testing.T) {
	server := githubtest.New(t)
	pushed(t, server)
	server.Instead = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/labels") || strings.Contains(r.URL.Path, "/issues/") {
			return false
		}
		githubtest.Say(w, http.StatusUnprocessableEntity, "Validation Failed", map[string]string{"resource": "Label", "field": "name", "code": "already_exists"})
		return true
	}
	pr, err := withToken(t, server).Open(t.Context(), request)
	require.NoError(t, err, "labels that somebody else made meanwhile are there")
	require.Equal(t, []string{"assay", "prod: down"}, pr.Labels)
}

func TestOpenOfNothingNew(t *testing.T) {
	server := githubtest.New(t)
	pushed(t, server)
	server.Instead = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		githubtest.Say(w, http.StatusUnprocessableEntity, "Validation Failed",
			map[string]string{"resource": "PullRequest", "code": "custom", "message": "No commits between main and " + branch})
		return true
	}
	_, err := withToken(t, server).Open(t.Context(), request)
	require.EqualError(t, err, "open a pull request for "+branch+" of "+page+": 422 Unprocessable Entity: Validation Failed: No commits between main and "+branch)
}

// TestOpenOfOneThatWasClosedInBetween is refused for a pull request that is gone when it is looked for.
func TestOpenOfOneThatWasClosedInBetween(t *testing.T) {
	server := githubtest.New(t)
	open := opened(t, server)
	server.Instead = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			server.Close(open.Number, "ana")
		}
		return false
	}
	_, err := withToken(t, server).Open(t.Context(), request)
	require.ErrorContains(t, err, "A pull request already exists for shop:"+branch)
}

func TestReviewers(t *testing.T) {
	server := githubtest.New(t)
	pr := opened(t, server)
	p := withToken(t, server)
	require.NoError(t, p.RequestReviewers(t.Context(), pr.Number, "bo", "team:platform"))
	now, err := server.Get(pr.Number)
	require.NoError(t, err)
	require.Equal(t, []string{"bo", "team:platform"}, now.Reviewers)
	err = p.RequestReviewers(t.Context(), pr.Number, "mallory")
	require.ErrorContains(t, err, "ask mallory to review pull request 1 of "+page)
	require.ErrorContains(t, err, "Reviews may only be requested from collaborators.")
}
