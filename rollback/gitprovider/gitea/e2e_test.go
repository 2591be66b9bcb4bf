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
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/testdata/stack"
)

// repository makes one on the server, with the provider for it.
func repository(t *testing.T, server *stack.Gitea, name string) gitprovidertest.Repository {
	t.Helper()
	url := server.CreateRepository(t, name)
	m, err := git.OpenMirror(filepath.Join(t.TempDir(), "mirror"), url, git.Auth{Username: server.User, Password: server.Token})
	require.NoError(t, err)
	p, err := gitea.New(url, server.Token, nil)
	require.NoError(t, err)
	return gitprovidertest.Repository{Provider: p, Mirror: m}
}

// TestRealServer runs the suite, and what a person does on the pages, against a real server.
func TestRealServer(t *testing.T) {
	server := stack.StartGitea(t)
	var count atomic.Int64
	gitprovidertest.Run(t, func(t *testing.T) gitprovidertest.Repository {
		return repository(t, server, fmt.Sprintf("config-%d", count.Add(1)))
	})
	t.Run("WrongToken", func(t *testing.T) {
		p, err := gitea.New(server.CreateRepository(t, "token"), strings.Repeat("0", 40), nil)
		require.NoError(t, err)
		_, err = p.Find(t.Context(), "assay/revert-0123456789ab", "main")
		require.ErrorIs(t, err, gitprovider.ErrUnauthorized)
		require.ErrorContains(t, err, "write:repository and write:issue")
	})
	t.Run("NoRepository", func(t *testing.T) {
		p, err := gitea.New(server.URL+"/ana/nowhere.git", server.Token, nil)
		require.NoError(t, err)
		_, err = p.Find(t.Context(), "assay/revert-0123456789ab", "main")
		require.ErrorIs(t, err, gitprovider.ErrNotFound)
	})
	t.Run("LabelOfAPerson", func(t *testing.T) {
		r := repository(t, server, "labels")
		pr := opened(t, r)
		label, _, err := server.Client().CreateLabel("ana", "labels", sdk.CreateLabelOption{Name: "assay/stop", Color: "#ff0000"})
		require.NoError(t, err)
		_, _, err = server.Client().AddIssueLabels("ana", "labels", pr.Number, sdk.IssueLabelsOption{Labels: []int64{label.ID}})
		require.NoError(t, err)
		got, err := r.Provider.Get(t.Context(), pr.Number)
		require.NoError(t, err)
		require.Equal(t, []string{"assay/stop"}, got.Labels)
	})
	t.Run("ProtectedBranch", func(t *testing.T) {
		r := repository(t, server, "protected")
		pr := opened(t, r)
		_, _, err := server.Client().CreateBranchProtection("ana", "protected", sdk.CreateBranchProtectionOption{RuleName: "main", RequiredApprovals: 1})
		require.NoError(t, err)
		require.ErrorIs(t, r.Provider.Merge(t.Context(), pr.Number, pr.Head), gitprovider.ErrBlocked)
	})
	t.Run("OpenedAnewByAPerson", func(t *testing.T) {
		r := repository(t, server, "anew")
		pr := opened(t, r)
		require.NoError(t, r.Provider.Close(t.Context(), pr.Number))
		again, _, err := server.Client().CreatePullRequest("ana", "anew", sdk.CreatePullRequestOption{Head: branch, Base: "main", Title: "Again"})
		require.NoError(t, err)
		found, err := r.Provider.Find(t.Context(), branch, "main")
		require.NoError(t, err)
		require.Equal(t, again.Index, found.Number)
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
