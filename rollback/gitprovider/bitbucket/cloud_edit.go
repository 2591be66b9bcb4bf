package bitbucket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

// UpdateBody implements gitprovider.Provider.
func (c *cloud) UpdateBody(ctx context.Context, number int64, body string) error {
	return c.edit(ctx, number, func(p *cloudPull) { p.Description = body })
}

// edit changes a pull request. What an edit leaves out is lost, reviewers above all, so it says everything again; what a person changes in
// that very moment can be lost all the same, for the API knows no versions.
func (c *cloud) edit(ctx context.Context, number int64, change func(*cloudPull)) error {
	p, err := c.raw(ctx, number)
	if err != nil {
		return err
	}
	change(p)
	reviewers := make([]map[string]string, len(p.Reviewers))
	for i, r := range p.Reviewers {
		reviewers[i] = map[string]string{"uuid": r.UUID}
		if r.UUID == "" {
			reviewers[i] = map[string]string{"account_id": r.AccountID}
		}
	}
	_, err = ask[struct{}](ctx, &c.rest, fmt.Sprintf("edit pull request %d", number), http.MethodPut, pull(number), map[string]any{
		"title": p.Title, "description": p.Description, "reviewers": reviewers, "close_source_branch": p.CloseSourceBranch,
	})
	return err
}

// Comment implements gitprovider.Provider.
func (c *cloud) Comment(ctx context.Context, number int64, text string) error {
	_, err := ask[struct{}](ctx, &c.rest, fmt.Sprintf("comment on pull request %d", number), http.MethodPost, pull(number)+"/comments", map[string]any{
		"content": map[string]string{"raw": text},
	})
	return err
}

// Label implements gitprovider.Provider: there are none.
func (c *cloud) Label(_ context.Context, number int64, names ...string) error {
	return unlabelled(number, names)
}

// RequestReviewers implements gitprovider.Provider. A name is an account ID, a UUID in braces, or the nickname of a member of the
// workspace, for which the token needs to see its members. Groups cannot be asked.
func (c *cloud) RequestReviewers(ctx context.Context, number int64, names ...string) error {
	var found []cloudUser
	for _, name := range names {
		user, err := c.user(ctx, name)
		if err != nil {
			return fmt.Errorf("ask %s to review pull request %d: %w", name, number, err)
		}
		found = append(found, user)
	}
	return c.edit(ctx, number, func(p *cloudPull) {
		for _, user := range found {
			if !slices.ContainsFunc(p.Reviewers, func(r cloudUser) bool {
				return user.UUID != "" && r.UUID == user.UUID || user.AccountID != "" && r.AccountID == user.AccountID
			}) {
				p.Reviewers = append(p.Reviewers, user)
			}
		}
	})
}

func (c *cloud) user(ctx context.Context, name string) (cloudUser, error) {
	switch {
	case strings.HasPrefix(name, "team:"):
		return cloudUser{}, fmt.Errorf("%w: Bitbucket Cloud asks people only", gitprovider.ErrUnsupported)
	case strings.HasPrefix(name, "{"):
		return cloudUser{UUID: name}, nil
	case strings.Contains(name, ":"):
		return cloudUser{AccountID: name}, nil
	}
	members := c.rest
	members.base = api + path("workspaces", c.workspace)
	list, err := pages[struct{ User cloudUser }](ctx, &members, "list the members of the workspace", "/members?pagelen=100")
	for _, m := range list {
		if m.User.Nickname == name || m.User.AccountID == name {
			return m.User, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("%w: no member of the workspace %s has that nickname: give the account ID", gitprovider.ErrNotFound, c.workspace)
	}
	return cloudUser{}, err
}

// Merge implements gitprovider.Provider, with a merge commit. One that is merged already is no error. The head is compared right before,
// and what was merged right after; the API has no way to do both at once.
func (c *cloud) Merge(ctx context.Context, number int64, head git.Hash) error {
	pr, err := c.Get(ctx, number)
	switch {
	case err != nil || pr.State == gitprovider.Merged:
		return err
	case pr.State == gitprovider.Closed:
		return fmt.Errorf("merge pull request %d of %s: %w: it is closed", number, c.name, gitprovider.ErrBlocked)
	case pr.Head != head:
		return fmt.Errorf("merge pull request %d of %s: %w from %s to %s", number, c.name, gitprovider.ErrHeadMoved, head, pr.Head)
	}
	_, err = ask[struct{}](ctx, &c.rest, fmt.Sprintf("merge pull request %d", number), http.MethodPost, pull(number)+"/merge", map[string]any{
		"type": "pullrequest", "merge_strategy": "merge_commit", "close_source_branch": false,
	})
	if status := statusOf(err); status == http.StatusBadRequest || status == http.StatusConflict {
		return fmt.Errorf("%w: %w", gitprovider.ErrBlocked, err)
	}
	if err != nil {
		return err
	}
	return c.merged(ctx, number, head)
}

// merged waits until a merge that was asked for is done, which may be after the answer, and compares what it merged.
func (c *cloud) merged(ctx context.Context, number int64, head git.Hash) error {
	var at git.Hash
	err := transport.Settle(ctx, func() error {
		pr, err := c.Get(ctx, number)
		if err == nil && pr.State != gitprovider.Merged {
			err = transport.Unsettled(fmt.Errorf("merge pull request %d of %s: %w: it is still at it", number, c.name, gitprovider.ErrUnavailable))
		}
		if err == nil {
			at = pr.MergeCommit
		}
		return err
	})
	if err != nil || at.IsZero() {
		return err
	}
	commit, err := c.commit(ctx, at.String())
	if err != nil {
		return err
	}
	var parents []string
	for _, p := range commit.Parents {
		parents = append(parents, p.Hash)
	}
	return mergedElsewhere(head, parents)
}

// Close implements gitprovider.Provider.
func (c *cloud) Close(ctx context.Context, number int64) error {
	_, err := ask[struct{}](ctx, &c.rest, fmt.Sprintf("close pull request %d", number), http.MethodPost, pull(number)+"/decline", nil)
	if err == nil || errors.Is(err, gitprovider.ErrNotFound) || errors.Is(err, gitprovider.ErrUnauthorized) {
		return err
	}
	if pr, readErr := c.raw(ctx, number); readErr == nil && pr.State != "OPEN" {
		return nil
	}
	return err
}
