package bitbucket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

// edit changes a pull request. The server takes what an edit leaves out for what is to go, and refuses one of an older version than it has.
func (d *dataCenter) edit(ctx context.Context, number int64, change func(*dcPull)) error {
	return d.atVersion(ctx, number, func(p *dcPull) error {
		change(p)
		_, err := ask[struct{}](ctx, &d.rest, fmt.Sprintf("edit pull request %d", number), http.MethodPut, dcPath(number), map[string]any{
			"version": p.Version, "title": p.Title, "description": p.Description, "reviewers": p.Reviewers,
		})
		return err
	})
}

// atVersion reads a pull request and does something to it as it was read, again where it changes in between.
func (d *dataCenter) atVersion(ctx context.Context, number int64, do func(*dcPull) error) error {
	return transport.Settle(ctx, func() error {
		p, err := d.raw(ctx, number)
		if err == nil {
			err = do(p)
		}
		if errors.Is(err, errOutOfDate) {
			return transport.Unsettled(err)
		}
		return err
	})
}

// Comment implements gitprovider.Provider.
func (d *dataCenter) Comment(ctx context.Context, number int64, text string) error {
	_, err := ask[struct{}](ctx, &d.rest, fmt.Sprintf("comment on pull request %d", number), http.MethodPost, dcPath(number)+"/comments",
		map[string]string{"text": text})
	return err
}

// Label implements gitprovider.Provider: there are none.
func (d *dataCenter) Label(_ context.Context, number int64, names ...string) error {
	return unlabelled(number, names)
}

// RequestReviewers implements gitprovider.Provider. A team is a reviewer group of the repository or its project,
// all of whose members are asked.
func (d *dataCenter) RequestReviewers(ctx context.Context, number int64, names ...string) error {
	var people []string
	for _, name := range names {
		group, is := strings.CutPrefix(name, "team:")
		if !is {
			people = append(people, name)
			continue
		}
		members, err := d.group(ctx, group)
		if err != nil {
			return fmt.Errorf("ask %s to review pull request %d: %w", name, number, err)
		}
		people = append(people, members...)
	}
	return d.edit(ctx, number, func(p *dcPull) {
		for _, name := range people {
			if !slices.ContainsFunc(p.Reviewers, func(r dcReviewer) bool { return r.User.Name == name }) {
				p.Reviewers = append(p.Reviewers, dcReviewer{User: dcUser{Name: name}})
			}
		}
	})
}

// group are the members of a reviewer group, which servers have from 7.13 on.
func (d *dataCenter) group(ctx context.Context, name string) (members []string, err error) {
	groups, err := dcPages[struct {
		Name  string
		Users []dcUser
	}](ctx, &d.rest, "list the reviewer groups", "/settings/reviewer-groups", url.Values{})
	for _, g := range groups {
		if g.Name != name {
			continue
		}
		for _, user := range g.Users {
			members = append(members, user.Name)
		}
		return members, nil
	}
	if err == nil {
		err = fmt.Errorf("%w: no reviewer group of that name", gitprovider.ErrNotFound)
	}
	return nil, err
}

// Merge implements gitprovider.Provider, in the way that the repository prefers. One that is merged already is no error. The server refuses
// when the pull request is not as it was read, which a push makes it once the server has seen the push.
func (d *dataCenter) Merge(ctx context.Context, number int64, head git.Hash) error {
	var merged *dcPull
	err := d.atVersion(ctx, number, func(p *dcPull) (err error) {
		switch {
		case p.State == "MERGED":
			return nil
		case p.State != "OPEN":
			return fmt.Errorf("merge pull request %d of %s: %w: it is declined", number, d.name, gitprovider.ErrBlocked)
		case hash(p.FromRef.LatestCommit) != head:
			return fmt.Errorf("merge pull request %d of %s: %w from %s to %s", number, d.name, gitprovider.ErrHeadMoved, head, p.FromRef.LatestCommit)
		}
		merged, err = ask[*dcPull](ctx, &d.rest, fmt.Sprintf("merge pull request %d", number), http.MethodPost, dcPath(number)+"/merge"+version(p), struct{}{})
		if err != nil && statusOf(err) == http.StatusConflict && !errors.Is(err, errOutOfDate) && !errors.Is(err, gitprovider.ErrBlocked) {
			return fmt.Errorf("%w: %w", gitprovider.ErrBlocked, err)
		}
		return err
	})
	if err != nil || merged == nil || merged.Properties.MergeCommit.ID == "" {
		return err
	}
	commit, err := ask[struct{ Parents []struct{ ID string } }](ctx, &d.rest, "read the merge commit", http.MethodGet,
		"/commits"+path(merged.Properties.MergeCommit.ID), nil)
	if err != nil {
		return err
	}
	var parents []string
	for _, p := range commit.Parents {
		parents = append(parents, p.ID)
	}
	return mergedElsewhere(head, parents)
}

func version(p *dcPull) string { return "?version=" + strconv.Itoa(p.Version) }

// Close implements gitprovider.Provider.
func (d *dataCenter) Close(ctx context.Context, number int64) error {
	return d.atVersion(ctx, number, func(p *dcPull) error {
		if p.State != "OPEN" {
			return nil
		}
		_, err := ask[struct{}](ctx, &d.rest, fmt.Sprintf("close pull request %d", number), http.MethodPost, dcPath(number)+"/decline"+version(p), struct{}{})
		return err
	})
}
