package transport_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider/transport"
)

func TestAddress(t *testing.T) {
	for repository, want := range map[string]string{
		"https://github.com/shop/config.git":             "https://github.com/shop/config",
		"https://ana:secret@git.example.com/shop/config": "https://git.example.com/shop/config",
		"http://127.0.0.1:3000/forge/shop/config/":       "http://127.0.0.1:3000/forge/shop/config",
		"git@GitHub.com:shop/config.git":                 "https://github.com/shop/config",
		"ssh://git@git.example.com:2222/a/b/config.git":  "https://git.example.com/a/b/config",
		"ssh://git@[::1]:2222/shop/config":               "https://[::1]/shop/config",
		"ssh://git@ssh.github.com:443/shop/config.git":   "https://github.com/shop/config",
	} {
		at, err := transport.Address(repository)
		require.NoError(t, err, repository)
		require.Equal(t, want, at.String())
	}
	for _, repository := range []string{"", "/srv/config.git", "file:///srv/config.git", "ssh::0", "https://ana:secret@[::1/config"} {
		_, err := transport.Address(repository)
		require.Error(t, err, repository)
		require.NotContains(t, err.Error(), "secret")
	}
}

// FuzzAddress looks for addresses of which a part that is nobody's business is shown.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"https://ana:secret@git.example.com/a/b.git", "git@host:a/b", "ssh://git@host:22/a", "/srv/a", "https://[::1]:3000/a//b/", "http://a/%2e%2e"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, repository string) {
		at, err := transport.Address(repository)
		if err != nil {
			return
		}
		require.Contains(t, []string{"http", "https"}, at.Scheme)
		require.Nil(t, at.User)
		require.Empty(t, at.RawQuery)
		again, err := url.Parse(at.String())
		require.NoError(t, err)
		require.Equal(t, at.Host, again.Host)
	})
}
