package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	sdk "github.com/google/go-github/v74/github"

	"github.com/assay-dev/assay/rollback/gitprovider"
)

// labelColor is the color of labels that are made, which people may change.
const labelColor = "1d76db"

// Label implements gitprovider.Provider.
func (p *Provider) Label(ctx context.Context, number int64, names ...string) error {
	for _, name := range names {
		if err := p.ensureLabel(ctx, name); err != nil {
			return err
		}
	}
	_, err := call(p, fmt.Sprintf("label pull request %d", number), func() ([]*sdk.Label, *sdk.Response, error) {
		return p.api.Issues.AddLabelsToIssue(ctx, p.owner, p.name, int(number), names)
	})
	return err
}

func (p *Provider) ensureLabel(ctx context.Context, name string) error {
	_, err := call(p, "read the label "+name, func() (*sdk.Label, *sdk.Response, error) {
		return p.api.Issues.GetLabel(ctx, p.owner, p.name, name)
	})
	if !errors.Is(err, gitprovider.ErrNotFound) {
		return err
	}
	_, err = call(p, "make the label "+name, func() (*sdk.Label, *sdk.Response, error) {
		return p.api.Issues.CreateLabel(ctx, p.owner, p.name, &sdk.Label{Name: &name, Color: sdk.Ptr(labelColor)})
	})
	if answeredWith(err, http.StatusUnprocessableEntity, "already_exists") {
		return nil // somebody else made it meanwhile
	}
	return err
}

// RequestReviewers implements gitprovider.Provider. A team is named by its slug, without the organization.
func (p *Provider) RequestReviewers(ctx context.Context, number int64, reviewers ...string) error {
	var asked sdk.ReviewersRequest
	for _, name := range reviewers {
		if team, is := strings.CutPrefix(name, "team:"); is {
			asked.TeamReviewers = append(asked.TeamReviewers, team)
		} else {
			asked.Reviewers = append(asked.Reviewers, name)
		}
	}
	_, err := call(p, fmt.Sprintf("ask %s to review pull request %d", strings.Join(reviewers, ", "), number),
		func() (*sdk.PullRequest, *sdk.Response, error) {
			return p.api.PullRequests.RequestReviewers(ctx, p.owner, p.name, int(number), asked)
		})
	return err
}
