package gitlab_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitlab"
	"github.com/assay-dev/assay/rollback/gitprovider/gitlab/gitlabtest"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/git/gittest"
)

const (
	page   = "http://gitlab.example.com/" + gitlabtest.Path
	branch = "assay/revert-0123456789ab"
)

// connect makes a provider that asks the server without a network.
func connect(t *testing.T, server *gitlabtest.Server) *gitlab.Provider {
	t.Helper()
	p, err := gitlab.New(page, forge.Right, transport.Client(server))
	require.NoError(t, err)
	return p
}

// opened is a merge request of a branch with one commit.
func opened(t *testing.T, server *gitlabtest.Server) forge.PullRequest {
	t.Helper()
	tree := gittest.Run(t, server.Dir, "rev-parse", "main^{tree}")
	commit := gittest.Run(t, server.Dir, "commit-tree", tree, "-p", "main", "-m", "Revert")
	gittest.Run(t, server.Dir, "update-ref", "refs/heads/"+branch, commit)
	pr, err := server.Open(gitprovider.NewPullRequest{Branch: branch, Base: "main", Title: "Revert"})
	require.NoError(t, err)
	return pr
}

func hash(t *testing.T, name string) git.Hash {
	t.Helper()
	h, err := git.ParseHash(name)
	require.NoError(t, err)
	return h
}

// says has the server give one answer to a method, in front of its own.
func says(method string, status int, body any, header map[string]string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != method {
			return false
		}
		for name, value := range header {
			w.Header().Set(name, value)
		}
		forge.Write(w, status, body)
		return true
	}
}

func TestRepositoryOfURLs(t *testing.T) {
	for raw, want := range map[string]string{
		"https://gitlab.com/shop/config.git":                "https://gitlab.com/shop/config",
		"https://gitlab.com/a/b/c/config/":                  "https://gitlab.com/a/b/c/config",
		"git@gitlab.com:shop/platform/config.git":           "https://gitlab.com/shop/platform/config",
		"ssh://git@altssh.gitlab.com:443/shop/config.git":   "https://gitlab.com/shop/config",
		"https://oauth2:secret@git.example.com/shop/config": "https://git.example.com/shop/config",
	} {
		p, err := gitlab.New(raw, "", nil)
		require.NoError(t, err, raw)
		require.Equal(t, want, p.String())
		require.Equal(t, "gitlab", p.Name())
	}
	for _, raw := range []string{"/srv/config.git", "https://gitlab.com/config", "file:///srv/shop/config"} {
		_, err := gitlab.New(raw, "", nil)
		require.Error(t, err, raw)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTheTokenStaysAtItsHost(t *testing.T) {
	var asked []string
	way := roundTrip(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.String())
		require.Equal(t, forge.Right, r.Header.Get("Private-Token"))
		return &http.Response{
			StatusCode: http.StatusMovedPermanently, Status: "301 Moved", Header: http.Header{"Location": {"https://evil.example.com/"}}, Body: http.NoBody, Request: r,
		}, nil
	})
	p, err := gitlab.New("git@gitlab.example.com:"+gitlabtest.Path, forge.Right, &http.Client{Transport: way})
	require.NoError(t, err)
	_, err = p.Get(t.Context(), 7)
	require.ErrorContains(t, err, "at https://evil.example.com, where the token is not sent")
	require.Equal(t, []string{"https://gitlab.example.com/api/v4/projects/shop%2Fplatform%2Fconfig"}, asked)
	require.NotContains(t, err.Error(), forge.Right)
}

func TestErrors(t *testing.T) {
	message := func(text string) any { return map[string]string{"message": text} }
	for name, c := range map[string]struct {
		status int
		body   any
		header map[string]string
		want   error
		text   string
	}{
		"wrong token": {401, map[string]string{"error": "invalid_token", "error_description": "Token is expired."}, nil, gitprovider.ErrUnauthorized, "Token is expired."},
		"scope":       {403, map[string]string{"error": "insufficient_scope", "scope": "api"}, nil, gitprovider.ErrUnauthorized, "the token lacks the scope api"},
		"role":        {403, message("403 Forbidden"), nil, gitprovider.ErrUnauthorized, "too small a role in the project (Developer is needed)"},
		"hidden":      {404, message("404 Project Not Found"), nil, gitprovider.ErrNotFound, "or the token may not see it"},
		"down":        {502, message("GitLab is not responding"), nil, gitprovider.ErrUnavailable, "GitLab is not responding"},
		"limit": {429, message("Retry later"), map[string]string{"RateLimit-Reset": "946687200", "RateLimit-Remaining": "0"},
			gitprovider.ErrUnavailable, "come back at 00:40:00 UTC on 1 January"},
		"other": {400, message("title is invalid"), nil, nil, "400 Bad Request: {message: title is invalid}"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := gitlabtest.New(t)
				server.Instead = says("GET", c.status, c.body, c.header)
				_, err := connect(t, server).Get(t.Context(), 7)
				require.ErrorContains(t, err, "read the project of "+page)
				require.ErrorContains(t, err, c.text)
				if c.want != nil {
					require.ErrorIs(t, err, c.want)
				}
			})
		})
	}
}

func TestARateLimitThatPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := gitlabtest.New(t)
		pr, limited := opened(t, server), 2
		server.Instead = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPost {
				limited--
			}
			if r.Method != http.MethodPost || limited < 0 {
				return false
			}
			w.Header().Set("Retry-After", "5")
			gitlabtest.Say(w, http.StatusTooManyRequests, "Retry later")
			return true
		}
		start := time.Now()
		require.NoError(t, connect(t, server).Comment(t.Context(), pr.Number, "Once."))
		require.GreaterOrEqual(t, time.Since(start), 10*time.Second)
		pr, err := server.Get(pr.Number)
		require.NoError(t, err)
		require.Equal(t, []string{"Once."}, pr.Comments)
	})
}

func TestAProjectThatWasMoved(t *testing.T) {
	server := gitlabtest.New(t)
	pr := opened(t, server)
	p, err := gitlab.New("http://gitlab.example.com/"+gitlabtest.Former, forge.Right, transport.Client(server))
	require.NoError(t, err)
	require.NoError(t, p.UpdateBody(t.Context(), pr.Number, "New"))
	require.NoError(t, p.Merge(t.Context(), pr.Number, hash(t, pr.Head)))
	now, err := server.Get(pr.Number)
	require.NoError(t, err)
	require.Equal(t, "New", now.Text)
	require.Equal(t, gitprovider.Merged, now.State)
}

// TestOpenWithoutABranch is about what GitLab opens all the same.
func TestOpenWithoutABranch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := gitlabtest.New(t)
		_, err := connect(t, server).Open(t.Context(), gitprovider.NewPullRequest{Branch: branch, Base: "main", Title: "Revert"})
		require.ErrorIs(t, err, gitprovider.ErrNotFound)
		require.ErrorContains(t, err, "there is no such branch")
		left, err := server.Get(1)
		require.NoError(t, err)
		require.Equal(t, gitprovider.Closed, left.State, "nothing is left behind")
	})
}

func TestOpenWithLabels(t *testing.T) {
	server := gitlabtest.New(t)
	commit := gittest.Run(t, server.Dir, "commit-tree", "main^{tree}", "-p", "main", "-m", "Revert")
	gittest.Run(t, server.Dir, "update-ref", "refs/heads/"+branch, commit)
	pr, err := connect(t, server).Open(t.Context(), gitprovider.NewPullRequest{Branch: branch, Base: "main", Title: "Revert", Labels: []string{"assay", "prod: down"}})
	require.NoError(t, err)
	require.Equal(t, []string{"assay", "prod: down"}, pr.Labels)
}

func TestReviewers(t *testing.T) {
	server := gitlabtest.New(t)
	pr := opened(t, server)
	p := connect(t, server)
	require.NoError(t, p.RequestReviewers(t.Context(), pr.Number, "bo"))
	require.NoError(t, p.RequestReviewers(t.Context(), pr.Number, "cy", "bo"))
	now, err := server.Get(pr.Number)
	require.NoError(t, err)
	require.Equal(t, []string{"bo", "cy"}, now.Reviewers, "whoever was asked stays asked")
	require.ErrorIs(t, p.RequestReviewers(t.Context(), pr.Number, "team:platform"), gitprovider.ErrUnsupported)
	require.ErrorIs(t, p.RequestReviewers(t.Context(), pr.Number, "nobody"), gitprovider.ErrNotFound)
}

func TestWhoClosed(t *testing.T) {
	server := gitlabtest.New(t)
	pr := opened(t, server)
	_, err := server.Close(pr.Number, "ana")
	require.NoError(t, err)
	found, err := connect(t, server).Find(t.Context(), branch, "main")
	require.NoError(t, err)
	require.Equal(t, gitprovider.Closed, found.State)
	require.Equal(t, "ana", found.By)
}

// TestFindPrefersTheOpenOne is about an older one that a person opened again.
func TestFindPrefersTheOpenOne(t *testing.T) {
	server := gitlabtest.New(t)
	older := opened(t, server)
	_, err := server.Close(older.Number, "ana")
	require.NoError(t, err)
	newer := opened(t, server)
	_, err = server.Close(newer.Number, "ana")
	require.NoError(t, err)
	found, err := connect(t, server).Find(t.Context(), branch, "main")
	require.NoError(t, err)
	require.Equal(t, newer.Number, found.Number)
	_, err = server.Edit(older.Number, func(pr *forge.PullRequest) { pr.State = gitprovider.Open })
	require.NoError(t, err)
	found, err = connect(t, server).Find(t.Context(), branch, "main")
	require.NoError(t, err)
	require.Equal(t, older.Number, found.Number)
}
