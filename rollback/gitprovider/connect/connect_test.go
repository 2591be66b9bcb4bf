package connect_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider/connect"
	"github.com/assay-dev/assay/sources/git"
)

func TestNew(t *testing.T) {
	for _, c := range []struct{ kind, url, want, problem string }{
		{connect.Auto, "https://gitea.example.com/shop/config", "gitea", ""},
		{connect.Auto, "git@codeberg.org:shop/config.git", "gitea", ""},
		{"", "https://forgejo.example.com/shop/config", "gitea", ""},
		{connect.Auto, "file:///srv/config.git", "plain", ""},
		{connect.Auto, "/srv/config.git", "plain", ""},
		{connect.Plain, "https://git.example.com/shop/config", "plain", ""},
		{connect.Gitea, "https://git.example.com/shop/config", "gitea", ""},
		{connect.Auto, "https://ana:secret@git.example.com/shop/config", "", "the URL https://git.example.com/shop/config does not tell what serves it: name the provider, one of plain, gitea"},
		{"github", "https://github.com/shop/config", "", `provider "github" of https://github.com/shop/config is not known: it is one of auto, plain, gitea`},
		{connect.Gitea, "file:///srv/config.git", "", "Gitea serves https, http and ssh"},
	} {
		p, err := connect.New(c.kind, c.url, git.Auth{}, nil)
		if c.problem != "" {
			require.ErrorContains(t, err, c.problem)
			continue
		}
		require.NoError(t, err, c.url)
		require.Equal(t, c.want, p.Name(), c.url)
	}
}

func TestCredentialsThatCannotBeUsed(t *testing.T) {
	_, err := connect.New(connect.Gitea, "https://git.example.com/shop/config", git.Auth{CA: []byte("nonsense")}, nil)
	require.ErrorContains(t, err, "no certificate")
	_, err = connect.New(connect.Gitea, "https://git.example.com/shop/config", git.Auth{Proxy: "http://user:secret@[::1"}, nil)
	require.ErrorContains(t, err, "the proxy is not a URL")
	require.NotContains(t, err.Error(), "secret")
}
