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
)

// appServer is a server with an App, and counts the tokens that it gives out.
func appServer(t *testing.T) (server *githubtest.Server, credentials github.Credentials, given *int) {
	t.Helper()
	server, given = githubtest.New(t), new(int)
	server.App = githubtest.NewApp(t)
	server.Instead = func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/access_tokens") {
			*given++
		}
		return false
	}
	return server, github.Credentials{App: github.App{ID: server.App.ID, PrivateKey: server.App.PrivateKey()}}, given
}

// later lets time pass, which in a bubble takes none.
func later(d time.Duration) { <-time.After(d) }

func TestAppKeepsItsTokenUntilShortlyBeforeItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, credentials, given := appServer(t)
		pr := opened(t, server)
		p := connect(t, server, page, credentials)
		for range 3 {
			_, err := p.Get(t.Context(), pr.Number)
			require.NoError(t, err)
		}
		require.Equal(t, 1, *given)
		later(54 * time.Minute)
		_, err := p.Get(t.Context(), pr.Number)
		require.NoError(t, err)
		require.Equal(t, 1, *given)
		later(2 * time.Minute)
		_, err = p.Get(t.Context(), pr.Number)
		require.NoError(t, err)
		require.Equal(t, 2, *given)
	})
}

// TestTokenForGit is what a mirror asks for before each exchange.
func TestTokenForGit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, credentials, given := appServer(t)
		p := connect(t, server, page, credentials)
		first, err := p.Token(t.Context())
		require.NoError(t, err)
		require.NotEmpty(t, first)
		later(time.Hour)
		second, err := p.Token(t.Context())
		require.NoError(t, err)
		require.NotEqual(t, first, second)
		require.Equal(t, 2, *given)
	})
	same, err := connect(t, githubtest.New(t), page, github.Credentials{Token: "ghp_x"}).Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "ghp_x", same)
}

func TestAppTokenThatWasRevoked(t *testing.T) {
	server, credentials, given := appServer(t)
	pr := opened(t, server)
	p := connect(t, server, page, credentials)
	require.NoError(t, p.Comment(t.Context(), pr.Number, "One"))
	server.Revoke()
	require.NoError(t, p.Comment(t.Context(), pr.Number, "Two"), "with a new token, and the same text")
	require.Equal(t, 2, *given)
	now, err := server.Get(pr.Number)
	require.NoError(t, err)
	require.Equal(t, []string{"One", "Two"}, now.Comments)
}

// TestAppOnAMachineWhoseClockIsOff is about clocks that differ by more than GitHub tolerates in a JWT.
func TestAppOnAMachineWhoseClockIsOff(t *testing.T) {
	for _, off := range []time.Duration{-2 * time.Hour, -40 * time.Second, 0, 40 * time.Second, 3 * time.Minute, 26 * time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, credentials, given := appServer(t)
				server.Now = func() time.Time { return time.Now().Add(off) }
				pr := opened(t, server)
				p := connect(t, server, page, credentials)
				for range 2 {
					_, err := p.Get(t.Context(), pr.Number)
					require.NoError(t, err)
				}
				later(56 * time.Minute)
				_, err := p.Get(t.Context(), pr.Number)
				require.NoError(t, err)
				require.LessOrEqual(t, *given, 2, "tokens are kept for as long as they are good, whatever the clocks say")
			})
		})
	}
}

func TestAppThatMayNot(t *testing.T) {
	for name, c := range map[string]struct {
		arrange func(*githubtest.Server, *github.App)
		want    error
		text    string
	}{
		"another's key":  {func(s *githubtest.Server, _ *github.App) { s.App = githubtest.NewApp(t) }, gitprovider.ErrUnauthorized, "ID and private key do not belong together"},
		"another ID":     {func(_ *githubtest.Server, a *github.App) { a.ID = "12" }, gitprovider.ErrUnauthorized, "ID and private key do not belong together"},
		"not installed":  {func(s *githubtest.Server, _ *github.App) { s.App.Installation = 0 }, gitprovider.ErrNotFound, "it is not installed for shop/config"},
		"no such one":    {func(_ *githubtest.Server, a *github.App) { a.Installation = 5 }, gitprovider.ErrNotFound, "it has no installation 5"},
		"server is down": {func(s *githubtest.Server, _ *github.App) { s.Instead = says("POST", 500, "Oops", nil) }, gitprovider.ErrUnavailable, "get a token as GitHub App 4711"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, credentials, _ := appServer(t)
				c.arrange(server, &credentials.App)
				_, err := connect(t, server, page, credentials).Get(t.Context(), 1)
				require.ErrorIs(t, err, c.want)
				require.ErrorContains(t, err, c.text)
			})
		})
	}
	_, err := github.New(page, github.Credentials{App: github.App{ID: "4711", PrivateKey: []byte("not a key")}}, nil)
	require.ErrorContains(t, err, "GitHub App 4711 for http://github.example.com/shop/config: the private key is no RSA key in PEM form")
}
