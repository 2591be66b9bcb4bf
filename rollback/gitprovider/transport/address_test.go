package transport_test

import (
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
		"ssh://git@ssh.github.com:443/shop/config.git":   "https://github.com/shop/config",
	} {
		at, err := transport.Address(repository)
		require.NoError(t, err, repository)
		require.Equal(t, want, at.String())
	}
	for _, repository := range []string{"", "/srv/config.git", "file:///srv/config.git", "https://ana:secret@[::1/config"} {
		_, err := transport.Address(repository)
		require.Error(t, err, repository)
		require.NotContains(t, err.Error(), "secret")
	}
}
