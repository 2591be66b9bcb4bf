package bitbucket_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider/bitbucket"
	"github.com/assay-dev/assay/sources/git"
)

// asked answers every request with one body, and keeps the last request.
type asked struct {
	last *http.Request
	body string
}

// RoundTrip implements http.RoundTripper.
func (a *asked) RoundTrip(r *http.Request) (*http.Response, error) {
	a.last = r
	w := httptest.NewRecorder()
	fmt.Fprint(w, a.body)
	return w.Result(), nil
}

func TestWhereRepositoriesAre(t *testing.T) {
	for repository, want := range map[string]struct{ page, api string }{
		"https://ana@bitbucket.org/shop/config.git": {"https://bitbucket.org/shop/config", "https://api.bitbucket.org/2.0/repositories/shop/config/pullrequests/7"},
		"git@bitbucket.org:shop/config.git":         {"https://bitbucket.org/shop/config", "https://api.bitbucket.org/2.0/repositories/shop/config/pullrequests/7"},
		"https://git.example.com/scm/SHOP/config.git": {
			"https://git.example.com/projects/SHOP/repos/config", "https://git.example.com/rest/api/1.0/projects/SHOP/repos/config/pull-requests/7",
		},
		"https://git.example.com:8443/stash/scm/~ana/config.git": {
			"https://git.example.com:8443/stash/projects/~ana/repos/config", "https://git.example.com:8443/stash/rest/api/1.0/projects/~ana/repos/config/pull-requests/7",
		},
		"ssh://git@git.example.com:7999/SHOP/config.git": {
			"https://git.example.com/projects/SHOP/repos/config", "https://git.example.com/rest/api/1.0/projects/SHOP/repos/config/pull-requests/7",
		},
	} {
		way := &asked{body: "{}"}
		p, err := bitbucket.New(repository, git.Auth{}, &http.Client{Transport: way})
		require.NoError(t, err, repository)
		require.Equal(t, want.page, fmt.Sprint(p), repository)
		_, err = p.Get(t.Context(), 7)
		require.NoError(t, err, repository)
		require.Equal(t, want.api, way.last.URL.String(), repository)
	}
	for _, repository := range []string{"/srv/config.git", "https://bitbucket.org/config", "https://git.example.com"} {
		_, err := bitbucket.New(repository, git.Auth{}, nil)
		require.Error(t, err, repository)
	}
}

func TestWhatIsShown(t *testing.T) {
	for _, c := range []struct {
		auth git.Auth
		want string
	}{
		{git.Auth{}, ""},
		{git.Auth{BearerToken: "t"}, "Bearer t"},
		{git.Auth{Password: "t"}, "Bearer t"},
		{git.Auth{Username: "x-token-auth", Password: "t"}, "Bearer t"},
		{git.Auth{Username: "ana@example.com", Password: "t"}, "Basic YW5hQGV4YW1wbGUuY29tOnQ="},
	} {
		way := &asked{body: "{}"}
		p, err := bitbucket.New("https://bitbucket.org/shop/config", c.auth, &http.Client{Transport: way})
		require.NoError(t, err)
		_, err = p.Get(t.Context(), 7)
		require.NoError(t, err)
		require.Equal(t, c.want, way.last.Header.Get("Authorization"))
	}
}

// TestNextPageElsewhere is a server that would have the token sent to another one.
func TestNextPageElsewhere(t *testing.T) {
	way := &asked{body: `{"values": [], "next": "https://elsewhere.example.com/2.0/repositories/shop/config/pullrequests?page=2"}`}
	p, err := bitbucket.New("https://bitbucket.org/shop/config", git.Auth{BearerToken: "t"}, &http.Client{Transport: way})
	require.NoError(t, err)
	_, err = p.ListOpen(t.Context(), "main")
	require.ErrorContains(t, err, "where the token is not sent")
	require.Equal(t, "api.bitbucket.org", way.last.URL.Host)
}
