// Package azure opens pull requests on Azure DevOps Services and Azure DevOps Server through their REST API, with the client that Microsoft
// generates from its description. In go branches that are pushed already; out come pull requests.
//
// It never pushes, never deletes a branch, never bypasses a policy, and never has a pull request completed later by the server: completion
// is asked for at one commit, and the server refuses it at any other. A description holds 4,000 characters here; a longer text is kept
// whole in a comment, and its beginning in the description.
package azure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/microsoft/azure-devops-go-api/azuredevops/v7"
	sdk "github.com/microsoft/azure-devops-go-api/azuredevops/v7/git"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

// Provider is one repository. It is safe for concurrent use.
type Provider struct {
	location
	http       *http.Client
	connection *azuredevops.Connection
	api        sdk.Client
}

// New makes a Provider for the repository that Git reaches at the URL, by HTTPS or SSH. Of the credentials it takes the bearer token, or
// the password, which is a personal access token; either needs the scopes vso.code_write and vso.code_status, and vso.identity to find
// reviewers by name. A nil client is that of package transport. The server is not contacted.
func New(repository string, auth git.Auth, client *http.Client) (*Provider, error) {
	at, err := locate(repository)
	if err != nil {
		return nil, err
	}
	if client == nil {
		client = transport.Client(nil)
	}
	legibly := *client
	legibly.Transport = legible{cmp.Or(client.Transport, http.DefaultTransport)}
	p := &Provider{location: at, http: &legibly, connection: &azuredevops.Connection{BaseUrl: at.organization, SuppressFedAuthRedirect: true}}
	switch {
	case auth.BearerToken != "":
		p.connection.AuthorizationString = "Bearer " + auth.BearerToken
	case auth.Password != "":
		p.connection.AuthorizationString = azuredevops.CreateBasicAuthHeaderValue("", auth.Password)
	}
	p.api = &sdk.ClientImpl{Client: *p.client(at.organization)}
	return p, nil
}

// client asks a server beneath a URL.
func (p *Provider) client(base string) *azuredevops.Client {
	return azuredevops.NewClientWithOptions(p.connection, base, azuredevops.WithHTTPClient(p.http))
}

// Name implements gitprovider.Provider.
func (p *Provider) Name() string { return "azure" }

// to points at a value, as the client's optional fields want it.
func to[T any](v T) *T { return &v }

// of is what a pointer points at, or nothing.
func of[T any](v *T) (value T) {
	if v != nil {
		value = *v
	}
	return value
}

const heads = "refs/heads/"

// list returns the pull requests that fit, the newest first.
func (p *Provider) list(ctx context.Context, criteria sdk.GitPullRequestSearchCriteria) (all []sdk.GitPullRequest, err error) {
	for {
		page, err := call(p, "list pull requests", func() (*[]sdk.GitPullRequest, error) {
			return p.api.GetPullRequests(ctx, sdk.GetPullRequestsArgs{
				Project: &p.project, RepositoryId: &p.repository, SearchCriteria: &criteria, Top: to(100), Skip: to(len(all)),
			})
		})
		if err != nil {
			return nil, err
		}
		if len(of(page)) == 0 {
			slices.SortFunc(all, func(a, b sdk.GitPullRequest) int { return cmp.Compare(of(b.PullRequestId), of(a.PullRequestId)) })
			return all, nil
		}
		all = append(all, *page...)
	}
}

// Find implements gitprovider.Provider. An open pull request comes before others.
func (p *Provider) Find(ctx context.Context, branch, base string) (*gitprovider.PullRequest, error) {
	list, err := p.list(ctx, sdk.GitPullRequestSearchCriteria{
		Status: &sdk.PullRequestStatusValues.All, SourceRefName: to(heads + branch), TargetRefName: to(heads + base),
	})
	var found *sdk.GitPullRequest
	for i, pr := range list {
		if pr.ForkSource == nil && (found == nil || stateOf(found) != gitprovider.Open && stateOf(&pr) == gitprovider.Open) {
			found = &list[i]
		}
	}
	if err != nil || found == nil {
		return nil, err
	}
	return p.Get(ctx, int64(of(found.PullRequestId)))
}

// ListOpen implements gitprovider.Provider. Lists hold the beginnings of descriptions only, so each one is read by itself.
func (p *Provider) ListOpen(ctx context.Context, base string) ([]gitprovider.PullRequest, error) {
	list, err := p.list(ctx, sdk.GitPullRequestSearchCriteria{Status: &sdk.PullRequestStatusValues.Active, TargetRefName: to(heads + base)})
	if err != nil {
		return nil, err
	}
	out := make([]gitprovider.PullRequest, 0, len(list))
	for _, listed := range list {
		pr, err := p.Get(ctx, int64(of(listed.PullRequestId)))
		if err != nil {
			return nil, err
		}
		out = append(out, *pr)
	}
	return out, nil
}

// Open implements gitprovider.Provider. The server keeps a second one from being opened.
func (p *Provider) Open(ctx context.Context, n gitprovider.NewPullRequest) (*gitprovider.PullRequest, error) {
	known, err := p.Find(ctx, n.Branch, n.Base)
	if err != nil || known != nil && known.State == gitprovider.Open {
		return known, err
	}
	made, err := p.create(ctx, n)
	if errors.Is(err, errExists) {
		known, findErr := p.Find(ctx, n.Branch, n.Base)
		if findErr != nil || known != nil && known.State == gitprovider.Open {
			return known, findErr
		}
	}
	if err != nil {
		return nil, err
	}
	number := int64(of(made.PullRequestId))
	if !fits(n.Body) {
		if err := p.UpdateBody(ctx, number, n.Body); err != nil {
			return nil, err
		}
	}
	if len(n.Labels) > 0 {
		if err := p.Label(ctx, number, n.Labels...); err != nil {
			return nil, err
		}
	}
	return p.Get(ctx, number)
}

// create opens a pull request, again for a while where its branch was pushed a moment ago and is not known yet.
func (p *Provider) create(ctx context.Context, n gitprovider.NewPullRequest) (made *sdk.GitPullRequest, err error) {
	err = transport.Settle(ctx, func() error {
		made, err = call(p, "open a pull request for "+n.Branch, func() (*sdk.GitPullRequest, error) {
			return p.api.CreatePullRequest(ctx, sdk.CreatePullRequestArgs{
				Project: &p.project, RepositoryId: &p.repository, GitPullRequestToCreate: &sdk.GitPullRequest{
					SourceRefName: to(heads + n.Branch), TargetRefName: to(heads + n.Base),
					Title: to(gitprovider.Cut(n.Title, gitprovider.MostTitle)), Description: to(gitprovider.Cut(n.Body, mostText)),
				},
			})
		})
		if status := statusOf(err); status == http.StatusBadRequest || status == http.StatusNotFound {
			return transport.Unsettled(err)
		}
		return err
	})
	if statusOf(err) == http.StatusBadRequest && !p.hasBranch(ctx, n.Branch) {
		return nil, fmt.Errorf("%w: there is no branch %s: %w", gitprovider.ErrNotFound, n.Branch, err)
	}
	return made, err
}

// hasBranch is for errors alone: where it cannot tell, the branch is taken to be there.
func (p *Provider) hasBranch(ctx context.Context, branch string) bool {
	refs, err := p.api.GetRefs(ctx, sdk.GetRefsArgs{Project: &p.project, RepositoryId: &p.repository, Filter: to("heads/" + branch)})
	return err != nil || refs == nil || slices.ContainsFunc(refs.Value, func(r sdk.GitRef) bool { return of(r.Name) == heads+branch })
}

func (p *Provider) raw(ctx context.Context, number int64) (*sdk.GitPullRequest, error) {
	return call(p, "read "+pull(number), func() (*sdk.GitPullRequest, error) {
		return p.api.GetPullRequest(ctx, sdk.GetPullRequestArgs{Project: &p.project, RepositoryId: &p.repository, PullRequestId: to(int(number))})
	})
}

func pull(number int64) string { return "pull request " + strconv.FormatInt(number, 10) }

// update changes what is set.
func (p *Provider) update(ctx context.Context, what string, number int64, change sdk.GitPullRequest) (*sdk.GitPullRequest, error) {
	return call(p, what+" "+pull(number), func() (*sdk.GitPullRequest, error) {
		return p.api.UpdatePullRequest(ctx, sdk.UpdatePullRequestArgs{
			Project: &p.project, RepositoryId: &p.repository, PullRequestId: to(int(number)), GitPullRequestToUpdate: &change,
		})
	})
}

// Get implements gitprovider.Provider.
func (p *Provider) Get(ctx context.Context, number int64) (*gitprovider.PullRequest, error) {
	raw, err := p.raw(ctx, number)
	if err != nil {
		return nil, err
	}
	labels, err := call(p, "list the labels of "+pull(number), func() (*[]labelled, error) {
		return p.api.GetPullRequestLabels(ctx, sdk.GetPullRequestLabelsArgs{Project: &p.project, RepositoryId: &p.repository, PullRequestId: to(int(number))})
	})
	if err != nil {
		return nil, err
	}
	out := &gitprovider.PullRequest{
		Number: number, URL: fmt.Sprintf("%s/pullrequest/%d", p, number), State: stateOf(raw), Head: headOf(raw),
		Base: strings.TrimPrefix(of(raw.TargetRefName), heads), Title: of(raw.Title),
	}
	for _, l := range of(labels) {
		out.Labels = append(out.Labels, of(l.Name))
	}
	if out.State != gitprovider.Open && raw.ClosedBy != nil {
		out.By = cmp.Or(of(raw.ClosedBy.UniqueName), of(raw.ClosedBy.DisplayName))
	}
	if out.State == gitprovider.Merged {
		out.MergeCommit = commitOf(raw.LastMergeCommit)
	}
	out.Body, err = p.text(ctx, number, of(raw.Description))
	return out, err
}

func stateOf(pr *sdk.GitPullRequest) gitprovider.State {
	switch of(pr.Status) {
	case sdk.PullRequestStatusValues.Completed:
		return gitprovider.Merged
	case sdk.PullRequestStatusValues.Abandoned:
		return gitprovider.Closed
	}
	return gitprovider.Open
}

// headOf is the commit that the server saw last at the branch.
func headOf(pr *sdk.GitPullRequest) git.Hash { return commitOf(pr.LastMergeSourceCommit) }

func commitOf(c *sdk.GitCommitRef) git.Hash {
	if c == nil {
		return git.Hash{}
	}
	h, _ := git.ParseHash(of(c.CommitId))
	return h
}

// Close implements gitprovider.Provider.
func (p *Provider) Close(ctx context.Context, number int64) error {
	raw, err := p.raw(ctx, number)
	if err != nil || stateOf(raw) != gitprovider.Open {
		return err
	}
	_, err = p.update(ctx, "close", number, sdk.GitPullRequest{Status: &sdk.PullRequestStatusValues.Abandoned})
	return err
}
