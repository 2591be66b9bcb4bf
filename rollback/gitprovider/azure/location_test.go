package azure

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLocate(t *testing.T) {
	for repository, want := range map[string]location{
		"https://shop@dev.azure.com/shop/Web%20Shop/_git/config":              {"https://dev.azure.com/shop", "Web Shop", "config"},
		"https://dev.azure.com/shop/_git/config":                              {"https://dev.azure.com/shop", "config", "config"},
		"git@ssh.dev.azure.com:v3/shop/Web%20Shop/config":                     {"https://dev.azure.com/shop", "Web Shop", "config"},
		"ssh://git@ssh.dev.azure.com/v3/shop/web/config":                      {"https://dev.azure.com/shop", "web", "config"},
		"shop@vs-ssh.visualstudio.com:v3/shop/web/config":                     {"https://dev.azure.com/shop", "web", "config"},
		"https://shop.visualstudio.com/web/_git/config":                       {"https://shop.visualstudio.com", "web", "config"},
		"https://shop.visualstudio.com/DefaultCollection/web/_git/config":     {"https://shop.visualstudio.com", "web", "config"},
		"https://shop.visualstudio.com/_git/config":                           {"https://shop.visualstudio.com", "config", "config"},
		"https://tfs.example.com/tfs/DefaultCollection/web/_git/config":       {"https://tfs.example.com/tfs/DefaultCollection", "web", "config"},
		"https://devops.example.com:8443/Collection/web/_git/config":          {"https://devops.example.com:8443/Collection", "web", "config"},
		"ssh://tfs.example.com:22/tfs/DefaultCollection/Web%20Shop/_git/conf": {"https://tfs.example.com/tfs/DefaultCollection", "Web Shop", "conf"},
	} {
		got, err := locate(repository)
		require.NoError(t, err, repository)
		require.Equal(t, want, got, repository)
	}
	for _, repository := range []string{
		"https://dev.azure.com/shop/web/config", "https://dev.azure.com/_git/config", "https://dev.azure.com/a/b/c/_git/config", "git@ssh.dev.azure.com:shop/config",
		"https://dev.azure.com", "/srv/_git/config",
	} {
		_, err := locate(repository)
		require.Error(t, err, repository)
	}
	require.Equal(t, "https://dev.azure.com/shop/Web%20Shop/_git/config", location{"https://dev.azure.com/shop", "Web Shop", "config"}.String())
}
