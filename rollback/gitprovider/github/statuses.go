package github

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	sdk "github.com/google/go-github/v74/github"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// saidCheck is what a status or a check run says of a commit.
type saidCheck struct {
	gitprovider.Check
	app int64 // the App that ran it; zero for a status, of which GitHub does not tell
}

// said lists what statuses and check runs say of a commit, the last word of each.
func (p *Provider) said(ctx context.Context, commit git.Hash) (all []saidCheck, err error) {
	statuses, err := pages(p, "list the statuses of commit "+commit.String(), func(page sdk.ListOptions) ([]*sdk.RepoStatus, *sdk.Response, error) {
		combined, response, err := p.api.Repositories.GetCombinedStatus(ctx, p.owner, p.name, commit.String(), &page)
		if err != nil {
			return nil, response, err
		}
		return combined.Statuses, response, nil
	})
	if err != nil {
		return nil, err
	}
	for _, s := range statuses {
		all = append(all, saidCheck{Check: gitprovider.Check{Name: s.GetContext(), State: ofStatus(s.GetState())}})
	}
	runs, err := pages(p, "list the check runs of commit "+commit.String(), func(page sdk.ListOptions) ([]*sdk.CheckRun, *sdk.Response, error) {
		list, response, err := p.api.Checks.ListCheckRunsForRef(ctx, p.owner, p.name, commit.String(), &sdk.ListCheckRunsOptions{
			Filter: sdk.Ptr("latest"), ListOptions: page,
		})
		if err != nil {
			return nil, response, err
		}
		return list.CheckRuns, response, nil
	})
	if err != nil {
		return nil, err
	}
	for _, r := range runs {
		all = append(all, saidCheck{Check: gitprovider.Check{Name: r.GetName(), State: ofRun(r)}, app: r.GetApp().GetID()})
	}
	return all, nil
}

func ofStatus(state string) gitprovider.CheckState {
	switch state {
	case "success":
		return gitprovider.ChecksPassing
	case "pending":
		return gitprovider.ChecksPending
	}
	return gitprovider.ChecksFailing // failure, error
}

// ofRun is what a check run says. See https://docs.github.com/rest/checks/runs for the conclusions.
func ofRun(r *sdk.CheckRun) gitprovider.CheckState {
	if r.GetStatus() != "completed" {
		return gitprovider.ChecksPending
	}
	switch r.GetConclusion() {
	case "success", "neutral", "skipped":
		return gitprovider.ChecksPassing
	}
	return gitprovider.ChecksFailing
}

// mostDescription is how many characters GitHub takes.
const mostDescription = 140

// SetStatus implements gitprovider.Provider.
func (p *Provider) SetStatus(ctx context.Context, commit git.Hash, s gitprovider.CommitStatus) error {
	status := &sdk.RepoStatus{State: sdk.Ptr(strings.ToLower(string(s.State))), Context: &s.Context, Description: sdk.Ptr(gitprovider.Cut(s.Description, mostDescription))}
	if s.URL != "" {
		status.TargetURL = &s.URL
	}
	_, err := call(p, "set the status "+s.Context+" of commit "+commit.String(), func() (*sdk.RepoStatus, *sdk.Response, error) {
		return p.api.Repositories.CreateStatus(ctx, p.owner, p.name, commit.String(), status)
	})
	if answeredWith(err, http.StatusUnprocessableEntity, "No commit found") {
		return fmt.Errorf("%w: %w", gitprovider.ErrNotFound, err)
	}
	return err
}
