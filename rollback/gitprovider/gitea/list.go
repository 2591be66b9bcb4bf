package gitea

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/assay-dev/assay/rollback/gitprovider"
)

// ListOpen implements gitprovider.Provider.
func (p *Provider) ListOpen(ctx context.Context, base string) ([]gitprovider.PullRequest, error) {
	open, err := p.open(ctx, base)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(open, func(a, b *sdk.PullRequest) int { return cmp.Compare(b.Index, a.Index) })
	out := make([]gitprovider.PullRequest, len(open))
	for i, pr := range open {
		out[i] = *pullRequest(pr)
	}
	return out, nil
}

// open lists the open pull requests into a branch.
func (p *Provider) open(ctx context.Context, base string) ([]*sdk.PullRequest, error) {
	all, err := pages(ctx, p, "list open pull requests", func(c *sdk.Client, page sdk.ListOptions) ([]*sdk.PullRequest, *sdk.Response, error) {
		return c.ListRepoPullRequests(p.owner, p.name, sdk.ListPullRequestsOptions{ListOptions: page, State: sdk.StateOpen})
	})
	return slices.DeleteFunc(all, func(pr *sdk.PullRequest) bool { return pr.Base == nil || pr.Base.Ref != base }), err
}

// pages asks for all pages of a list.
func pages[T any](ctx context.Context, p *Provider, what string, ask func(*sdk.Client, sdk.ListOptions) ([]T, *sdk.Response, error)) (all []T, err error) {
	for page := 1; ; {
		more := false
		some, err := call(ctx, p, what, func(c *sdk.Client) ([]T, *sdk.Response, error) {
			some, response, err := ask(c, sdk.ListOptions{Page: page, PageSize: 50})
			more = err == nil && len(some) > 0 && (response.NextPage > 0 || total(response) > len(all)+len(some))
			return some, response, err
		})
		if err != nil {
			return nil, err
		}
		all, page = append(all, some...), page+1
		if !more {
			return all, nil
		}
	}
}

// total is how many there are on all pages, which is all that some lists tell of further ones; zero where it is not told.
func total(response *sdk.Response) int {
	count, _ := strconv.Atoi(response.Header.Get("X-Total-Count"))
	return count
}
