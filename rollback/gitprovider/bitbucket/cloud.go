package bitbucket

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

// cloud is a repository of Bitbucket Cloud. For paths and fields see https://developer.atlassian.com/cloud/bitbucket/rest/.
type cloud struct {
	rest
	workspace, slug string
	turn            chan struct{} // held by whoever opens a pull request
	commits         sync.Map      // the whole name of a commit, by an abbreviation
}

// api is Bitbucket Cloud's.
const api = "https://api.bitbucket.org/2.0"

func newCloud(workspace, slug string, r rest) *cloud {
	c := &cloud{rest: r, workspace: workspace, slug: slug, turn: make(chan struct{}, 1)}
	c.base, c.name, c.explain = api+path("repositories", workspace, slug), fmt.Sprintf("https://%s/%s/%s", Cloud, workspace, slug), explainCloud
	return c
}

// Name implements gitprovider.Provider.
func (c *cloud) Name() string { return "bitbucket" }

// String is the repository's page.
func (c *cloud) String() string { return c.name }

// explainCloud reads the error that is the answer. Scopes that are missing are in its detail.
func explainCloud(status int, body []byte) error {
	var said struct {
		Error struct {
			Message string
			Detail  json.RawMessage
			Fields  map[string][]string
		}
	}
	if json.Unmarshal(body, &said) != nil || said.Error.Message == "" {
		said.Error.Message = brief(body)
	}
	message := fmt.Sprintf("%d: %s", status, said.Error.Message)
	for field, problems := range said.Error.Fields {
		message += fmt.Sprintf("; %s: %s", field, strings.Join(problems, ", "))
	}
	switch status {
	case http.StatusUnauthorized:
		return fmt.Errorf("%w: the token is wrong, revoked or expired (%s)", gitprovider.ErrUnauthorized, message)
	case http.StatusForbidden:
		var detail struct{ Required []string }
		needed := "pullrequest:write and repository:write"
		if json.Unmarshal(said.Error.Detail, &detail) == nil && len(detail.Required) > 0 {
			needed = strings.Join(detail.Required, " and ")
		}
		return fmt.Errorf("%w: the token needs the scope %s (%s)", gitprovider.ErrUnauthorized, needed, message)
	case http.StatusNotFound:
		return fmt.Errorf("%w: or the token may not see it (%s)", gitprovider.ErrNotFound, message)
	}
	return errors.New(message)
}

// cloudPull is a pull request. Its commits are abbreviated.
type cloudPull struct {
	ID                        int64
	Title, Description, State string
	Source, Destination       struct {
		Branch     struct{ Name string }
		Commit     *cloudCommit
		Repository *struct {
			FullName string `json:"full_name"`
		}
	}
	MergeCommit       *cloudCommit `json:"merge_commit"`
	ClosedBy          *cloudUser   `json:"closed_by"`
	CloseSourceBranch bool         `json:"close_source_branch"`
	Reviewers         []cloudUser
	Links             struct{ HTML struct{ Href string } }
}

type cloudCommit struct {
	Hash    string
	Parents []cloudCommit
}

type cloudUser struct {
	UUID        string `json:"uuid"`
	AccountID   string `json:"account_id"`
	Nickname    string `json:"nickname"`
	DisplayName string `json:"display_name"`
}

// foreign says whether it comes from a fork.
func (p *cloudPull) foreign() bool {
	from, into := p.Source.Repository, p.Destination.Repository
	return from == nil || into == nil || from.FullName != into.FullName
}

// pages asks for all pages of a list.
func pages[T any](ctx context.Context, r *rest, what, path string) (all []T, err error) {
	for path != "" {
		page, err := ask[struct {
			Values []T
			Next   string
		}](ctx, r, what, http.MethodGet, path, nil)
		if err != nil {
			return nil, err
		}
		all, path = append(all, page.Values...), page.Next
	}
	return all, nil
}

// list returns the pull requests that fit a query, the newest first.
func (c *cloud) list(ctx context.Context, query string, states ...string) ([]cloudPull, error) {
	values := url.Values{"q": {query}, "state": states, "sort": {"-id"}, "pagelen": {"50"}}
	return pages[cloudPull](ctx, &c.rest, "list pull requests", "/pullrequests?"+values.Encode())
}

// from is the query for pull requests of branches.
func from(branch, base string) string {
	return fmt.Sprintf("source.branch.name = %q AND destination.branch.name = %q", branch, base)
}

// Find implements gitprovider.Provider. An open pull request comes before others.
func (c *cloud) Find(ctx context.Context, branch, base string) (*gitprovider.PullRequest, error) {
	list, err := c.list(ctx, from(branch, base), "OPEN", "MERGED", "DECLINED", "SUPERSEDED")
	if err != nil {
		return nil, err
	}
	var found *cloudPull
	for i, pr := range list {
		if !pr.foreign() && (found == nil || found.State != "OPEN" && pr.State == "OPEN") {
			found = &list[i]
		}
	}
	if found == nil {
		return nil, nil
	}
	return c.describe(ctx, found)
}

// first is the oldest open pull request of the branches, or nil.
func (c *cloud) first(ctx context.Context, branch, base string) (first *cloudPull, err error) {
	list, err := c.list(ctx, from(branch, base), "OPEN")
	for i, pr := range list {
		if !pr.foreign() {
			first = &list[i]
		}
	}
	return first, err
}

// ListOpen implements gitprovider.Provider.
func (c *cloud) ListOpen(ctx context.Context, base string) ([]gitprovider.PullRequest, error) {
	list, err := c.list(ctx, fmt.Sprintf("destination.branch.name = %q", base), "OPEN")
	if err != nil {
		return nil, err
	}
	out := make([]gitprovider.PullRequest, len(list))
	for i := range list {
		pr, err := c.describe(ctx, &list[i])
		if err != nil {
			return nil, err
		}
		out[i] = *pr
	}
	return out, nil
}

// Open implements gitprovider.Provider. In this process they take turns; of those that other processes opened, the first one stays.
func (c *cloud) Open(ctx context.Context, n gitprovider.NewPullRequest) (*gitprovider.PullRequest, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	known, err := c.first(ctx, n.Branch, n.Base)
	if err != nil {
		return nil, err
	}
	if known != nil {
		return c.describe(ctx, known)
	}
	made, err := c.create(ctx, n)
	if err != nil {
		return nil, err
	}
	first, err := c.first(ctx, n.Branch, n.Base)
	if err != nil {
		return nil, err
	}
	if first != nil && first.ID < made.ID {
		if err := c.Close(ctx, made.ID); err != nil {
			return nil, err
		}
		return c.describe(ctx, first)
	}
	return c.describe(ctx, made)
}

// create opens a pull request, again for a while where its branch was pushed a moment ago and is not known yet.
func (c *cloud) create(ctx context.Context, n gitprovider.NewPullRequest) (made *cloudPull, err error) {
	branch := func(name string) any { return map[string]any{"branch": map[string]string{"name": name}} }
	err = transport.Settle(ctx, func() error {
		made, err = ask[*cloudPull](ctx, &c.rest, "open a pull request for "+n.Branch, http.MethodPost, "/pullrequests", map[string]any{
			"title": gitprovider.Cut(n.Title, gitprovider.MostTitle), "description": n.Body, "source": branch(n.Branch), "destination": branch(n.Base), "close_source_branch": false,
		})
		if statusOf(err) == http.StatusBadRequest {
			return transport.Unsettled(err)
		}
		return err
	})
	if errors.Is(err, transport.ErrUnsettled) && ctx.Err() == nil {
		if _, missing := ask[struct{}](ctx, &c.rest, "read the branch "+n.Branch, http.MethodGet, "/refs/branches"+path(n.Branch), nil); missing != nil {
			return nil, fmt.Errorf("%w (%w)", missing, err)
		}
	}
	return made, err
}

func (c *cloud) raw(ctx context.Context, number int64) (*cloudPull, error) {
	return ask[*cloudPull](ctx, &c.rest, fmt.Sprintf("read pull request %d", number), http.MethodGet, pull(number), nil)
}

func pull(number int64) string { return "/pullrequests/" + strconv.FormatInt(number, 10) }

// Get implements gitprovider.Provider.
func (c *cloud) Get(ctx context.Context, number int64) (*gitprovider.PullRequest, error) {
	raw, err := c.raw(ctx, number)
	if err != nil {
		return nil, err
	}
	return c.describe(ctx, raw)
}

// describe is a pull request in the words of gitprovider.
func (c *cloud) describe(ctx context.Context, p *cloudPull) (*gitprovider.PullRequest, error) {
	out := &gitprovider.PullRequest{
		Number: p.ID, URL: p.Links.HTML.Href, State: gitprovider.Open, Base: p.Destination.Branch.Name, Title: p.Title, Body: p.Description,
		Labels: labels(p.Title),
	}
	if p.ClosedBy != nil {
		out.By = cmp.Or(p.ClosedBy.Nickname, p.ClosedBy.DisplayName)
	}
	switch p.State {
	case "MERGED":
		out.State = gitprovider.Merged
	case "DECLINED", "SUPERSEDED":
		out.State = gitprovider.Closed
	}
	var err error
	if !p.foreign() { // else its commits are elsewhere, where the token may see nothing
		out.Head, err = c.whole(ctx, p.Source.Commit)
	}
	if err == nil {
		out.MergeCommit, err = c.whole(ctx, p.MergeCommit)
	}
	return out, err
}

// whole is the whole name of a commit; zero for none, and for one that is gone.
func (c *cloud) whole(ctx context.Context, abbreviated *cloudCommit) (git.Hash, error) {
	if abbreviated == nil || abbreviated.Hash == "" {
		return git.Hash{}, nil
	}
	if known, found := c.commits.Load(abbreviated.Hash); found {
		return known.(git.Hash), nil
	}
	commit, err := c.commit(ctx, abbreviated.Hash)
	if errors.Is(err, gitprovider.ErrNotFound) {
		return git.Hash{}, nil
	}
	if err != nil {
		return git.Hash{}, err
	}
	c.commits.Store(abbreviated.Hash, hash(commit.Hash))
	return hash(commit.Hash), nil
}

func (c *cloud) commit(ctx context.Context, name string) (cloudCommit, error) {
	return ask[cloudCommit](ctx, &c.rest, "read the commit "+name, http.MethodGet, "/commit"+path(name), nil)
}
