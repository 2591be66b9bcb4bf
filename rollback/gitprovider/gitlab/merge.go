package gitlab

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	sdk "gitlab.com/gitlab-org/api/client-go"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

// Merge implements gitprovider.Provider, in the way that the project's settings say. One that is merged already is no error.
func (p *Provider) Merge(ctx context.Context, number int64, head git.Hash) error {
	what := fmt.Sprintf("merge merge request %d", number)
	return transport.Settle(ctx, func() error {
		mr, err := p.raw(ctx, number)
		if err != nil {
			return err
		}
		switch pr := pullRequest(&mr.BasicMergeRequest); {
		case pr.State == gitprovider.Merged:
			return nil
		case pr.Head != head:
			return fmt.Errorf("%s of %s: %w from %s to %s", what, p, gitprovider.ErrHeadMoved, head, pr.Head)
		case pr.State == gitprovider.Closed:
			return fmt.Errorf("%s of %s: %w: it is closed", what, p, gitprovider.ErrBlocked)
		}
		_, err = call(ctx, p, what, func(id int64, with sdk.RequestOptionFunc) (*sdk.MergeRequest, *sdk.Response, error) {
			return p.api.MergeRequests.AcceptMergeRequest(id, number, &sdk.AcceptMergeRequestOptions{SHA: sdk.Ptr(head.String())}, with)
		})
		switch {
		case answeredWith(err, http.StatusConflict):
			return fmt.Errorf("%w: %w", gitprovider.ErrHeadMoved, err)
		case answeredWith(err, http.StatusUnauthorized): // the token could read it just now
			return fmt.Errorf("%s of %s: %w: the token's role may not merge into %s", what, p, gitprovider.ErrBlocked, mr.TargetBranch)
		case answeredWith(err, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusUnprocessableEntity):
			return p.blocked(ctx, number, err)
		}
		return err
	})
}

// blocked adds the reason why GitLab does not merge, which its refusal leaves out, to the refusal.
func (p *Provider) blocked(ctx context.Context, number int64, refusal error) error {
	now, err := p.raw(ctx, number)
	if err != nil {
		return errors.Join(refusal, err)
	}
	if now.State == "merged" { // the answer to the first attempt was lost on the way
		return nil
	}
	err = fmt.Errorf("%w: %s: %w", gitprovider.ErrBlocked, reasonOf(now.DetailedMergeStatus), refusal)
	if undecided[now.DetailedMergeStatus] {
		return transport.Unsettled(err)
	}
	return err
}
