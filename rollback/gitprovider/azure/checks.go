package azure

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	sdk "github.com/microsoft/azure-devops-go-api/azuredevops/v7/git"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/policy"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// Checks implements gitprovider.Provider: the policies of the base branch that block, approvals included.
func (p *Provider) Checks(ctx context.Context, number int64, head git.Hash) (gitprovider.Checks, error) {
	raw, err := p.raw(ctx, number)
	if err != nil {
		return gitprovider.Checks{}, err
	}
	if at := headOf(raw); at != head {
		return gitprovider.Checks{}, fmt.Errorf("read the checks of %s of %s: %w from %s to %s", pull(number), p, gitprovider.ErrHeadMoved, head, at)
	}
	if raw.Repository == nil || raw.Repository.Project == nil || raw.Repository.Project.Id == nil {
		return gitprovider.Checks{}, fmt.Errorf("read the checks of %s of %s: the server does not say which project it is of", pull(number), p)
	}
	artifact := fmt.Sprintf("vstfs:///CodeReview/CodeReviewId/%s/%d", raw.Repository.Project.Id, number)
	policies := policy.ClientImpl{Client: *p.client(p.organization)}
	var checks []gitprovider.Check
	for skip := 0; ; {
		page, err := call(p, "read the policies of "+pull(number), func() (*[]policy.PolicyEvaluationRecord, error) {
			return policies.GetPolicyEvaluations(ctx, policy.GetPolicyEvaluationsArgs{Project: &p.project, ArtifactId: &artifact, Top: to(100), Skip: &skip})
		})
		if err != nil {
			return gitprovider.Checks{}, err
		}
		if len(of(page)) == 0 {
			return gitprovider.Sum(checks), nil
		}
		for _, evaluated := range *page {
			if c := evaluated.Configuration; c != nil && of(c.IsBlocking) && of(c.IsEnabled) && !of(c.IsDeleted) {
				checks = append(checks, gitprovider.Check{Name: nameOf(c), State: checkOf(of(evaluated.Status))})
			}
		}
		skip += len(*page)
	}
}

func checkOf(s policy.PolicyEvaluationStatus) gitprovider.CheckState {
	switch s {
	case policy.PolicyEvaluationStatusValues.Approved, policy.PolicyEvaluationStatusValues.NotApplicable:
		return gitprovider.ChecksPassing
	case policy.PolicyEvaluationStatusValues.Queued, policy.PolicyEvaluationStatusValues.Running:
		return gitprovider.ChecksPending
	}
	return gitprovider.ChecksFailing
}

// nameOf is what people know a policy by: the name that it was given, the status that it waits for, or its kind.
func nameOf(c *policy.PolicyConfiguration) string {
	settings, _ := c.Settings.(map[string]any)
	word := func(key string) string {
		text, _ := settings[key].(string)
		return text
	}
	status := strings.TrimPrefix(word("statusGenre")+"/"+word("statusName"), "/")
	if c.Type == nil {
		return cmp.Or(word("displayName"), word("defaultDisplayName"), status)
	}
	return cmp.Or(word("displayName"), word("defaultDisplayName"), status, of(c.Type.DisplayName))
}

// genre of the statuses that are set, which is what their contexts begin with.
const genre = "assay"

var states = map[gitprovider.StatusState]sdk.GitStatusState{
	gitprovider.StatusPending: sdk.GitStatusStateValues.Pending,
	gitprovider.StatusSuccess: sdk.GitStatusStateValues.Succeeded,
	gitprovider.StatusFailure: sdk.GitStatusStateValues.Failed,
	gitprovider.StatusError:   sdk.GitStatusStateValues.Error,
}

// mostStatus is how many characters of a description are kept, which is as many as people see in one line.
const mostStatus = 256

// SetStatus implements gitprovider.Provider. Of the statuses with one context the last one counts.
func (p *Provider) SetStatus(ctx context.Context, commit git.Hash, s gitprovider.CommitStatus) error {
	status := sdk.GitStatus{
		State: to(states[s.State]), Description: to(gitprovider.Cut(s.Description, mostStatus)),
		Context: &sdk.GitStatusContext{Genre: to(genre), Name: to(strings.TrimPrefix(s.Context, genre+"/"))},
	}
	if s.URL != "" {
		status.TargetUrl = &s.URL
	}
	_, err := call(p, "set the status "+s.Context+" of commit "+commit.String(), func() (*sdk.GitStatus, error) {
		return p.api.CreateCommitStatus(ctx, sdk.CreateCommitStatusArgs{
			Project: &p.project, RepositoryId: &p.repository, CommitId: to(commit.String()), GitCommitStatusToCreate: &status,
		})
	})
	return err
}
