package connect_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider/connect"
	"github.com/assay-dev/assay/rollback/gitprovider/github"
	"github.com/assay-dev/assay/rollback/gitprovider/github/githubtest"
	"github.com/assay-dev/assay/sources/git"
)

// app starts a server that an App is installed at, and returns the repository there and the App's credentials.
func app(t *testing.T) (repository string, c connect.Credentials) {
	server := githubtest.New(t)
	server.App = githubtest.NewApp(t)
	return server.Start(t), connect.Credentials{App: github.App{ID: server.App.ID, PrivateKey: server.App.PrivateKey()}}
}

func TestAnAppGetsBothTheirTokens(t *testing.T) {
	repository, c := app(t)
	p, err := connect.New(connect.GitHub, repository, c, nil)
	require.NoError(t, err)
	_, err = p.ListOpen(t.Context(), "main")
	require.NoError(t, err)

	auth := c.Git(repository)
	require.Equal(t, "x-access-token", auth.Username)
	token, err := auth.Token(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, token)
	require.NotContains(t, auth.GoString(), token)
}

func TestAnAppThatIsNotForTheRepository(t *testing.T) {
	repository, right := app(t)
	for problem, change := range map[string]func(*connect.Credentials){
		"is installed for elsewhere":                             func(c *connect.Credentials) { c.Owner = "elsewhere" },
		"is one of the server https://github.example.com/api/v3": func(c *connect.Credentials) { c.BaseURL = "https://x:hush@github.example.com/api/v3" },
		"RSA key in PEM form":                                    func(c *connect.Credentials) { c.App.PrivateKey = []byte("hush") },
		"the proxy is not a URL":                                 func(c *connect.Credentials) { c.Proxy = "http://user:hush@[::1" },
	} {
		c := right
		change(&c)
		_, err := connect.New(connect.GitHub, repository, c, nil)
		require.ErrorContains(t, err, problem)
		require.NotContains(t, err.Error(), "hush")
		_, err = c.Git(repository).Token(t.Context())
		require.ErrorContains(t, err, problem, "Git is told, too")
	}
	fitting := right
	fitting.Owner, _, _ = strings.Cut(strings.SplitN(repository, "/", 4)[3], "/")
	fitting.BaseURL = repository[:strings.Index(repository, "/"+fitting.Owner)] + "/api/v3"
	_, err := connect.New(connect.GitHub, repository, fitting, nil)
	require.NoError(t, err)
	_, err = connect.New(connect.Gitea, "https://gitea.example.com/shop/config", right, nil)
	require.ErrorContains(t, err, "give a password or bearerToken")
}

func TestOtherCredentialsGoToGitAsTheyAre(t *testing.T) {
	auth := git.Auth{Username: "assay", Password: "hush", KnownHosts: []byte("git.example.com ssh-ed25519 AAAA")}
	require.Equal(t, auth, connect.Credentials{Auth: auth}.Git("https://git.example.com/shop/config"))
}
