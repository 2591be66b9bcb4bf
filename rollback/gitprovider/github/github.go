// Package github opens pull requests on github.com and GitHub Enterprise through their REST API. In go branches that are pushed already,
// with a token or as a GitHub App; out come pull requests.
//
// It never pushes, never merges at another commit than the one it is given, never turns on GitHub's own auto-merge, and shows its token to
// no other host than the API's. What GitHub answers while it is still finding out (a branch that was pushed a moment ago, a pull request
// whose mergeability is being computed) is asked again for a few seconds. The API is described at https://docs.github.com/rest.
package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	sdk "github.com/google/go-github/v74/github"

	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

// Provider is one repository at GitHub. It is safe for concurrent use.
type Provider struct {
	server      string // https://host
	owner, name string
	api         *sdk.Client
	token       func(context.Context) (string, error)
}

// New makes a Provider for the repository that Git reaches at the URL, by HTTP or SSH. The client is best one of package transport, and is
// one when nil. GitHub is not contacted; that a repository was renamed or moved is followed as GitHub tells it.
func New(repository string, credentials Credentials, client *http.Client) (*Provider, error) {
	page, err := transport.Address(repository)
	if err != nil {
		return nil, err
	}
	owner, name, ok := strings.Cut(strings.Trim(page.Path, "/"), "/")
	if !ok || strings.Contains(name, "/") {
		return nil, fmt.Errorf("repository %s: expected https://HOST/OWNER/NAME", git.Redact(repository))
	}
	p := &Provider{server: page.Scheme + "://" + page.Host, owner: owner, name: name}
	base := apiOf(page)
	next := transport.Staying(client).Transport // which follows a repository that was renamed or moved
	way := &authorized{next: next, api: base, token: func(context.Context) (string, error) { return credentials.Token, nil }}
	if credentials.App.ID != "" {
		installation, err := newInstallation(credentials.App, owner, name, base, next)
		if err != nil {
			return nil, fmt.Errorf("GitHub App %s for %s: %w", credentials.App.ID, p, err)
		}
		way.token, way.forget = installation.current, installation.forget
	}
	p.api, p.token = newClient(base, way), way.token
	return p, nil
}

// Token is what is shown to GitHub now, an App's being renewed when it ends. Git takes it as the password of the user x-access-token.
func (p *Provider) Token(ctx context.Context) (string, error) { return p.token(ctx) }

// apiOf is where the API of the server with a page is: at a host of its own on github.com and in GitHub Enterprise Cloud with data
// residency, and under a path of the same host on GitHub Enterprise Server. See
// https://docs.github.com/enterprise-server/rest/overview/resources-in-the-rest-api.
func apiOf(page *url.URL) *url.URL {
	if page.Host == "github.com" || page.Host == "www.github.com" {
		return &url.URL{Scheme: page.Scheme, Host: "api.github.com", Path: "/"}
	}
	if strings.HasSuffix(page.Host, ".ghe.com") {
		return &url.URL{Scheme: page.Scheme, Host: "api." + page.Host, Path: "/"}
	}
	return &url.URL{Scheme: page.Scheme, Host: page.Host, Path: "/api/v3/"}
}

// newClient is GitHub's own client for the API at an address. Redirects are for the transport to follow.
func newClient(api *url.URL, way http.RoundTripper) *sdk.Client {
	client := sdk.NewClient(&http.Client{
		Transport:     way,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	client.BaseURL, client.UserAgent = api, "assay"
	return client
}

// Name implements gitprovider.Provider.
func (p *Provider) Name() string { return "github" }

// String is the repository's page.
func (p *Provider) String() string { return fmt.Sprintf("%s/%s/%s", p.server, p.owner, p.name) }
