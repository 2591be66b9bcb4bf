package connect

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/assay-dev/assay/rollback/gitprovider/github"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

// Credentials are what an operator gives for a repository: what Git is shown, or the GitHub App that gets it its tokens.
type Credentials struct {
	git.Auth
	// App is used when its ID is given.
	App github.App
	// Owner is the account that the App is installed for, and BaseURL the API of its server. Both are told by the repository; where they are
	// given nevertheless, they must fit it.
	Owner, BaseURL string
}

// appUser is the user whose password is an App's token, for Git.
const appUser = "x-access-token"

// Git is what Git is shown at a repository. Where an App is not for it, that is said when a token is needed.
func (c Credentials) Git(repository string) git.Auth {
	if c.App.ID == "" {
		return c.Auth
	}
	auth := c.Auth
	auth.Username = appUser
	client, err := client(c.Auth)
	if err != nil {
		auth.Token = failing(err)
		return auth
	}
	provider, err := c.github(repository, client)
	if err != nil {
		auth.Token = failing(err)
		return auth
	}
	auth.Token = provider.Token
	return auth
}

// failing says what is wrong whenever a token is asked for.
func failing(err error) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return "", err }
}

// token is what an API is shown.
func (c Credentials) token() string {
	if c.BearerToken != "" {
		return c.BearerToken
	}
	return c.Password
}

func (c Credentials) github(repository string, client *http.Client) (*github.Provider, error) {
	if c.App.ID != "" {
		if err := c.fits(repository); err != nil {
			return nil, err
		}
	}
	return github.New(repository, github.Credentials{Token: c.token(), App: c.App}, client)
}

// fits says whether the App is for the repository at all.
func (c Credentials) fits(repository string) error {
	page, err := transport.Address(repository)
	if err != nil {
		return err
	}
	owner, _, _ := strings.Cut(strings.Trim(page.Path, "/"), "/")
	if c.Owner != "" && !strings.EqualFold(c.Owner, owner) {
		return fmt.Errorf("GitHub App %s is installed for %s, and cannot be used for %s", c.App.ID, c.Owner, page)
	}
	if c.BaseURL == "" {
		return nil
	}
	api, err := url.Parse(c.BaseURL)
	if err != nil || api.Host != page.Host && api.Host != "api."+page.Host {
		return fmt.Errorf("GitHub App %s is one of the server %s, and cannot be used for %s", c.App.ID, git.Redact(c.BaseURL), page)
	}
	return nil
}
