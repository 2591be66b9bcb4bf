package gitlab

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	sdk "gitlab.com/gitlab-org/api/client-go"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// Checks implements gitprovider.Provider: the pipeline, where the project asks for one that succeeds, and whatever else GitLab says is
// missing before it merges, approvals included.
func (p *Provider) Checks(ctx context.Context, number int64, head git.Hash) (gitprovider.Checks, error) {
	mr, err := p.raw(ctx, number)
	if err != nil {
		return gitprovider.Checks{}, err
	}
	if at := pullRequest(&mr.BasicMergeRequest).Head; at != head {
		return gitprovider.Checks{}, fmt.Errorf("read the checks of merge request %d of %s: %w from %s to %s", number, p, gitprovider.ErrHeadMoved, head, at)
	}
	project, err := call(ctx, p, "read the project", func(id int64, with sdk.RequestOptionFunc) (*sdk.Project, *sdk.Response, error) {
		return p.api.Projects.GetProject(id, nil, with)
	})
	if err != nil {
		return gitprovider.Checks{}, err
	}
	var required []gitprovider.Check
	if project.OnlyAllowMergeIfPipelineSucceeds {
		pipeline := ofPipeline(mr.HeadPipeline, project.AllowMergeOnSkippedPipeline)
		if pipeline.State == gitprovider.ChecksPassing && awaitsPipeline[mr.DetailedMergeStatus] { // it is of the commit before
			pipeline = ofPipeline(nil, false)
		}
		required = append(required, pipeline)
	}
	if what := missing[mr.DetailedMergeStatus]; what != "" {
		required = append(required, gitprovider.Check{Name: what, State: gitprovider.ChecksPending})
	}
	return gitprovider.Sum(required), nil
}

// ofPipeline is what a pipeline says. See https://docs.gitlab.com/api/pipelines/ for its statuses.
func ofPipeline(pipeline *sdk.Pipeline, skippedPasses bool) gitprovider.Check {
	if pipeline == nil {
		return gitprovider.Check{Name: "a pipeline", State: gitprovider.ChecksPending}
	}
	check := gitprovider.Check{Name: fmt.Sprintf("pipeline %d", pipeline.ID), State: gitprovider.ChecksPending}
	switch pipeline.Status {
	case "success":
		check.State = gitprovider.ChecksPassing
	case "failed", "canceled":
		check.State = gitprovider.ChecksFailing
	case "skipped":
		check.State = gitprovider.ChecksFailing
		if skippedPasses {
			check.State = gitprovider.ChecksPassing
		}
	}
	return check
}

// statusStates are GitLab's words. It has none for a check that could not tell, and "canceled" is what comes closest.
var statusStates = map[gitprovider.StatusState]sdk.BuildStateValue{
	gitprovider.StatusPending: sdk.Pending, gitprovider.StatusSuccess: sdk.Success, gitprovider.StatusFailure: sdk.Failed, gitprovider.StatusError: sdk.Canceled,
}

// mostDescription is how many characters GitLab takes.
const mostDescription = 255

// SetStatus implements gitprovider.Provider.
func (p *Provider) SetStatus(ctx context.Context, commit git.Hash, s gitprovider.CommitStatus) error {
	options := &sdk.SetCommitStatusOptions{State: statusStates[s.State], Name: &s.Context, Description: sdk.Ptr(gitprovider.Cut(s.Description, mostDescription))}
	if s.URL != "" {
		options.TargetURL = &s.URL
	}
	_, err := call(ctx, p, "set the status "+s.Context+" of commit "+commit.String(), func(id int64, with sdk.RequestOptionFunc) (*sdk.CommitStatus, *sdk.Response, error) {
		return p.api.Commits.SetCommitStatus(id, commit.String(), options, with)
	})
	if answeredWith(err, http.StatusBadRequest) && strings.Contains(err.Error(), "Cannot transition status") {
		return nil // it is in this state already
	}
	return err
}
