package azure

import (
	"context"
	"testing"
	"testing/synctest"

	sdk "github.com/microsoft/azure-devops-go-api/azuredevops/v7/git"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

var head = git.Hash{0xab}

// merging is a server that merges some time after it was asked: it is read as the states say, one after the other, the last one for good.
type merging struct {
	sdk.Client
	states []sdk.GitPullRequest
	asked  *sdk.GitPullRequest
}

func (m *merging) GetPullRequest(context.Context, sdk.GetPullRequestArgs) (*sdk.GitPullRequest, error) {
	now := m.states[0]
	if len(m.states) > 1 {
		m.states = m.states[1:]
	}
	return &now, nil
}

func (m *merging) UpdatePullRequest(ctx context.Context, args sdk.UpdatePullRequestArgs) (*sdk.GitPullRequest, error) {
	m.asked = args.GitPullRequestToUpdate
	return m.GetPullRequest(ctx, sdk.GetPullRequestArgs{})
}

func TestMerge(t *testing.T) {
	at := func(commit git.Hash, status sdk.PullRequestStatus, merge sdk.PullRequestAsyncStatus) sdk.GitPullRequest {
		return sdk.GitPullRequest{Status: &status, MergeStatus: &merge, LastMergeSourceCommit: &sdk.GitCommitRef{CommitId: to(commit.String())}}
	}
	status, async := sdk.PullRequestStatusValues, sdk.PullRequestAsyncStatusValues
	ready, queued, done := at(head, status.Active, async.Succeeded), at(head, status.Active, async.Queued), at(head, status.Completed, async.Succeeded)
	for name, c := range map[string]struct {
		states []sdk.GitPullRequest
		want   error
		asked  bool
	}{
		"at once":       {[]sdk.GitPullRequest{ready, done}, nil, true},
		"later":         {[]sdk.GitPullRequest{ready, queued, queued, ready, done}, nil, true},
		"never":         {[]sdk.GitPullRequest{ready, queued}, gitprovider.ErrUnavailable, true},
		"conflict":      {[]sdk.GitPullRequest{ready, queued, at(head, status.Active, async.Conflicts)}, gitprovider.ErrBlocked, true},
		"policy":        {[]sdk.GitPullRequest{ready, at(head, status.Active, async.RejectedByPolicy)}, gitprovider.ErrBlocked, true},
		"moved":         {[]sdk.GitPullRequest{at(git.Hash{0xcd}, status.Active, async.Succeeded)}, gitprovider.ErrHeadMoved, false},
		"abandoned":     {[]sdk.GitPullRequest{at(head, status.Abandoned, async.Succeeded)}, gitprovider.ErrBlocked, false},
		"merged before": {[]sdk.GitPullRequest{done}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &merging{states: c.states}
				p := &Provider{location: location{"https://dev.azure.com/shop", "web", "config"}, api: server}
				require.ErrorIs(t, p.Merge(t.Context(), 7, head), c.want)
				require.Equal(t, c.asked, server.asked != nil)
				if c.asked {
					require.Equal(t, head.String(), *server.asked.LastMergeSourceCommit.CommitId)
					require.False(t, *server.asked.CompletionOptions.BypassPolicy)
				}
			})
		})
	}
}
