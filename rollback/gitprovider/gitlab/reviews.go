package gitlab

import (
	"context"
	"fmt"
	"slices"
	"strings"

	sdk "gitlab.com/gitlab-org/api/client-go"

	"github.com/assay-dev/assay/rollback/gitprovider"
)

// Label implements gitprovider.Provider. GitLab makes labels that it does not know.
func (p *Provider) Label(ctx context.Context, number int64, names ...string) error {
	return p.update(ctx, fmt.Sprintf("label merge request %d", number), number, &sdk.UpdateMergeRequestOptions{AddLabels: (*sdk.LabelOptions)(&names)})
}

// RequestReviewers implements gitprovider.Provider. Those who were asked before stay asked; GitLab's free tier keeps only
// one. Groups cannot be asked.
func (p *Provider) RequestReviewers(ctx context.Context, number int64, reviewers ...string) error {
	what := fmt.Sprintf("ask %s to review merge request %d", strings.Join(reviewers, ", "), number)
	mr, err := p.raw(ctx, number)
	if err != nil {
		return err
	}
	var ids []int64
	for _, r := range mr.Reviewers {
		ids = append(ids, r.ID)
	}
	for _, reviewer := range reviewers {
		if strings.HasPrefix(reviewer, "team:") {
			return fmt.Errorf("%s of %s: %w: GitLab asks people for a review, not groups: name people instead of %s", what, p, gitprovider.ErrUnsupported, reviewer)
		}
		id, err := p.user(ctx, reviewer)
		if err != nil {
			return err
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return p.update(ctx, what, number, &sdk.UpdateMergeRequestOptions{ReviewerIDs: &ids})
}

// user is the ID of a person.
func (p *Provider) user(ctx context.Context, name string) (int64, error) {
	what := "find the user " + name
	found, err := call(ctx, p, what, func(_ int64, with sdk.RequestOptionFunc) ([]*sdk.User, *sdk.Response, error) {
		return p.api.Users.ListUsers(&sdk.ListUsersOptions{Username: &name}, with)
	})
	if err != nil {
		return 0, err
	}
	if len(found) == 0 {
		return 0, fmt.Errorf("%s of %s: %w: check the user name", what, p, gitprovider.ErrNotFound)
	}
	return found[0].ID, nil
}
