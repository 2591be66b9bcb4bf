package bitbucket_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/bitbucket"
	"github.com/assay-dev/assay/rollback/gitprovider/bitbucket/bitbuckettest"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

// repository is one on a server, with what people and other tools do there.
func repository(t *testing.T, f *forge.Forge, connect func(*testing.T, gitprovidertest.Access) gitprovider.Provider) gitprovidertest.Repository {
	t.Helper()
	m, err := git.OpenMirror(filepath.Join(t.TempDir(), "mirror"), f.Dir, git.Auth{})
	require.NoError(t, err)
	return gitprovidertest.Repository{
		Provider: connect(t, gitprovidertest.Access{}), Mirror: m, Connect: connect, Reviewer: bitbuckettest.Person,
		Lacks: []gitprovidertest.Capability{gitprovidertest.Labels},
		Stop: func(t *testing.T, number int64) {
			_, err := f.Edit(number, func(pr *forge.PullRequest) { pr.Title = "[assay/stop] " + pr.Title })
			require.NoError(t, err)
		},
		Asked: func(t *testing.T, number int64) []string {
			pr, err := f.Get(number)
			require.NoError(t, err)
			return pr.Reviewers
		},
		Seen: func(_ *testing.T, commit git.Hash) map[string]gitprovider.CommitStatus {
			return f.Statuses(commit.String())
		},
		Require: func(_ *testing.T, check string) { f.Require(check) },
		Report: func(t *testing.T, commit git.Hash, check string, state gitprovider.StatusState) {
			require.NoError(t, f.SetStatus(commit.String(), gitprovider.CommitStatus{Context: check, State: state}))
		},
		Protect: func(*testing.T) { f.Protect() },
	}
}

// authOf is how a token is given: as Git takes it, too.
func authOf(token gitprovidertest.Token) git.Auth {
	return git.Auth{Username: "x-token-auth", Password: map[gitprovidertest.Token]string{
		gitprovidertest.RightToken: forge.Right, gitprovidertest.WeakToken: forge.Weak, gitprovidertest.WrongToken: "wrong",
	}[token]}
}

// there sends what is for Bitbucket Cloud to a server of a test.
type there struct {
	server *httptest.Server
	next   http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (h there) RoundTrip(r *http.Request) (*http.Response, error) {
	at, err := url.Parse(h.server.URL)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	if r.URL.Scheme+"://"+r.URL.Host == "https://api.bitbucket.org" {
		r.URL.Scheme, r.URL.Host = at.Scheme, at.Host
	}
	return h.next.RoundTrip(r)
}

// cloud makes providers for a forge that is served as Bitbucket Cloud is.
func cloud(t *testing.T, f *forge.Forge) func(*testing.T, gitprovidertest.Access) gitprovider.Provider {
	server := bitbuckettest.Cloud(t, f)
	return func(t *testing.T, a gitprovidertest.Access) gitprovider.Provider {
		address := "https://bitbucket.org/" + bitbuckettest.Owner + "/" + bitbuckettest.Name + ".git"
		if a.Nowhere {
			address = "git@bitbucket.org:shop/nowhere.git"
		}
		p, err := bitbucket.New(address, authOf(a.Token), &http.Client{Transport: there{server, &transport.Retry{Next: a.Through}}})
		require.NoError(t, err)
		return p
	}
}

// dataCenter makes providers for a forge that is served as a Bitbucket Data Center is.
func dataCenter(t *testing.T, f *forge.Forge) func(*testing.T, gitprovidertest.Access) gitprovider.Provider {
	server := bitbuckettest.DataCenter(t, f)
	return func(t *testing.T, a gitprovidertest.Access) gitprovider.Provider {
		address := server.URL + bitbuckettest.Context + "/scm/" + bitbuckettest.Owner + "/" + bitbuckettest.Name + ".git"
		if a.Nowhere {
			address = server.URL + bitbuckettest.Context + "/scm/shop/nowhere.git"
		}
		p, err := bitbucket.New(address, authOf(a.Token), transport.Client(a.Through))
		require.NoError(t, err)
		return p
	}
}

func TestCloud(t *testing.T) {
	gitprovidertest.Run(t, func(t *testing.T) gitprovidertest.Repository {
		f := forge.New(t)
		r := repository(t, f, cloud(t, f))
		r.Scope = "pullrequest:write"
		return r
	})
}

func TestDataCenter(t *testing.T) {
	gitprovidertest.Run(t, func(t *testing.T) gitprovidertest.Repository {
		f := forge.New(t)
		r := repository(t, f, dataCenter(t, f))
		r.Scope = "Repository write"
		return r
	})
}
