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

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
)

// dataCenter is a repository of Bitbucket Data Center, or of Bitbucket Server from 5.0 on. For paths and fields see
// https://developer.atlassian.com/server/bitbucket/rest/.
type dataCenter struct {
	rest
	server, project, slug string
}

func newDataCenter(server, project, slug string, r rest) *dataCenter {
	d := &dataCenter{rest: r, server: server, project: project, slug: slug}
	d.base, d.explain = server+"/rest/api/1.0"+path("projects", project, "repos", slug), explainDataCenter
	d.name = server + path("projects", project, "repos", slug)
	return d
}

// Name implements gitprovider.Provider.
func (d *dataCenter) Name() string { return "bitbucket" }

// String is the repository's page.
func (d *dataCenter) String() string { return d.name }

// Errors that callers here tell apart, and the exceptions by which the server says them.
var (
	errDuplicate = errors.New("there is one already")
	errOutOfDate = errors.New("it has changed meanwhile")

	exceptions = map[string]error{
		"DuplicatePullRequestException":   errDuplicate,
		"PullRequestOutOfDateException":   errOutOfDate,
		"PullRequestMergeVetoedException": gitprovider.ErrBlocked,
		"PullRequestMergeException":       gitprovider.ErrBlocked, // such as a conflict
	}
)

// explainDataCenter reads the errors that are the answer.
func explainDataCenter(status int, body []byte) error {
	var said struct {
		Errors []struct {
			Message, ExceptionName string
			Vetoes                 []veto
		}
	}
	var message []string
	var means error
	if json.Unmarshal(body, &said) != nil {
		said.Errors = nil // it is told as it is
	}
	for _, e := range said.Errors {
		message = append(message, e.Message)
		for _, v := range e.Vetoes {
			message = append(message, v.String())
		}
		name := e.ExceptionName[strings.LastIndex(e.ExceptionName, ".")+1:]
		means = cmp.Or(means, exceptions[name])
	}
	text := fmt.Sprintf("%d: %s", status, cmp.Or(strings.Join(message, "; "), brief(body)))
	switch {
	case means != nil:
		return fmt.Errorf("%w (%s)", means, text)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return fmt.Errorf("%w: the token is wrong or expired, or lacks the permission Repository write (%s)", gitprovider.ErrUnauthorized, text)
	case status == http.StatusNotFound:
		return fmt.Errorf("%w: or the token may not see it (%s)", gitprovider.ErrNotFound, text)
	}
	return errors.New(text)
}

// veto is what keeps a pull request from being merged.
type veto struct{ SummaryMessage, DetailedMessage string }

func (v veto) String() string { return cmp.Or(v.SummaryMessage, v.DetailedMessage) }

// dcPull is a pull request.
type dcPull struct {
	ID                        int64
	Version                   int
	Title, Description, State string
	FromRef, ToRef            dcRef
	Reviewers                 []dcReviewer
	Properties                struct{ MergeCommit struct{ ID string } }
	Links                     struct{ Self []struct{ Href string } }
}

type dcRef struct {
	ID           string       `json:"id"`
	LatestCommit string       `json:"latestCommit,omitempty"`
	Repository   dcRepository `json:"repository"`
}

type dcRepository struct {
	Slug    string `json:"slug"`
	Project struct {
		Key string `json:"key"`
	} `json:"project"`
}

type dcReviewer struct {
	User dcUser `json:"user"`
}

type dcUser struct {
	Name string `json:"name"`
}

// dcPages asks for all pages of a list.
func dcPages[T any](ctx context.Context, r *rest, what, path string, query url.Values) (all []T, err error) {
	query.Set("limit", "100")
	for start, last := 0, false; !last; {
		query.Set("start", strconv.Itoa(start))
		page, err := ask[struct {
			Values        []T
			IsLastPage    bool
			NextPageStart *int
		}](ctx, r, what, http.MethodGet, path+"?"+query.Encode(), nil)
		if err != nil {
			return nil, err
		}
		all, last = append(all, page.Values...), page.IsLastPage || page.NextPageStart == nil
		if !last {
			start = *page.NextPageStart
		}
	}
	return all, nil
}

// list returns the pull requests from (OUTGOING) or into (INCOMING) a branch, the newest first.
func (d *dataCenter) list(ctx context.Context, direction, branch, state string) ([]dcPull, error) {
	return dcPages[dcPull](ctx, &d.rest, "list pull requests", "/pull-requests", url.Values{
		"direction": {direction}, "at": {"refs/heads/" + branch}, "state": {state}, "order": {"NEWEST"},
	})
}

// Find implements gitprovider.Provider. An open pull request comes before others.
func (d *dataCenter) Find(ctx context.Context, branch, base string) (*gitprovider.PullRequest, error) {
	list, err := d.list(ctx, "OUTGOING", branch, "ALL")
	if errors.Is(err, gitprovider.ErrNotFound) { // the branch may be meant
		_, err := ask[struct{}](ctx, &d.rest, "read the repository", http.MethodGet, "", nil)
		return nil, err
	}
	var found *dcPull
	for i, pr := range list {
		if pr.ToRef.ID == "refs/heads/"+base && pr.FromRef.Repository == pr.ToRef.Repository && (found == nil || found.State != "OPEN" && pr.State == "OPEN") {
			found = &list[i]
		}
	}
	if err != nil || found == nil {
		return nil, err
	}
	return d.describe(ctx, found)
}

// ListOpen implements gitprovider.Provider.
func (d *dataCenter) ListOpen(ctx context.Context, base string) ([]gitprovider.PullRequest, error) {
	list, err := d.list(ctx, "INCOMING", base, "OPEN")
	if err != nil {
		return nil, err
	}
	out := make([]gitprovider.PullRequest, len(list))
	for i := range list {
		pr, err := d.describe(ctx, &list[i])
		if err != nil {
			return nil, err
		}
		out[i] = *pr
	}
	return out, nil
}

// Open implements gitprovider.Provider. The server keeps a second one from being opened.
func (d *dataCenter) Open(ctx context.Context, n gitprovider.NewPullRequest) (*gitprovider.PullRequest, error) {
	ref := func(branch string) dcRef {
		r := dcRef{ID: "refs/heads/" + branch, Repository: dcRepository{Slug: d.slug}}
		r.Repository.Project.Key = d.project
		return r
	}
	description, rest := split(n.Body, longest)
	var opened *dcPull
	err := transport.Settle(ctx, func() (err error) {
		opened, err = ask[*dcPull](ctx, &d.rest, "open a pull request for "+n.Branch, http.MethodPost, "/pull-requests", map[string]any{
			"title": gitprovider.Cut(n.Title, gitprovider.MostTitle), "description": description, "fromRef": ref(n.Branch), "toRef": ref(n.Base),
		})
		if errors.Is(err, gitprovider.ErrNotFound) { // the branch was pushed a moment ago
			return transport.Unsettled(err)
		}
		return err
	})
	if errors.Is(err, errDuplicate) {
		known, findErr := d.Find(ctx, n.Branch, n.Base)
		if findErr != nil || known != nil && known.State == gitprovider.Open {
			return known, findErr
		}
	}
	if err != nil {
		return nil, err
	}
	if rest == "" {
		return d.describe(ctx, opened)
	}
	if err := d.UpdateBody(ctx, opened.ID, n.Body); err != nil {
		return nil, err
	}
	return d.Get(ctx, opened.ID)
}

func dcPath(number int64) string { return "/pull-requests/" + strconv.FormatInt(number, 10) }

func (d *dataCenter) raw(ctx context.Context, number int64) (*dcPull, error) {
	return ask[*dcPull](ctx, &d.rest, fmt.Sprintf("read pull request %d", number), http.MethodGet, dcPath(number), nil)
}

// Get implements gitprovider.Provider.
func (d *dataCenter) Get(ctx context.Context, number int64) (*gitprovider.PullRequest, error) {
	raw, err := d.raw(ctx, number)
	if err != nil {
		return nil, err
	}
	return d.describe(ctx, raw)
}

// describe is a pull request in the words of gitprovider.
func (d *dataCenter) describe(ctx context.Context, p *dcPull) (*gitprovider.PullRequest, error) {
	out := &gitprovider.PullRequest{
		Number: p.ID, State: gitprovider.Open, Head: hash(p.FromRef.LatestCommit), Base: strings.TrimPrefix(p.ToRef.ID, "refs/heads/"),
		Title: p.Title, MergeCommit: hash(p.Properties.MergeCommit.ID), Labels: labels(p.Title),
	}
	if len(p.Links.Self) > 0 {
		out.URL = p.Links.Self[0].Href
	}
	var err error
	if out.Body, err = d.text(ctx, p); err != nil {
		return nil, err
	}
	switch p.State {
	case "MERGED":
		out.State = gitprovider.Merged
	case "DECLINED":
		out.State = gitprovider.Closed
	default:
		return out, nil
	}
	out.By, err = d.by(ctx, p)
	return out, err
}

// by is who merged or declined it, which only its history says.
func (d *dataCenter) by(ctx context.Context, p *dcPull) (string, error) {
	history, err := dcPages[struct {
		Action string
		User   dcUser
	}](ctx, &d.rest, fmt.Sprintf("read the activities of pull request %d", p.ID), dcPath(p.ID)+"/activities", url.Values{})
	for _, happened := range history {
		if happened.Action == p.State {
			return happened.User.Name, nil
		}
	}
	return "", err
}
