package azure

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/core"
	sdk "github.com/microsoft/azure-devops-go-api/azuredevops/v7/git"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/identity"

	"github.com/assay-dev/assay/rollback/gitprovider"
)

// labelled is a label.
type labelled = core.WebApiTagDefinition

// Label implements gitprovider.Provider.
func (p *Provider) Label(ctx context.Context, number int64, names ...string) error {
	for _, name := range names {
		_, err := call(p, fmt.Sprintf("label %s with %s", pull(number), name), func() (*labelled, error) {
			return p.api.CreatePullRequestLabel(ctx, sdk.CreatePullRequestLabelArgs{
				Project: &p.project, RepositoryId: &p.repository, PullRequestId: to(int(number)), Label: &core.WebApiCreateTagRequestData{Name: &name},
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// RequestReviewers implements gitprovider.Provider. A name is the ID of an identity, or what finds it: a mail address, an account name, or
// a display name that only one has. A team is one of the project.
func (p *Provider) RequestReviewers(ctx context.Context, number int64, names ...string) error {
	raw, err := p.raw(ctx, number)
	if err != nil {
		return err
	}
	for _, name := range names {
		id, err := p.identity(ctx, name)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(of(raw.Reviewers), func(r sdk.IdentityRefWithVote) bool { return strings.EqualFold(of(r.Id), id) }) {
			continue // asking again would take the vote away
		}
		_, err = call(p, fmt.Sprintf("ask %s to review %s", name, pull(number)), func() (*sdk.IdentityRefWithVote, error) {
			return p.api.CreatePullRequestReviewer(ctx, sdk.CreatePullRequestReviewerArgs{
				Project: &p.project, RepositoryId: &p.repository, PullRequestId: to(int(number)), ReviewerId: &id,
				Reviewer: &sdk.IdentityRefWithVote{Id: &id, Vote: to(0)},
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// identity is the ID of a person or team.
func (p *Provider) identity(ctx context.Context, name string) (string, error) {
	if id, err := uuid.Parse(name); err == nil {
		return id.String(), nil
	}
	searched := name
	if team, is := strings.CutPrefix(name, "team:"); is {
		searched = fmt.Sprintf(`[%s]\%s`, p.project, team)
	}
	found, err := call(p, "find the identity "+name, func() (*[]identity.Identity, error) {
		server, err := p.identities(ctx)
		if err != nil {
			return nil, err
		}
		return server.ReadIdentities(ctx, identity.ReadIdentitiesArgs{SearchFilter: to("General"), FilterValue: &searched})
	})
	if err != nil {
		return "", err
	}
	if len(of(found)) != 1 || (*found)[0].Id == nil {
		return "", fmt.Errorf("find the identity %s of %s: %w: %d are found: give a mail address, or the ID", name, p, gitprovider.ErrNotFound, len(of(found)))
	}
	return (*found)[0].Id.String(), nil
}

// identities is the service that knows them, which Azure DevOps Services have at another host and Azure DevOps Server beside the rest.
func (p *Provider) identities(ctx context.Context) (*identity.ClientImpl, error) {
	areas, err := p.client(p.organization).GetResourceAreas(ctx)
	if err != nil {
		return nil, err
	}
	base := p.organization
	for _, area := range of(areas) {
		if of(area.Id) == identity.ResourceAreaId {
			base = of(area.LocationUrl)
		}
	}
	if !p.reaches(base) {
		return nil, fmt.Errorf("the server says that identities are at %s, where the token is not sent: name reviewers by their IDs", base)
	}
	return &identity.ClientImpl{Client: *p.client(base)}, nil
}

// reaches says whether the token may be shown at a URL that the server tells: on its own host, or, as it is
// Microsoft's, on others of Microsoft's.
func (p *Provider) reaches(address string) bool {
	own, err := url.Parse(p.organization)
	if err != nil {
		return false
	}
	other, err := url.Parse(address)
	if err != nil || other.Scheme != own.Scheme {
		return false
	}
	return other.Host == own.Host || hosted(own.Host) && hosted(other.Host)
}

// hosted says whether a host is one of Azure DevOps Services.
func hosted(host string) bool {
	return host == "dev.azure.com" || strings.HasSuffix(host, ".dev.azure.com") || strings.HasSuffix(host, ".visualstudio.com")
}
