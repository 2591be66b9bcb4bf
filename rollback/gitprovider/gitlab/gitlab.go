// Package gitlab opens merge requests on gitlab.com and self-managed GitLab through the REST API. In go branches that are pushed already,
// with the access token of a person, project or group; out come merge requests, which the rest of Assay calls pull requests.
//
// It never pushes, never merges at another commit than the one it is given, never has GitLab merge later by itself, and shows its token to
// no other host than the API's. What GitLab answers while it is still finding out (a branch that was pushed a moment ago, a merge request
// that is being checked) is asked again for a few seconds. The API is described at https://docs.gitlab.com/api/rest/.
package gitlab

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"

	sdk "gitlab.com/gitlab-org/api/client-go"

	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

// Provider is one project of a GitLab. It is safe for concurrent use.
type Provider struct {
	server string // https://host
	path   string // group/subgroup/project
	api    *sdk.Client
	known  atomic.Int64 // the project's ID, once it was asked for
}

// New makes a Provider for the project that Git reaches at the URL, by HTTP or SSH; GitLab is at the root of its host. The token needs the
// scope api, and the role Developer, or whatever the project asks of those who merge. The client is best one of package transport, and is
// one when nil. GitLab is not contacted.
func New(repository, token string, client *http.Client) (*Provider, error) {
	page, err := transport.Address(repository)
	if err != nil {
		return nil, err
	}
	p := &Provider{server: page.Scheme + "://" + page.Host, path: strings.Trim(page.Path, "/")}
	if !strings.Contains(p.path, "/") {
		return nil, fmt.Errorf("repository %s: expected https://HOST/GROUP/PROJECT", git.Redact(repository))
	}
	p.api, err = sdk.NewClient(token, sdk.WithBaseURL(p.server), sdk.WithHTTPClient(transport.Staying(client)), sdk.WithUserAgent("assay"),
		sdk.WithoutRetries(), sdk.WithCustomLimiter(unlimited{}), // which is the transport's part
		sdk.WithURLWarningLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, fmt.Errorf("repository %s: %w", p, err)
	}
	return p, nil
}

// unlimited sends requests as they come.
type unlimited struct{}

// Wait implements sdk.RateLimiter.
func (unlimited) Wait(context.Context) error { return nil }

// Name implements gitprovider.Provider.
func (p *Provider) Name() string { return "gitlab" }

// String is the project's page.
func (p *Provider) String() string { return p.server + "/" + p.path }

// id is the project's ID. GitLab redirects only those who read from where a project was before; with the ID, the others get there, too.
func (p *Provider) id(ctx context.Context) (int64, error) {
	if id := p.known.Load(); id != 0 {
		return id, nil
	}
	project, err := ask(ctx, p, "read the project", func(with sdk.RequestOptionFunc) (*sdk.Project, *sdk.Response, error) {
		return p.api.Projects.GetProject(p.path, nil, with)
	})
	if err != nil {
		return 0, err
	}
	p.known.Store(project.ID)
	return project.ID, nil
}
