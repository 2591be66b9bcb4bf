package gitea

import (
	"context"
	"fmt"
	"strings"

	sdk "code.gitea.io/sdk/gitea"
)

// labelColor is the color of labels that are made, which people may change.
const labelColor = "#1d76db"

// Label implements gitprovider.Provider. A label that only the owner's organization has is made in the repository, too.
func (p *Provider) Label(ctx context.Context, number int64, names ...string) error {
	known, err := pages(ctx, p, "list labels", func(c *sdk.Client, page sdk.ListOptions) ([]*sdk.Label, *sdk.Response, error) {
		return c.ListRepoLabels(p.owner, p.name, sdk.ListLabelsOptions{ListOptions: page})
	})
	if err != nil {
		return err
	}
	ids := map[string]int64{}
	for _, l := range known {
		ids[l.Name] = l.ID
	}
	var wanted []int64
	for _, name := range names {
		id, there := ids[name]
		if !there {
			made, err := call(ctx, p, "make the label "+name, func(c *sdk.Client) (*sdk.Label, *sdk.Response, error) {
				return c.CreateLabel(p.owner, p.name, sdk.CreateLabelOption{Name: name, Color: labelColor})
			})
			if err != nil {
				return err
			}
			id = made.ID
		}
		wanted = append(wanted, id)
	}
	_, err = call(ctx, p, fmt.Sprintf("label pull request %d", number), func(c *sdk.Client) ([]*sdk.Label, *sdk.Response, error) {
		return c.AddIssueLabels(p.owner, p.name, number, sdk.IssueLabelsOption{Labels: wanted})
	})
	return err
}

// RequestReviewers implements gitprovider.Provider.
func (p *Provider) RequestReviewers(ctx context.Context, number int64, reviewers ...string) error {
	var asked sdk.PullReviewRequestOptions
	for _, name := range reviewers {
		if team, is := strings.CutPrefix(name, "team:"); is {
			asked.TeamReviewers = append(asked.TeamReviewers, team)
		} else {
			asked.Reviewers = append(asked.Reviewers, name)
		}
	}
	_, err := call(ctx, p, fmt.Sprintf("ask %s to review pull request %d", strings.Join(reviewers, ", "), number),
		func(c *sdk.Client) (struct{}, *sdk.Response, error) {
			response, err := c.CreateReviewRequests(p.owner, p.name, number, asked)
			return struct{}{}, response, err
		})
	return err
}
