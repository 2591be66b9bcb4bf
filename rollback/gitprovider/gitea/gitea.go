// Package gitea opens pull requests on Gitea and Forgejo through their API. In go branches that are pushed already; out come pull requests.
//
// It never pushes, never merges at another commit than the one it is given, and never schedules a merge for later. What a server answers
// while it is still finding out (a branch that was pushed a moment ago, a pull request whose mergeability is being computed) is
// asked again for a few seconds.
package gitea

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

// Provider is one repository of a server. It is safe for concurrent use.
type Provider struct {
	server      string // https://host, with a path where the server has one
	owner, name string
	token       string
	http        *http.Client
	turn        chan struct{} // held by whoever opens a pull request
}

// New makes a Provider for the repository that Git reaches at the URL, by HTTP or SSH; its last two path segments are owner and name. The
// token needs the scopes write:repository and write:issue. A nil client is that of package transport. The server is not contacted; that a
// repository was renamed or moved is followed as it tells.
func New(repository, token string, client *http.Client) (*Provider, error) {
	p := &Provider{token: token, http: worded(transport.Staying(client)), turn: make(chan struct{}, 1)}
	page, err := transport.Address(repository)
	if err != nil {
		return nil, err
	}
	segments := strings.Split(strings.Trim(page.Path, "/"), "/")
	if len(segments) < 2 {
		return nil, fmt.Errorf("repository %s: expected https://HOST/OWNER/NAME", git.Redact(repository))
	}
	last := len(segments) - 1
	p.owner, p.name = segments[last-1], segments[last]
	page.Path = strings.Join(segments[:last-1], "/")
	p.server = strings.TrimSuffix(page.String(), "/")
	return p, nil
}

// Name implements gitprovider.Provider.
func (p *Provider) Name() string { return "gitea" }

// String is the repository's page.
func (p *Provider) String() string { return fmt.Sprintf("%s/%s/%s", p.server, p.owner, p.name) }

// GoString keeps %#v from printing the token.
func (p *Provider) GoString() string { return "gitea.Provider{" + p.String() + "}" }

// Find implements gitprovider.Provider. An open pull request comes before others; of several that are closed it is any.
func (p *Provider) Find(ctx context.Context, branch, base string) (*gitprovider.PullRequest, error) {
	found, err := call(ctx, p, "find the pull request of "+branch, func(c *sdk.Client) (*sdk.PullRequest, *sdk.Response, error) {
		return c.GetPullRequestByBaseHead(p.owner, p.name, base, branch)
	})
	if errors.Is(err, gitprovider.ErrNotFound) {
		return nil, p.exists(ctx)
	}
	if err != nil {
		return nil, err
	}
	if found.State != sdk.StateOpen {
		open, err := p.findOpen(ctx, branch, base)
		if err != nil || open != nil {
			return open, err
		}
	}
	return pullRequest(found), nil
}

// exists tells a repository without the pull request from a repository that is not there.
func (p *Provider) exists(ctx context.Context) error {
	_, err := call(ctx, p, "read the repository", func(c *sdk.Client) (*sdk.Repository, *sdk.Response, error) {
		return c.GetRepo(p.owner, p.name)
	})
	return err
}

// findOpen returns the first open pull request of the branches, or nil. It goes through all that are open, page by page.
func (p *Provider) findOpen(ctx context.Context, branch, base string) (*gitprovider.PullRequest, error) {
	open, err := p.open(ctx, base)
	if err != nil {
		return nil, err
	}
	var first *sdk.PullRequest
	for _, pr := range open {
		if pr.Head != nil && pr.Head.Ref == branch && pr.Head.RepoID == pr.Base.RepoID && (first == nil || pr.Index < first.Index) {
			first = pr
		}
	}
	if first == nil {
		return nil, nil
	}
	return pullRequest(first), nil
}

// Open implements gitprovider.Provider. Gitea lets several be opened for one branch at the same moment. In this process they take turns; of
// those that other processes opened, the first one stays.
func (p *Provider) Open(ctx context.Context, n gitprovider.NewPullRequest) (*gitprovider.PullRequest, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if known, err := p.findOpen(ctx, n.Branch, n.Base); err != nil || known != nil {
		return known, err
	}
	opened, err := call(ctx, p, "open a pull request for "+n.Branch, func(c *sdk.Client) (*sdk.PullRequest, *sdk.Response, error) {
		return c.CreatePullRequest(p.owner, p.name, sdk.CreatePullRequestOption{Head: n.Branch, Base: n.Base, Title: gitprovider.Cut(n.Title, gitprovider.MostTitle), Body: n.Body})
	}, http.StatusNotFound) // the branch was pushed a moment ago
	if err != nil && !errors.Is(err, errConflict) {
		return nil, err
	}
	first, findErr := p.findOpen(ctx, n.Branch, n.Base)
	switch {
	case findErr != nil:
		return nil, findErr
	case err != nil && first == nil: // it was closed in between
		return nil, err
	case err != nil:
		return first, nil
	case first != nil && first.Number < opened.Index:
		return first, p.Close(ctx, opened.Index)
	}
	if len(n.Labels) > 0 {
		if err := p.Label(ctx, opened.Index, n.Labels...); err != nil {
			return nil, err
		}
	}
	return p.Get(ctx, opened.Index)
}

// Get implements gitprovider.Provider.
func (p *Provider) Get(ctx context.Context, number int64) (*gitprovider.PullRequest, error) {
	pr, err := p.raw(ctx, number)
	if err != nil {
		return nil, err
	}
	return pullRequest(pr), nil
}

func (p *Provider) raw(ctx context.Context, number int64) (*sdk.PullRequest, error) {
	return call(ctx, p, fmt.Sprintf("read pull request %d", number), func(c *sdk.Client) (*sdk.PullRequest, *sdk.Response, error) {
		return c.GetPullRequest(p.owner, p.name, number)
	})
}

// UpdateBody implements gitprovider.Provider.
func (p *Provider) UpdateBody(ctx context.Context, number int64, body string) error {
	_, err := call(ctx, p, fmt.Sprintf("edit pull request %d", number), func(c *sdk.Client) (*sdk.PullRequest, *sdk.Response, error) {
		return c.EditPullRequest(p.owner, p.name, number, sdk.EditPullRequestOption{Body: &body})
	})
	return err
}

// Comment implements gitprovider.Provider.
func (p *Provider) Comment(ctx context.Context, number int64, text string) error {
	_, err := call(ctx, p, fmt.Sprintf("comment on pull request %d", number), func(c *sdk.Client) (*sdk.Comment, *sdk.Response, error) {
		return c.CreateIssueComment(p.owner, p.name, number, sdk.CreateIssueCommentOption{Body: text})
	})
	return err
}

// Merge implements gitprovider.Provider, with a merge commit. One that is merged already is no error.
func (p *Provider) Merge(ctx context.Context, number int64, head git.Hash) error {
	return transport.Settle(ctx, func() error {
		pr, err := p.raw(ctx, number)
		if err != nil || pr.HasMerged {
			return err
		}
		if at := pullRequest(pr).Head; at != head {
			return fmt.Errorf("merge pull request %d of %s: %w from %s to %s", number, p, gitprovider.ErrHeadMoved, head, at)
		}
		if pr.State == sdk.StateClosed {
			return fmt.Errorf("merge pull request %d of %s: %w: it is closed", number, p, gitprovider.ErrBlocked)
		}
		_, err = call(ctx, p, fmt.Sprintf("merge pull request %d", number), func(c *sdk.Client) (bool, *sdk.Response, error) {
			return c.MergePullRequest(p.owner, p.name, number, sdk.MergePullRequestOption{Style: sdk.MergeStyleMerge, HeadCommitId: head.String()})
		})
		// The client leaves out what the server says, so the pull request must tell: it may have moved since, or not be checked yet.
		if errors.Is(err, gitprovider.ErrBlocked) {
			now, readErr := p.raw(ctx, number)
			if readErr == nil && (pullRequest(now).Head != head || !now.Mergeable) {
				return transport.Unsettled(err)
			}
		}
		return err
	})
}

// Close implements gitprovider.Provider.
func (p *Provider) Close(ctx context.Context, number int64) error {
	pr, err := p.raw(ctx, number)
	if err != nil || pr.State != sdk.StateOpen {
		return err
	}
	closed := sdk.StateClosed
	_, err = call(ctx, p, fmt.Sprintf("close pull request %d", number), func(c *sdk.Client) (*sdk.PullRequest, *sdk.Response, error) {
		return c.EditPullRequest(p.owner, p.name, number, sdk.EditPullRequestOption{State: &closed})
	})
	return err
}

// pullRequest is a pull request in the words of gitprovider.
func pullRequest(pr *sdk.PullRequest) *gitprovider.PullRequest {
	out := &gitprovider.PullRequest{Number: pr.Index, URL: pr.HTMLURL, State: gitprovider.Open, Title: pr.Title, Body: pr.Body}
	if pr.Head != nil {
		out.Head, _ = git.ParseHash(pr.Head.Sha) // empty where the branch is gone
	}
	if pr.Base != nil {
		out.Base = pr.Base.Ref
	}
	for _, l := range pr.Labels {
		out.Labels = append(out.Labels, l.Name)
	}
	switch {
	case pr.HasMerged:
		out.State = gitprovider.Merged
		if pr.MergedCommitID != nil {
			out.MergeCommit, _ = git.ParseHash(*pr.MergedCommitID)
		}
		if pr.MergedBy != nil {
			out.By = pr.MergedBy.UserName
		}
	case pr.State == sdk.StateClosed:
		out.State = gitprovider.Closed
	}
	return out
}
