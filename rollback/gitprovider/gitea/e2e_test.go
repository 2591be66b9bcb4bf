//go:build e2e

package gitea_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	sdk "code.gitea.io/sdk/gitea"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitea"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/testdata/stack"
)

// reviewer is a user who may read every repository of the tests.
const reviewer = "ben"

// repository makes one on the server, with the provider for it and what people do there.
func repository(t *testing.T, server *stack.Gitea, weak, name string) gitprovidertest.Repository {
	t.Helper()
	url := server.CreateRepository(t, name)
	m, err := git.OpenMirror(filepath.Join(t.TempDir(), "mirror"), url, git.Auth{Username: server.User, Password: server.Token})
	require.NoError(t, err)
	_, err = server.Client().AddCollaborator(server.User, name, reviewer, sdk.AddCollaboratorOption{})
	require.NoError(t, err)
	connect := func(t *testing.T, a gitprovidertest.Access) gitprovider.Provider {
		url, token := url, server.Token
		switch a.Token {
		case gitprovidertest.WrongToken:
			token = strings.Repeat("0", 40)
		case gitprovidertest.WeakToken:
			token = weak
		}
		if a.Nowhere {
			url = server.URL + "/ana/nowhere.git"
		}
		p, err := gitea.New(url, token, transport.Client(a.Through))
		require.NoError(t, err)
		return p
	}
	protect := func(o sdk.CreateBranchProtectionOption) {
		o.RuleName, o.BlockAdminMergeOverride = "main", true
		_, _, err := server.Client().CreateBranchProtection(server.User, name, o)
		require.NoError(t, err)
	}
	return gitprovidertest.Repository{
		Provider: connect(t, gitprovidertest.Access{}), Mirror: m, Connect: connect, Scope: "write:issue", Reviewer: reviewer,
		Stop: func(t *testing.T, number int64) {
			label, _, err := server.Client().CreateLabel(server.User, name, sdk.CreateLabelOption{Name: "assay/stop", Color: "#ff0000"})
			require.NoError(t, err)
			_, _, err = server.Client().AddIssueLabels(server.User, name, number, sdk.IssueLabelsOption{Labels: []int64{label.ID}})
			require.NoError(t, err)
		},
		Asked: func(t *testing.T, number int64) (names []string) {
			pr, _, err := server.Client().GetPullRequest(server.User, name, number)
			require.NoError(t, err)
			for _, user := range pr.RequestedReviewers {
				names = append(names, user.UserName)
			}
			return names
		},
		Seen: func(t *testing.T, commit git.Hash) map[string]gitprovider.CommitStatus {
			combined, _, err := server.Client().GetCombinedStatus(server.User, name, commit.String())
			require.NoError(t, err)
			seen := map[string]gitprovider.CommitStatus{}
			for _, s := range combined.Statuses {
				state := gitprovider.StatusState(strings.ToUpper(string(s.State[:1])) + string(s.State[1:]))
				seen[s.Context] = gitprovider.CommitStatus{Context: s.Context, State: state, Description: s.Description, URL: s.TargetURL}
			}
			return seen
		},
		Require: func(t *testing.T, check string) {
			protect(sdk.CreateBranchProtectionOption{EnableStatusCheck: true, StatusCheckContexts: []string{check}})
		},
		Report: func(t *testing.T, commit git.Hash, check string, state gitprovider.StatusState) {
			_, _, err := server.Client().CreateStatus(server.User, name, commit.String(), sdk.CreateStatusOption{
				State: sdk.StatusState(strings.ToLower(string(state))), Context: check,
			})
			require.NoError(t, err)
		},
		Protect: func(t *testing.T) { protect(sdk.CreateBranchProtectionOption{RequiredApprovals: 1}) },
	}
}

// weakToken may read, and no more.
func weakToken(t *testing.T, server *stack.Gitea) string {
	t.Helper()
	made, _, err := server.Client().CreateAccessToken(sdk.CreateAccessTokenOption{Name: "weak", Scopes: []sdk.AccessTokenScope{"read:repository", "read:issue"}})
	require.NoError(t, err)
	return made.Token
}

// TestRealServer runs the suite, and what a person does on the pages, against a real server.
func TestRealServer(t *testing.T) {
	server := stack.StartGitea(t)
	server.CreateUser(t, reviewer)
	weak := weakToken(t, server)
	var count atomic.Int64
	t.Run("Suite", func(t *testing.T) {
		gitprovidertest.Run(t, func(t *testing.T) gitprovidertest.Repository {
			return repository(t, server, weak, fmt.Sprintf("config-%d", count.Add(1)))
		})
	})
	t.Run("OpenedAnewByAPerson", func(t *testing.T) {
		r := repository(t, server, weak, "anew")
		pr := opened(t, r)
		require.NoError(t, r.Provider.Close(t.Context(), pr.Number))
		again, _, err := server.Client().CreatePullRequest("ana", "anew", sdk.CreatePullRequestOption{Head: branch, Base: "main", Title: "Again"})
		require.NoError(t, err)
		found, err := r.Provider.Find(t.Context(), branch, "main")
		require.NoError(t, err)
		require.Equal(t, again.Index, found.Number)
	})
	t.Run("RenamedByAPerson", func(t *testing.T) {
		r := repository(t, server, weak, "renamed")
		pr := opened(t, r)
		name := "renamed-since"
		_, _, err := server.Client().EditRepo(server.User, "renamed", sdk.EditRepoOption{Name: &name})
		require.NoError(t, err)
		require.NoError(t, r.Provider.UpdateBody(t.Context(), pr.Number, "It is still so."))
		require.NoError(t, r.Provider.Label(t.Context(), pr.Number, "assay"))
		got, err := r.Provider.Get(t.Context(), pr.Number)
		require.NoError(t, err)
		require.Equal(t, "It is still so.", got.Body)
		require.Equal(t, []string{"assay"}, got.Labels)
		require.NoError(t, r.Provider.Close(t.Context(), pr.Number))
		got, err = r.Provider.Get(t.Context(), pr.Number)
		require.NoError(t, err)
		require.Equal(t, gitprovider.Closed, got.State)
	})
	t.Run("ManyLabels", func(t *testing.T) {
		r := repository(t, server, weak, "labelled")
		pr := opened(t, r)
		for i := range 60 {
			_, _, err := server.Client().CreateLabel(server.User, "labelled", sdk.CreateLabelOption{Name: fmt.Sprintf("a-%02d", i), Color: "#ff0000"})
			require.NoError(t, err)
		}
		require.NoError(t, r.Provider.Label(t.Context(), pr.Number, "zebra"))
		require.NoError(t, r.Provider.Label(t.Context(), pr.Number, "zebra"))
		got, err := r.Provider.Get(t.Context(), pr.Number)
		require.NoError(t, err)
		require.Equal(t, []string{"zebra"}, got.Labels, "the label is made once")
	})
}

const branch = "assay/revert-0123456789ab"

// opened opens a pull request right after its branch is pushed.
func opened(t *testing.T, r gitprovidertest.Repository) *gitprovider.PullRequest {
	t.Helper()
	head, _, err := r.Mirror.Refresh(t.Context(), "main")
	require.NoError(t, err)
	base, err := r.Mirror.Repository().Commit(t.Context(), head)
	require.NoError(t, err)
	s := r.Mirror.Repository().Scratch()
	tree, err := s.EditTree(t.Context(), base.Tree, map[string]git.Entry{"file": {Mode: 0o100644, Hash: s.WriteBlob([]byte("x"))}})
	require.NoError(t, err)
	commit, err := s.WriteCommit(git.NewCommit{Tree: tree, Parents: []git.Hash{head}, Author: base.Author, Committer: base.Committer, Message: "Revert\n"})
	require.NoError(t, err)
	require.NoError(t, s.Flush(t.Context()))
	require.NoError(t, r.Mirror.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/" + branch, New: commit}))
	pr, err := r.Provider.Open(t.Context(), gitprovider.NewPullRequest{Branch: branch, Base: "main", Title: "Revert", Body: "Because."})
	require.NoError(t, err)
	return pr
}
