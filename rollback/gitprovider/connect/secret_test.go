package connect_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider/connect"
	"github.com/assay-dev/assay/rollback/gitprovider/github"
	"github.com/assay-dev/assay/sources/git"
)

// TestSecretsAreNotPrinted, whoever prints what.
func TestSecretsAreNotPrinted(t *testing.T) {
	const secret = "hunter2"
	app := github.App{ID: "7", PrivateKey: []byte(secret)}
	things := []any{
		app, github.Credentials{Token: secret}, github.Credentials{App: app},
		connect.Credentials{Auth: git.Auth{Password: secret}}, connect.Credentials{App: app},
	}
	for kind, repository := range map[string]string{
		connect.GitHub: "https://github.com/shop/config", connect.GitLab: "https://gitlab.com/shop/config", connect.Gitea: "https://codeberg.org/shop/config",
		connect.Bitbucket: "https://bitbucket.org/shop/config", connect.Azure: "https://dev.azure.com/shop/config/_git/config",
	} {
		for _, auth := range []git.Auth{{Username: "assay", Password: secret}, {BearerToken: secret}} {
			p, err := connect.New(kind, repository, connect.Credentials{Auth: auth}, nil)
			require.NoError(t, err)
			things = append(things, p)
		}
	}
	for _, thing := range things {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			printed := fmt.Sprintf(verb, thing)
			require.NotContains(t, printed, secret, "%s of a %T", verb, thing)
			require.NotContains(t, printed, fmt.Sprint([]byte(secret))[1:8], "%s of a %T", verb, thing)
		}
	}
}
