package azure

import (
	"context"
	"fmt"

	sdk "github.com/microsoft/azure-devops-go-api/azuredevops/v7/git"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

// Merge implements gitprovider.Provider, with a merge commit. One that is merged already is no error. The server merges some time after it
// was asked to, which is waited for.
func (p *Provider) Merge(ctx context.Context, number int64, head git.Hash) error {
	raw, err := p.raw(ctx, number)
	switch {
	case err != nil || stateOf(raw) == gitprovider.Merged:
		return err
	case stateOf(raw) == gitprovider.Closed:
		return p.refused(number, fmt.Errorf("%w: it is abandoned", gitprovider.ErrBlocked))
	case headOf(raw) != head:
		return p.refused(number, fmt.Errorf("%w from %s to %s", gitprovider.ErrHeadMoved, head, headOf(raw)))
	}
	raw, err = p.update(ctx, "merge", number, sdk.GitPullRequest{
		Status:                &sdk.PullRequestStatusValues.Completed,
		LastMergeSourceCommit: &sdk.GitCommitRef{CommitId: to(head.String())},
		CompletionOptions: &sdk.GitPullRequestCompletionOptions{
			MergeStrategy: &sdk.GitPullRequestMergeStrategyValues.NoFastForward, DeleteSourceBranch: to(false), BypassPolicy: to(false),
		},
	})
	if err != nil {
		return err
	}
	return p.completed(ctx, number, raw)
}

// completed waits until a merge that was asked for is done.
func (p *Provider) completed(ctx context.Context, number int64, raw *sdk.GitPullRequest) error {
	return transport.Settle(ctx, func() (err error) {
		if raw == nil {
			if raw, err = p.raw(ctx, number); err != nil {
				return err
			}
		}
		now := raw
		raw = nil // to be read again
		if stateOf(now) == gitprovider.Merged {
			return nil
		}
		switch status := of(now.MergeStatus); status {
		case sdk.PullRequestAsyncStatusValues.Conflicts, sdk.PullRequestAsyncStatusValues.RejectedByPolicy, sdk.PullRequestAsyncStatusValues.Failure:
			return p.refused(number, fmt.Errorf("%w: %s %s", gitprovider.ErrBlocked, status, of(now.MergeFailureMessage)))
		}
		return transport.Unsettled(p.refused(number, fmt.Errorf("%w: it is still at it", gitprovider.ErrUnavailable)))
	})
}

func (p *Provider) refused(number int64, why error) error {
	return fmt.Errorf("merge %s of %s: %w", pull(number), p, why)
}
