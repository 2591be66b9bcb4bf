package connect_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider/connect"
	"github.com/assay-dev/assay/sources/git"
)

func TestNew(t *testing.T) {
	const unclear = "does not tell what serves it: name the provider, one of plain, gitea, github, gitlab, bitbucket, azure"
	for _, c := range []struct{ kind, url, want, problem string }{
		{connect.Auto, "https://gitea.example.com/shop/config", "gitea", ""},
		{connect.Auto, "git@codeberg.org:shop/config.git", "gitea", ""},
		{"", "https://forgejo.example.com/shop/config", "gitea", ""},
		{connect.Auto, "https://github.com/shop/config", "github", ""},
		{connect.Auto, "git@github.com:shop/config.git", "github", ""},
		{connect.Auto, "https://shop.ghe.com/shop/config", "github", ""},
		{connect.Auto, "https://github.example.com/shop/config", "github", ""},
		{connect.Auto, "https://gitlab.com/shop/team/config.git", "gitlab", ""},
		{connect.Auto, "ssh://git@gitlab.example.com:2222/shop/config.git", "gitlab", ""},
		{connect.Auto, "https://ana@bitbucket.org/shop/config.git", "bitbucket", ""},
		{connect.Auto, "https://bitbucket.example.com/scm/shop/config.git", "bitbucket", ""},
		{connect.Auto, "ssh://git@stash.example.com:7999/shop/config.git", "bitbucket", ""},
		{connect.Auto, "https://shop@dev.azure.com/shop/Web%20Shop/_git/config", "azure", ""},
		{connect.Auto, "git@ssh.dev.azure.com:v3/shop/web/config", "azure", ""},
		{connect.Auto, "https://shop.visualstudio.com/web/_git/config", "azure", ""},
		{connect.Auto, "https://tfs.example.com/tfs/DefaultCollection/web/_git/config", "azure", ""},
		{connect.Auto, "file:///srv/config.git", "plain", ""},
		{connect.Auto, "/srv/config.git", "plain", ""},
		{connect.Plain, "https://git.example.com/shop/config", "plain", ""},
		{connect.Gitea, "https://git.example.com/shop/config", "gitea", ""},
		{connect.GitHub, "https://git.example.com/shop/config", "github", ""},
		{connect.GitLab, "https://git.example.com/shop/config", "gitlab", ""},
		{connect.Bitbucket, "https://git.example.com/scm/shop/config", "bitbucket", ""},
		{connect.Azure, "https://git.example.com/collection/web/_git/config", "azure", ""},
		{connect.Auto, "https://ana:secret@git.example.com/shop/config", "", "the URL https://git.example.com/shop/config " + unclear},
		{connect.Auto, "https://github.gitlab.example.com/shop/config", "", unclear},
		{connect.Auto, "https://notgithub.com.example.com/shop/config", "", unclear},
		{"svn", "https://github.com/shop/config", "", `provider "svn" of https://github.com/shop/config is not known: it is one of auto, plain, gitea, github`},
		{connect.Gitea, "file:///srv/config.git", "", "https, http and ssh"},
		{connect.Azure, "https://git.example.com/shop/config", "", "expected the URL that Azure DevOps offers"},
	} {
		p, err := connect.New(c.kind, c.url, connect.Credentials{}, nil)
		if c.problem != "" {
			require.ErrorContains(t, err, c.problem)
			require.NotContains(t, err.Error(), "secret")
			continue
		}
		require.NoError(t, err, c.url)
		require.Equal(t, c.want, p.Name(), c.url)
	}
}

func TestCredentialsThatCannotBeUsed(t *testing.T) {
	for _, kind := range []string{connect.Gitea, connect.GitHub, connect.GitLab} {
		_, err := connect.New(kind, "https://git.example.com/shop/config", connect.Credentials{Auth: git.Auth{CA: []byte("nonsense")}}, nil)
		require.ErrorContains(t, err, "no certificate")
		_, err = connect.New(kind, "https://git.example.com/shop/config", connect.Credentials{Auth: git.Auth{Proxy: "http://user:secret@[::1"}}, nil)
		require.ErrorContains(t, err, "the proxy is not a URL")
		require.NotContains(t, err.Error(), "secret")
	}
}
