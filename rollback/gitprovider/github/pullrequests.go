package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	sdk "github.com/google/go-github/v74/github"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

// Find implements gitprovider.Provider. An open pull request comes before others, since people may open an older one again.
func (p *Provider) Find(ctx context.Context, branch, base string) (*gitprovider.PullRequest, error) {
	found, err := p.ofBranch(ctx, branch, base, "all")
	if err != nil || len(found) == 0 {
		return nil, err
	}
	for _, pr := range found {
		if pr.GetState() == "open" {
			return pullRequest(pr), nil
		}
	}
	return p.Get(ctx, int64(found[0].GetNumber())) // a list does not tell who merged or closed
}

// ofBranch lists the pull requests from a branch of this repository, the newest first. GitHub wants the owner's name with the branch; where
// the repository has another owner by now, it is asked by that one.
func (p *Provider) ofBranch(ctx context.Context, branch, base, state string) ([]*sdk.PullRequest, error) {
	found, err := p.ofOwner(ctx, p.owner, branch, base, state)
	if err != nil || len(found) > 0 {
		return found, err
	}
	repository, err := p.repository(ctx)
	if err != nil || strings.EqualFold(repository.GetOwner().GetLogin(), p.owner) {
		return nil, err
	}
	return p.ofOwner(ctx, repository.GetOwner().GetLogin(), branch, base, state)
}

// ofOwner leaves out those of forks that the same owner has.
func (p *Provider) ofOwner(ctx context.Context, owner, branch, base, state string) ([]*sdk.PullRequest, error) {
	found, err := pages(p, "find the pull request of "+branch, func(page sdk.ListOptions) ([]*sdk.PullRequest, *sdk.Response, error) {
		return p.api.PullRequests.List(ctx, p.owner, p.name, &sdk.PullRequestListOptions{
			State: state, Head: owner + ":" + branch, Base: base, Sort: "created", Direction: "desc", ListOptions: page,
		})
	})
	return slices.DeleteFunc(found, func(pr *sdk.PullRequest) bool {
		return pr.GetHead().GetRepo().GetID() != pr.GetBase().GetRepo().GetID()
	}), err
}

func (p *Provider) repository(ctx context.Context) (*sdk.Repository, error) {
	return call(p, "read the repository", func() (*sdk.Repository, *sdk.Response, error) {
		return p.api.Repositories.Get(ctx, p.owner, p.name)
	})
}

// ListOpen implements gitprovider.Provider.
func (p *Provider) ListOpen(ctx context.Context, base string) ([]gitprovider.PullRequest, error) {
	open, err := pages(p, "list open pull requests", func(page sdk.ListOptions) ([]*sdk.PullRequest, *sdk.Response, error) {
		return p.api.PullRequests.List(ctx, p.owner, p.name, &sdk.PullRequestListOptions{
			State: "open", Base: base, Sort: "created", Direction: "desc", ListOptions: page,
		})
	})
	if err != nil {
		return nil, err
	}
	out := make([]gitprovider.PullRequest, len(open))
	for i, pr := range open {
		out[i] = *pullRequest(pr)
	}
	return out, nil
}

// Open implements gitprovider.Provider. GitHub itself takes care that there is one open pull request at most for two branches.
func (p *Provider) Open(ctx context.Context, n gitprovider.NewPullRequest) (*gitprovider.PullRequest, error) {
	title := gitprovider.Cut(n.Title, gitprovider.MostTitle)
	var opened *sdk.PullRequest
	err := transport.Settle(ctx, func() (err error) {
		opened, err = call(p, "open a pull request for "+n.Branch, func() (*sdk.PullRequest, *sdk.Response, error) {
			return p.api.PullRequests.Create(ctx, p.owner, p.name, &sdk.NewPullRequest{Head: &n.Branch, Base: &n.Base, Title: &title, Body: &n.Body})
		})
		if invalid(err, "head") || invalid(err, "base") { // the branch was pushed a moment ago, or there is none
			return transport.Unsettled(fmt.Errorf("%w: no such branch: %w", gitprovider.ErrNotFound, err))
		}
		return err
	})
	if answeredWith(err, http.StatusUnprocessableEntity, "already exists") {
		open, findErr := p.ofBranch(ctx, n.Branch, n.Base, "open")
		if findErr != nil {
			return nil, findErr
		}
		if len(open) > 0 { // else it was closed in between
			return pullRequest(open[0]), nil
		}
	}
	if err != nil {
		return nil, err
	}
	if len(n.Labels) == 0 {
		return pullRequest(opened), nil
	}
	if err := p.Label(ctx, int64(opened.GetNumber()), n.Labels...); err != nil {
		return nil, err
	}
	return p.Get(ctx, int64(opened.GetNumber()))
}

// invalid says whether GitHub found fault with a field of what was sent.
func invalid(err error, field string) bool {
	var said *sdk.ErrorResponse
	if !errors.As(err, &said) || said.Response.StatusCode != http.StatusUnprocessableEntity {
		return false
	}
	for _, e := range said.Errors {
		if e.Field == field && e.Code == "invalid" {
			return true
		}
	}
	return false
}

// Get implements gitprovider.Provider.
func (p *Provider) Get(ctx context.Context, number int64) (*gitprovider.PullRequest, error) {
	pr, err := p.raw(ctx, number)
	if err != nil {
		return nil, err
	}
	out := pullRequest(pr)
	if out.State == gitprovider.Closed {
		issue, err := call(p, fmt.Sprintf("read who closed pull request %d", number), func() (*sdk.Issue, *sdk.Response, error) {
			return p.api.Issues.Get(ctx, p.owner, p.name, int(number))
		})
		if err != nil {
			return nil, err
		}
		out.By = issue.GetClosedBy().GetLogin()
	}
	return out, nil
}

func (p *Provider) raw(ctx context.Context, number int64) (*sdk.PullRequest, error) {
	return call(p, fmt.Sprintf("read pull request %d", number), func() (*sdk.PullRequest, *sdk.Response, error) {
		return p.api.PullRequests.Get(ctx, p.owner, p.name, int(number))
	})
}

// UpdateBody implements gitprovider.Provider.
func (p *Provider) UpdateBody(ctx context.Context, number int64, body string) error {
	return p.edit(ctx, "edit", number, &sdk.PullRequest{Body: &body})
}

// Close implements gitprovider.Provider.
func (p *Provider) Close(ctx context.Context, number int64) error {
	return p.edit(ctx, "close", number, &sdk.PullRequest{State: sdk.Ptr("closed")})
}

func (p *Provider) edit(ctx context.Context, verb string, number int64, change *sdk.PullRequest) error {
	_, err := call(p, fmt.Sprintf("%s pull request %d", verb, number), func() (*sdk.PullRequest, *sdk.Response, error) {
		return p.api.PullRequests.Edit(ctx, p.owner, p.name, int(number), change)
	})
	return err
}

// Comment implements gitprovider.Provider.
func (p *Provider) Comment(ctx context.Context, number int64, text string) error {
	_, err := call(p, fmt.Sprintf("comment on pull request %d", number), func() (*sdk.IssueComment, *sdk.Response, error) {
		return p.api.Issues.CreateComment(ctx, p.owner, p.name, int(number), &sdk.IssueComment{Body: &text})
	})
	return err
}

// pullRequest is a pull request in the words of gitprovider.
func pullRequest(pr *sdk.PullRequest) *gitprovider.PullRequest {
	out := &gitprovider.PullRequest{
		Number: int64(pr.GetNumber()), URL: pr.GetHTMLURL(), State: gitprovider.Open,
		Base: pr.GetBase().GetRef(), Title: pr.GetTitle(), Body: pr.GetBody(),
	}
	out.Head, _ = git.ParseHash(pr.GetHead().GetSHA())
	for _, l := range pr.Labels {
		out.Labels = append(out.Labels, l.GetName())
	}
	switch {
	case pr.MergedAt != nil:
		out.State, out.By = gitprovider.Merged, pr.GetMergedBy().GetLogin()
		out.MergeCommit, _ = git.ParseHash(pr.GetMergeCommitSHA()) // of an open one, it is a merge that GitHub only tried
	case pr.GetState() == "closed":
		out.State = gitprovider.Closed
	}
	return out
}
