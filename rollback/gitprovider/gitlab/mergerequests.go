package gitlab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	sdk "gitlab.com/gitlab-org/api/client-go"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

// Find implements gitprovider.Provider. An open merge request comes before others, since people may open an older one again.
func (p *Provider) Find(ctx context.Context, branch, base string) (*gitprovider.PullRequest, error) {
	found, err := p.ofBranch(ctx, branch, base, "all")
	if err != nil || len(found) == 0 {
		return nil, err
	}
	for _, mr := range found {
		if pr := pullRequest(mr); pr.State == gitprovider.Open {
			return pr, nil
		}
	}
	return pullRequest(found[0]), nil
}

// ofBranch lists the merge requests from a branch of this project, the newest first.
func (p *Provider) ofBranch(ctx context.Context, branch, base, state string) ([]*sdk.BasicMergeRequest, error) {
	all, err := p.list(ctx, "find the merge request of "+branch, sdk.ListProjectMergeRequestsOptions{
		State: &state, SourceBranch: &branch, TargetBranch: &base,
	})
	var own []*sdk.BasicMergeRequest
	for _, mr := range all {
		if mr.SourceProjectID == mr.TargetProjectID { // a fork may have a branch of the same name
			own = append(own, mr)
		}
	}
	return own, err
}

// ListOpen implements gitprovider.Provider.
func (p *Provider) ListOpen(ctx context.Context, base string) ([]gitprovider.PullRequest, error) {
	open, err := p.list(ctx, "list open merge requests", sdk.ListProjectMergeRequestsOptions{State: sdk.Ptr("opened"), TargetBranch: &base})
	if err != nil {
		return nil, err
	}
	out := make([]gitprovider.PullRequest, len(open))
	for i, mr := range open {
		out[i] = *pullRequest(mr)
	}
	return out, nil
}

func (p *Provider) list(ctx context.Context, what string, wanted sdk.ListProjectMergeRequestsOptions) ([]*sdk.BasicMergeRequest, error) {
	return pages(ctx, p, what, func(id int64, page sdk.ListOptions, with sdk.RequestOptionFunc) ([]*sdk.BasicMergeRequest, *sdk.Response, error) {
		wanted.ListOptions, wanted.OrderBy, wanted.Sort = page, sdk.Ptr("created_at"), sdk.Ptr("desc")
		return p.api.MergeRequests.ListProjectMergeRequests(id, &wanted, with)
	})
}

// Open implements gitprovider.Provider. GitLab itself takes care that there is one open merge request at most for two branches. It opens
// one for a branch that is not there, too: one that stays without a commit is closed again.
func (p *Provider) Open(ctx context.Context, n gitprovider.NewPullRequest) (*gitprovider.PullRequest, error) {
	what := "open a merge request for " + n.Branch
	opened, err := call(ctx, p, what, func(id int64, with sdk.RequestOptionFunc) (*sdk.MergeRequest, *sdk.Response, error) {
		options := &sdk.CreateMergeRequestOptions{SourceBranch: &n.Branch, TargetBranch: &n.Base, Title: sdk.Ptr(gitprovider.Cut(n.Title, gitprovider.MostTitle)), Description: &n.Body}
		if len(n.Labels) > 0 {
			options.Labels = (*sdk.LabelOptions)(&n.Labels)
		}
		return p.api.MergeRequests.CreateMergeRequest(id, options, with)
	})
	if answeredWith(err, http.StatusConflict) {
		open, findErr := p.ofBranch(ctx, n.Branch, n.Base, "opened")
		if findErr != nil {
			return nil, findErr
		}
		if len(open) > 0 {
			return pullRequest(open[0]), nil
		}
	}
	if err != nil {
		return nil, err
	}
	var settled *gitprovider.PullRequest
	err = transport.Settle(ctx, func() (err error) {
		settled, err = p.Get(ctx, opened.IID)
		if err == nil && settled.Head == (git.Hash{}) {
			return transport.Unsettled(fmt.Errorf("%s of %s: %w: there is no such branch", what, p, gitprovider.ErrNotFound))
		}
		return err
	})
	if errors.Is(err, transport.ErrUnsettled) {
		return nil, errors.Join(err, p.Close(ctx, opened.IID))
	}
	return settled, err
}

// Get implements gitprovider.Provider.
func (p *Provider) Get(ctx context.Context, number int64) (*gitprovider.PullRequest, error) {
	mr, err := p.raw(ctx, number)
	if err != nil {
		return nil, err
	}
	return pullRequest(&mr.BasicMergeRequest), nil
}

func (p *Provider) raw(ctx context.Context, number int64) (*sdk.MergeRequest, error) {
	return call(ctx, p, fmt.Sprintf("read merge request %d", number), func(id int64, with sdk.RequestOptionFunc) (*sdk.MergeRequest, *sdk.Response, error) {
		return p.api.MergeRequests.GetMergeRequest(id, number, nil, with)
	})
}

// UpdateBody implements gitprovider.Provider.
func (p *Provider) UpdateBody(ctx context.Context, number int64, body string) error {
	return p.update(ctx, fmt.Sprintf("edit merge request %d", number), number, &sdk.UpdateMergeRequestOptions{Description: &body})
}

// Close implements gitprovider.Provider.
func (p *Provider) Close(ctx context.Context, number int64) error {
	pr, err := p.Get(ctx, number)
	if err != nil || pr.State != gitprovider.Open {
		return err
	}
	return p.update(ctx, fmt.Sprintf("close merge request %d", number), number, &sdk.UpdateMergeRequestOptions{StateEvent: sdk.Ptr("close")})
}

func (p *Provider) update(ctx context.Context, what string, number int64, change *sdk.UpdateMergeRequestOptions) error {
	_, err := call(ctx, p, what, func(id int64, with sdk.RequestOptionFunc) (*sdk.MergeRequest, *sdk.Response, error) {
		return p.api.MergeRequests.UpdateMergeRequest(id, number, change, with)
	})
	return err
}

// Comment implements gitprovider.Provider.
func (p *Provider) Comment(ctx context.Context, number int64, text string) error {
	_, err := call(ctx, p, fmt.Sprintf("comment on merge request %d", number), func(id int64, with sdk.RequestOptionFunc) (*sdk.Note, *sdk.Response, error) {
		return p.api.Notes.CreateMergeRequestNote(id, number, &sdk.CreateMergeRequestNoteOptions{Body: &text}, with)
	})
	return err
}

// pullRequest is a merge request in the words of gitprovider.
func pullRequest(mr *sdk.BasicMergeRequest) *gitprovider.PullRequest {
	out := &gitprovider.PullRequest{
		Number: mr.IID, URL: mr.WebURL, State: gitprovider.Open, Base: mr.TargetBranch, Title: mr.Title, Body: mr.Description,
	}
	out.Head, _ = git.ParseHash(mr.SHA)
	if len(mr.Labels) > 0 {
		out.Labels = mr.Labels
	}
	switch mr.State { // "locked" is one that is being merged
	case "merged":
		out.State, out.By = gitprovider.Merged, name(mr.MergeUser)
		// There is no merge commit where a project takes fast-forwards only.
		out.MergeCommit, _ = git.ParseHash(cmp.Or(mr.MergeCommitSHA, mr.SquashCommitSHA, mr.SHA))
	case "closed":
		out.State, out.By = gitprovider.Closed, name(mr.ClosedBy)
	}
	return out
}

func name(user *sdk.BasicUser) string {
	if user == nil {
		return ""
	}
	return user.Username
}
