// Package connect is the table of providers. In goes the URL of a config repository, with what the operator says about its server; out
// comes the Provider for it, without contacting anything. A new provider is a package of its own and a line here.
package connect

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/azure"
	"github.com/assay-dev/assay/rollback/gitprovider/bitbucket"
	"github.com/assay-dev/assay/rollback/gitprovider/gitea"
	"github.com/assay-dev/assay/rollback/gitprovider/gitlab"
	"github.com/assay-dev/assay/rollback/gitprovider/plain"
	"github.com/assay-dev/assay/sources/git"
)

// The kinds of providers that an operator may name.
const (
	Auto      = "auto" // told by the URL
	Plain     = "plain"
	Gitea     = "gitea"
	GitHub    = "github"
	GitLab    = "gitlab"
	Bitbucket = "bitbucket"
	Azure     = "azure"
)

// apis are the providers that are asked by HTTP.
var apis = map[string]func(repository string, c Credentials, client *http.Client) (gitprovider.Provider, error){
	Gitea: func(repository string, c Credentials, client *http.Client) (gitprovider.Provider, error) {
		return gitea.New(repository, c.token(), client)
	},
	GitHub: func(repository string, c Credentials, client *http.Client) (gitprovider.Provider, error) {
		return c.github(repository, client)
	},
	GitLab: func(repository string, c Credentials, client *http.Client) (gitprovider.Provider, error) {
		return gitlab.New(repository, c.token(), client)
	},
	Bitbucket: func(repository string, c Credentials, client *http.Client) (gitprovider.Provider, error) {
		return bitbucket.New(repository, c.Auth, client)
	},
	Azure: func(repository string, c Credentials, client *http.Client) (gitprovider.Provider, error) {
		return azure.New(repository, c.Auth, client)
	},
}

// Kinds lists what New takes.
func Kinds() []string { return []string{Auto, Plain, Gitea, GitHub, GitLab, Bitbucket, Azure} }

// New makes the Provider for a repository. Its credentials are those of the mirror: the password or bearer token that Git pushes with is
// the token of the API, too, and a GitHub App gets both of them theirs.
func New(kind, repository string, c Credentials, mirror *git.Mirror) (gitprovider.Provider, error) {
	if kind == Auto || kind == "" {
		var err error
		if kind, err = guess(repository); err != nil {
			return nil, err
		}
	}
	api, known := apis[kind]
	switch {
	case kind == Plain:
		return plain.New(mirror), nil
	case !known:
		return nil, fmt.Errorf("provider %q of %s is not known: it is one of %s", kind, git.Redact(repository), strings.Join(Kinds(), ", "))
	case c.App.ID != "" && kind != GitHub:
		return nil, fmt.Errorf("provider %s of %s: its credentials are a GitHub App's: give a password or bearerToken", kind, git.Redact(repository))
	}
	client, err := client(c.Auth)
	if err != nil {
		return nil, fmt.Errorf("provider of %s: %w", git.Redact(repository), err)
	}
	return api(repository, c, client)
}
