package gitlab_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitlab"
	"github.com/assay-dev/assay/rollback/gitprovider/gitlab/gitlabtest"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

func TestMerge(t *testing.T) {
	server := gitlabtest.New(t)
	pr := opened(t, server)
	p := connect(t, server)
	require.NoError(t, p.Merge(t.Context(), pr.Number, hash(t, pr.Head)))
	got, err := p.Get(t.Context(), pr.Number)
	require.NoError(t, err)
	require.Equal(t, gitprovider.Merged, got.State)
	require.Equal(t, "assay-bot", got.By)
	require.Equal(t, server.Head("main"), got.MergeCommit.String())
}

// TestMergeByFastForward leaves no merge commit, so the head is what was merged.
func TestMergeByFastForward(t *testing.T) {
	server := gitlabtest.New(t)
	server.FastForward = true
	pr := opened(t, server)
	p := connect(t, server)
	require.NoError(t, p.Merge(t.Context(), pr.Number, hash(t, pr.Head)))
	got, err := p.Get(t.Context(), pr.Number)
	require.NoError(t, err)
	require.Equal(t, pr.Head, got.MergeCommit.String())
	require.Equal(t, pr.Head, server.Head("main"))
}

func TestMergeThatIsRefused(t *testing.T) {
	moved := map[string]string{"message": "SHA does not match HEAD of source branch"}
	for name, c := range map[string]struct {
		arrange func(*gitlabtest.Server)
		want    error
		text    string
	}{
		"approval":      {func(s *gitlabtest.Server) { s.Protect() }, gitprovider.ErrBlocked, "it waits for an approval (not_approved): merge merge request 1 of " + page},
		"pipeline":      {func(s *gitlabtest.Server) { s.Require("ci/build") }, gitprovider.ErrBlocked, "its pipeline must succeed (ci_must_pass)"},
		"conflict":      {func(s *gitlabtest.Server) { s.Status = "conflict" }, gitprovider.ErrBlocked, "it conflicts with the target branch (conflict)"},
		"rebase":        {func(s *gitlabtest.Server) { s.Status = "need_rebase" }, gitprovider.ErrBlocked, "it must be rebased first"},
		"draft":         {func(s *gitlabtest.Server) { s.Status = "draft_status" }, gitprovider.ErrBlocked, "it is a draft"},
		"of the future": {func(s *gitlabtest.Server) { s.Status = "moon_phase" }, gitprovider.ErrBlocked, "GitLab says moon_phase"},
		"role":          {func(s *gitlabtest.Server) { s.Role = true }, gitprovider.ErrBlocked, "the token's role may not merge into main"},
		"moved then":    {func(s *gitlabtest.Server) { s.Instead = says("PUT", 409, moved, nil) }, gitprovider.ErrHeadMoved, "SHA does not match"},
		"never checked": {func(s *gitlabtest.Server) { s.Unchecked = 100 }, gitprovider.ErrBlocked, "GitLab says checking"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := gitlabtest.New(t)
				pr := opened(t, server)
				c.arrange(server)
				err := connect(t, server).Merge(t.Context(), pr.Number, hash(t, pr.Head))
				require.ErrorIs(t, err, c.want)
				require.ErrorContains(t, err, c.text)
			})
		})
	}
}

func TestMergeWaitsForGitLabToFindOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := gitlabtest.New(t)
		pr := opened(t, server)
		server.Unchecked = 3
		require.NoError(t, connect(t, server).Merge(t.Context(), pr.Number, hash(t, pr.Head)))
	})
}

func TestMergeAtAnotherHead(t *testing.T) {
	server := gitlabtest.New(t)
	pr := opened(t, server)
	require.ErrorIs(t, connect(t, server).Merge(t.Context(), pr.Number, git.Hash{1}), gitprovider.ErrHeadMoved)
}

// TestMergeWhoseAnswerIsLost is one that took effect all the same.
func TestMergeWhoseAnswerIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := gitlabtest.New(t)
		pr, merges := opened(t, server), 0
		lossy := roundTrip(func(r *http.Request) (*http.Response, error) {
			response, err := server.RoundTrip(r)
			if r.Method == http.MethodPut {
				merges++
			}
			if r.Method == http.MethodPut && merges == 1 {
				return nil, io.ErrUnexpectedEOF
			}
			return response, err
		})
		p, err := gitlab.New(page, forge.Right, transport.Client(lossy))
		require.NoError(t, err)
		require.NoError(t, p.Merge(t.Context(), pr.Number, hash(t, pr.Head)))
		require.Equal(t, 2, merges)
	})
}
