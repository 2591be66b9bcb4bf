package github_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/github"
	"github.com/assay-dev/assay/rollback/gitprovider/github/githubtest"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/git/gittest"
)

const (
	page   = "http://github.example.com/shop/config"
	branch = "assay/revert-0123456789ab"
)

// connect makes a provider that asks the server without a network.
func connect(t *testing.T, server *githubtest.Server, repository string, credentials github.Credentials) *github.Provider {
	t.Helper()
	p, err := github.New(repository, credentials, transport.Client(server))
	require.NoError(t, err)
	return p
}

func withToken(t *testing.T, server *githubtest.Server) *github.Provider {
	t.Helper()
	return connect(t, server, page, github.Credentials{Token: forge.Right})
}

// opened is a pull request of a branch with one commit.
func opened(t *testing.T, server *githubtest.Server) forge.PullRequest {
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
func says(method string, status int, message string, header map[string]string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != method {
			return false
		}
		for name, value := range header {
			w.Header().Set(name, value)
		}
		githubtest.Say(w, status, message)
		return true
	}
}

func TestRepositoryOfURLs(t *testing.T) {
	for raw, want := range map[string]string{
		"https://github.com/shop/config.git":            "https://github.com/shop/config",
		"https://ana:secret@github.com/shop/config":     "https://github.com/shop/config",
		"git@github.com:shop/config.git":                "https://github.com/shop/config",
		"ssh://git@ssh.github.com:443/shop/config.git":  "https://github.com/shop/config",
		"https://github.example.com/shop/config/":       "https://github.example.com/shop/config",
		"ssh://git@github.example.com:2222/shop/config": "https://github.example.com/shop/config",
		"https://acme.ghe.com/shop/config":              "https://acme.ghe.com/shop/config",
	} {
		p, err := github.New(raw, github.Credentials{}, nil)
		require.NoError(t, err, raw)
		require.Equal(t, want, p.String())
		require.Equal(t, "github", p.Name())
	}
	for _, raw := range []string{"/srv/config.git", "https://github.com/config", "https://github.com/a/b/c", "file:///srv/shop/config"} {
		_, err := github.New(raw, github.Credentials{}, nil)
		require.Error(t, err, raw)
	}
}

// TestWhereTheAPIIs watches where requests go, and that the token goes nowhere else.
func TestWhereTheAPIIs(t *testing.T) {
	for repository, want := range map[string]string{
		"git@github.com:shop/config":             "https://api.github.com/repos/shop/config/pulls/7",
		"https://acme.ghe.com/shop/config":       "https://api.acme.ghe.com/repos/shop/config/pulls/7",
		"https://github.example.com/shop/config": "https://github.example.com/api/v3/repos/shop/config/pulls/7",
	} {
		var asked []string
		way := roundTrip(func(r *http.Request) (*http.Response, error) {
			asked = append(asked, r.URL.String())
			require.Equal(t, "Bearer "+forge.Right, r.Header.Get("Authorization"))
			return &http.Response{
				StatusCode: http.StatusMovedPermanently, Header: http.Header{"Location": {"https://evil.example.com/"}}, Body: http.NoBody, Request: r,
			}, nil
		})
		p, err := github.New(repository, github.Credentials{Token: forge.Right}, &http.Client{Transport: way})
		require.NoError(t, err)
		_, err = p.Get(t.Context(), 7)
		require.ErrorContains(t, err, "at https://evil.example.com, where the token is not sent")
		require.Equal(t, []string{want}, asked)
		require.NotContains(t, err.Error(), forge.Right)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestErrors(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		message string
		header  map[string]string
		want    error
		text    string
	}{
		"wrong token": {401, "Bad credentials", nil, gitprovider.ErrUnauthorized, "wrong, revoked or expired (401 Unauthorized: Bad credentials)"},
		"fine-grained permission": {403, "Resource not accessible by personal access token",
			map[string]string{"X-Accepted-GitHub-Permissions": "pull_requests=write; contents=write"},
			gitprovider.ErrUnauthorized, "needs pull_requests=write or contents=write"},
		"classic scope": {403, "Must have push access", map[string]string{"X-OAuth-Scopes": "read:org, gist", "X-Accepted-OAuth-Scopes": "repo, public_repo"},
			gitprovider.ErrUnauthorized, "lacks the scope repo or public_repo"},
		"rights, not scopes": {403, "Must have admin rights", map[string]string{"X-OAuth-Scopes": "repo", "X-Accepted-OAuth-Scopes": "repo"},
			gitprovider.ErrUnauthorized, "may not do this (403 Forbidden: Must have admin rights)"},
		"single sign-on": {403, "Resource protected by organization SAML enforcement", map[string]string{"X-GitHub-SSO": "required; url=https://github.com/orgs/shop/sso"},
			gitprovider.ErrUnauthorized, "authorize the token for it at https://github.com/orgs/shop/sso"},
		"archived":      {403, "Repository was archived so is read-only.", nil, gitprovider.ErrBlocked, "archived, and can only be read"},
		"hidden":        {404, "Not Found", nil, gitprovider.ErrNotFound, "GitHub says the same of a private repository that the token may not see"},
		"hidden, scope": {404, "Not Found", map[string]string{"X-OAuth-Scopes": "", "X-Accepted-OAuth-Scopes": "repo"}, gitprovider.ErrNotFound, "lacks the scope repo"},
		"down":          {503, "Unicorn!", nil, gitprovider.ErrUnavailable, "Unicorn!"},
		"limit": {403, "API rate limit exceeded", map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "5000", "X-RateLimit-Reset": "946687200"},
			gitprovider.ErrUnavailable, "come back at 00:40:00 UTC on 1 January"},
		"secondary limit": {403, "You have exceeded a secondary rate limit", map[string]string{"Retry-After": "180"}, gitprovider.ErrUnavailable, "come back at 00:03:00 UTC"},
		"blocked by law":  {451, "Repository access blocked", nil, nil, "451 Unavailable For Legal Reasons: Repository access blocked"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := githubtest.New(t)
				server.Instead = says("GET", c.status, c.message, c.header)
				_, err := withToken(t, server).Get(t.Context(), 7)
				require.ErrorContains(t, err, "read pull request 7 of "+page)
				require.ErrorContains(t, err, c.text)
				if c.want != nil {
					require.ErrorIs(t, err, c.want)
				}
			})
		})
	}
}

// TestSecondaryLimitWithoutHeaders is told apart from a missing permission by the page it points to.
func TestSecondaryLimitWithoutHeaders(t *testing.T) {
	server := githubtest.New(t)
	server.Instead = func(w http.ResponseWriter, _ *http.Request) bool {
		forge.Write(w, http.StatusForbidden, map[string]string{
			"message":           "You have exceeded a secondary rate limit.",
			"documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits",
		})
		return true
	}
	_, err := withToken(t, server).Get(t.Context(), 7)
	require.ErrorIs(t, err, gitprovider.ErrUnavailable)
}

func TestARateLimitThatPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := githubtest.New(t)
		pr, limited := opened(t, server), 2
		server.Instead = func(w http.ResponseWriter, r *http.Request) bool {
			if limited--; limited < 0 {
				return false
			}
			w.Header().Set("Retry-After", "5")
			githubtest.Say(w, http.StatusForbidden, "You have exceeded a secondary rate limit")
			return true
		}
		start := time.Now()
		require.NoError(t, withToken(t, server).Comment(t.Context(), pr.Number, "Once."))
		require.GreaterOrEqual(t, time.Since(start), 10*time.Second)
		pr, err := server.Get(pr.Number)
		require.NoError(t, err)
		require.Equal(t, []string{"Once."}, pr.Comments)
	})
}

func TestARepositoryThatWasRenamed(t *testing.T) {
	server := githubtest.New(t)
	pr := opened(t, server)
	p := connect(t, server, "http://github.example.com/"+githubtest.Former, github.Credentials{Token: forge.Right})
	found, err := p.Find(t.Context(), branch, "main")
	require.NoError(t, err)
	require.Equal(t, pr.Number, found.Number, "though its branch has another owner's name")
	again, err := p.Open(t.Context(), gitprovider.NewPullRequest{Branch: branch, Base: "main", Title: "Revert"})
	require.NoError(t, err)
	require.Equal(t, pr.Number, again.Number)
	require.NoError(t, p.UpdateBody(t.Context(), pr.Number, "New"))
	require.NoError(t, p.Comment(t.Context(), pr.Number, "Hello"))
	require.NoError(t, p.Merge(t.Context(), pr.Number, hash(t, pr.Head)))
	now, err := server.Get(pr.Number)
	require.NoError(t, err)
	require.Equal(t, "New", now.Text)
	require.Equal(t, []string{"Hello"}, now.Comments)
	require.Equal(t, gitprovider.Merged, now.State)
}

// TestAForkOfTheSameOwner has a branch of the same name, and its pull request is none of Assay's.
func TestAForkOfTheSameOwner(t *testing.T) {
	server := githubtest.New(t)
	server.Instead = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/pulls") {
			return false
		}
		side := func(repository int) any {
			return map[string]any{"ref": branch, "repo": map[string]any{"id": repository}}
		}
		forge.Write(w, http.StatusOK, []any{map[string]any{"number": 7, "state": "open", "head": side(2), "base": side(1)}})
		return true
	}
	found, err := withToken(t, server).Find(t.Context(), branch, "main")
	require.NoError(t, err)
	require.Nil(t, found)
}

func TestWhoClosed(t *testing.T) {
	server := githubtest.New(t)
	pr := opened(t, server)
	_, err := server.Close(pr.Number, "ana")
	require.NoError(t, err)
	found, err := withToken(t, server).Find(t.Context(), branch, "main")
	require.NoError(t, err)
	require.Equal(t, gitprovider.Closed, found.State)
	require.Equal(t, "ana", found.By)
	require.Zero(t, found.MergeCommit, "the merge that GitHub only tried does not count")
}

// TestFindPrefersTheOpenOne is about an older one that a person opened again.
func TestFindPrefersTheOpenOne(t *testing.T) {
	server := githubtest.New(t)
	older := opened(t, server)
	_, err := server.Close(older.Number, "ana")
	require.NoError(t, err)
	newer := opened(t, server)
	_, err = server.Close(newer.Number, "ana")
	require.NoError(t, err)
	found, err := withToken(t, server).Find(t.Context(), branch, "main")
	require.NoError(t, err)
	require.Equal(t, newer.Number, found.Number)
	_, err = server.Edit(older.Number, func(pr *forge.PullRequest) { pr.State = gitprovider.Open })
	require.NoError(t, err)
	found, err = withToken(t, server).Find(t.Context(), branch, "main")
	require.NoError(t, err)
	require.Equal(t, older.Number, found.Number)
}
