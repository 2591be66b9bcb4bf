package github_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/github"
	"github.com/assay-dev/assay/rollback/gitprovider/github/githubtest"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/bare"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git/gittest"
)

func TestMergeMethods(t *testing.T) {
	for name, c := range map[string]struct {
		methods []bare.Style
		told    bool
		linear  bool
		parents string // of what is on main then, beyond its own line
	}{
		"merge":                 {[]bare.Style{bare.Merge, bare.Squash, bare.Rebase}, true, false, "main branch"},
		"squash":                {[]bare.Style{bare.Rebase, bare.Squash}, true, false, "main"},
		"rebase":                {[]bare.Style{bare.Rebase}, true, false, "main"},
		"settings are not told": {[]bare.Style{bare.Rebase}, false, false, "main"},
		"a rule against merges": {[]bare.Style{bare.Merge, bare.Squash}, true, true, "main"},
	} {
		t.Run(name, func(t *testing.T) {
			server := githubtest.New(t)
			server.Methods, server.Told, server.Linear = c.methods, c.told, c.linear
			pr := opened(t, server)
			before := server.Head("main")
			require.NoError(t, withToken(t, server).Merge(t.Context(), pr.Number, hash(t, pr.Head)))
			want := before
			if c.parents == "main branch" {
				want += " " + pr.Head
			}
			require.Equal(t, want, gittest.Run(t, server.Dir, "log", "-1", "--format=%P", "main"))
			got, err := withToken(t, server).Get(t.Context(), pr.Number)
			require.NoError(t, err)
			require.Equal(t, server.Head("main"), got.MergeCommit.String())
			require.Equal(t, "assay[bot]", got.By)
		})
	}
}

func TestMergeThatIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		arrange func(*githubtest.Server)
		want    error
		text    string
	}{
		"approval": {func(s *githubtest.Server) { s.Protect() }, gitprovider.ErrBlocked, "GitHub calls it blocked: an approval"},
		"check":    {func(s *githubtest.Server) { s.Require("ci/build") }, gitprovider.ErrBlocked, "GitHub calls it blocked"},
		"not told": {func(s *githubtest.Server) {
			s.Instead = says("PUT", 405, "At least 1 approving review is required", nil)
		}, gitprovider.ErrBlocked, "At least 1 approving review"},
		"base moves on": {func(s *githubtest.Server) { s.Instead = says("PUT", 405, "Base branch was modified.", nil) }, gitprovider.ErrBlocked, "Base branch was modified"},
		"moved then":    {func(s *githubtest.Server) { s.Instead = says("PUT", 409, "Head branch was modified.", nil) }, gitprovider.ErrHeadMoved, "Head branch was modified"},
		"no method":     {func(s *githubtest.Server) { s.Methods, s.Told = nil, false }, gitprovider.ErrBlocked, "Rebase merges are not allowed"},
		"none told":     {func(s *githubtest.Server) { s.Methods = nil }, gitprovider.ErrBlocked, "allows no way to merge"},
		"never checked": {func(s *githubtest.Server) { s.Unchecked = 100 }, gitprovider.ErrBlocked, "still finding out"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := githubtest.New(t)
				pr := opened(t, server)
				c.arrange(server)
				err := withToken(t, server).Merge(t.Context(), pr.Number, hash(t, pr.Head))
				require.ErrorIs(t, err, c.want)
				require.ErrorContains(t, err, c.text)
			})
		})
	}
}

func TestMergeWaitsForGitHubToFindOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := githubtest.New(t)
		pr := opened(t, server)
		server.Unchecked = 3
		require.NoError(t, withToken(t, server).Merge(t.Context(), pr.Number, hash(t, pr.Head)))
	})
}

// TestMergeOfAnAdministrator is refused here, since GitHub would do it: rules are for those who are not asked to follow them, too.
func TestMergeOfAnAdministrator(t *testing.T) {
	server := githubtest.New(t)
	pr := opened(t, server)
	server.Protect()
	server.Instead = func(w http.ResponseWriter, r *http.Request) bool {
		require.NotEqual(t, http.MethodPut, r.Method, "GitHub is not asked to merge")
		return false
	}
	p := withToken(t, server)
	checks, err := p.Checks(t.Context(), pr.Number, hash(t, pr.Head))
	require.NoError(t, err)
	require.Equal(t, gitprovider.ChecksPending, checks.State)
	require.Contains(t, checks.Reason, "an approval")
	require.ErrorIs(t, p.Merge(t.Context(), pr.Number, hash(t, pr.Head)), gitprovider.ErrBlocked)
}

// TestMergeWhileTheBaseMoves asks again, for GitHub says that it may.
func TestMergeWhileTheBaseMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := githubtest.New(t)
		pr, merges := opened(t, server), 0
		server.Instead = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPut || merges == 2 {
				return false
			}
			merges++
			githubtest.Say(w, http.StatusMethodNotAllowed, "Base branch was modified. Review and try the merge again.")
			return true
		}
		require.NoError(t, withToken(t, server).Merge(t.Context(), pr.Number, hash(t, pr.Head)))
		require.Equal(t, 2, merges)
	})
}

// TestMergeWhoseAnswerIsLost is one that took effect all the same.
func TestMergeWhoseAnswerIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := githubtest.New(t)
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
		p, err := github.New(page, github.Credentials{Token: forge.Right}, transport.Client(lossy))
		require.NoError(t, err)
		require.NoError(t, p.Merge(t.Context(), pr.Number, hash(t, pr.Head)))
		require.Equal(t, 2, merges)
	})
}
