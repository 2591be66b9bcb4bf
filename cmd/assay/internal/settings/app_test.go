package settings_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/cmd/assay/internal/settings"
	"github.com/assay-dev/assay/rollback/gitprovider/github"
	"github.com/assay-dev/assay/sources/git"
)

func TestAGitHubAppIsReadFromFilesAsFluxNamesThem(t *testing.T) {
	dir := credentials(t, t.TempDir(), map[string]string{
		"githubAppID": "12345\n", "githubAppInstallationID": "678\n", "githubAppInstallationOwner": "shop\n",
		"githubAppPrivateKey": "key\n", "githubAppBaseURL": "https://github.example.com/api/v3\n", "proxy": "http://proxy:3128",
	})
	c, err := settings.ReadCredentials(dir)
	require.NoError(t, err)
	require.Equal(t, github.App{ID: "12345", Installation: 678, PrivateKey: []byte("key\n")}, c.App)
	require.Equal(t, "shop", c.Owner)
	require.Equal(t, "https://github.example.com/api/v3", c.BaseURL)
	require.Equal(t, "http://proxy:3128", c.Proxy)

	s, err := settings.Read(append(least[:2:2], "ASSAY_DEV_CONFIG_CREDENTIALS="+dir, "ASSAY_DEV_CONFIG_REPOSITORIES=https://github.example.com/shop/config"), nil)
	require.NoError(t, err)
	all, err := s.AllCredentials()
	require.NoError(t, err)
	require.Equal(t, c, all.Of(git.Normalize("https://github.example.com/shop/config")))
	shown := all.Git(git.Normalize("https://github.example.com/shop/config"))
	require.Equal(t, "x-access-token", shown.Username)
	_, err = shown.Token(t.Context())
	require.ErrorContains(t, err, "the private key is no RSA key")
	require.Nil(t, all.Git(git.Normalize("https://elsewhere.example.com/shop/config")).Token)
}

func TestAGitHubAppThatIsNotComplete(t *testing.T) {
	for problem, files := range map[string]map[string]string{
		"needs both githubAppID and githubAppPrivateKey": {"githubAppID": "1"},
		"needs githubAppID and githubAppPrivateKey":      {"githubAppInstallationID": "1"},
		"githubAppInstallationID is not a number":        {"githubAppID": "1", "githubAppPrivateKey": "hush", "githubAppInstallationID": "hush"},
		"a GitHub App and username and password":         {"githubAppID": "1", "githubAppPrivateKey": "hush", "password": "hush"},
		"a GitHub App and SSH key":                       {"githubAppID": "1", "githubAppPrivateKey": "hush", "identity": "hush"},
	} {
		_, err := settings.ReadCredentials(credentials(t, t.TempDir(), files))
		require.ErrorContains(t, err, problem)
		require.NotContains(t, err.Error(), "hush")
	}
}
