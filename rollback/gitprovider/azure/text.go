package azure

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"

	sdk "github.com/microsoft/azure-devops-go-api/azuredevops/v7/git"

	"github.com/assay-dev/assay/rollback/gitprovider"
)

// mostText is how many characters, as UTF-16 counts them, a description may have.
const mostText = 4000

func fits(text string) bool { return gitprovider.Length(text) <= mostText }

// place is the comment that holds a text which is too long for the description.
type place struct{ thread, comment int }

// The end of a description whose whole text is in a comment.
const (
	rest     = "\n\n**All of it is in the first comment.**\n\n<!-- assay:text thread=%d comment=%d -->"
	restRoom = 160
)

var restPattern = regexp.MustCompile(`\n<!-- assay:text thread=(\d+) comment=(\d+) -->\s*$`)

// placeOf is where the whole text of a description is; nil where it is whole.
func placeOf(description string) *place {
	match := restPattern.FindStringSubmatch(description)
	if match == nil {
		return nil
	}
	thread, _ := strconv.Atoi(match[1])
	comment, _ := strconv.Atoi(match[2])
	return &place{thread, comment}
}

// text is the whole text of a pull request. Where the comment that holds it is deleted there is none: its beginning could speak for
// some only of those who wrote it.
func (p *Provider) text(ctx context.Context, number int64, description string) (string, error) {
	at := placeOf(description)
	if at == nil {
		return description, nil
	}
	comment, err := p.kept(ctx, number, at)
	if errors.Is(err, gitprovider.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return of(comment.Content), nil
}

// kept is the comment that holds a text. One that was deleted goes on to be told of, without a text.
func (p *Provider) kept(ctx context.Context, number int64, at *place) (*sdk.Comment, error) {
	return call(p, "read the text of "+pull(number), func() (*sdk.Comment, error) {
		comment, err := p.api.GetComment(ctx, sdk.GetCommentArgs{
			Project: &p.project, RepositoryId: &p.repository, PullRequestId: to(int(number)), ThreadId: &at.thread, CommentId: &at.comment,
		})
		if err == nil && of(comment.IsDeleted) {
			err = fmt.Errorf("%w: comment %d of thread %d is deleted", gitprovider.ErrNotFound, at.comment, at.thread)
		}
		return comment, err
	})
}

// UpdateBody implements gitprovider.Provider.
func (p *Provider) UpdateBody(ctx context.Context, number int64, body string) error {
	raw, err := p.raw(ctx, number)
	if err != nil {
		return err
	}
	at := placeOf(of(raw.Description))
	description := body
	if !fits(body) {
		if at, err = p.keep(ctx, number, at, body); err != nil {
			return err
		}
		description = gitprovider.Cut(body, mostText-restRoom) + fmt.Sprintf(rest, at.thread, at.comment)
	}
	if _, err = p.update(ctx, "edit", number, sdk.GitPullRequest{Description: &description}); err != nil || !fits(body) || at == nil {
		return err
	}
	if _, err = p.kept(ctx, number, at); errors.Is(err, gitprovider.ErrNotFound) {
		return nil // a person was faster
	}
	_, err = call(p, "delete the longer text of "+pull(number), func() (struct{}, error) {
		return struct{}{}, p.api.DeleteComment(ctx, sdk.DeleteCommentArgs{
			Project: &p.project, RepositoryId: &p.repository, PullRequestId: to(int(number)), ThreadId: &at.thread, CommentId: &at.comment,
		})
	})
	return err
}

// keep writes a text into the comment where it is kept, or into a new one.
func (p *Provider) keep(ctx context.Context, number int64, at *place, body string) (*place, error) {
	if at == nil {
		return p.say(ctx, number, body)
	}
	if _, err := p.kept(ctx, number, at); errors.Is(err, gitprovider.ErrNotFound) {
		return p.say(ctx, number, body)
	}
	_, err := call(p, "edit the text of "+pull(number), func() (*sdk.Comment, error) {
		return p.api.UpdateComment(ctx, sdk.UpdateCommentArgs{
			Project: &p.project, RepositoryId: &p.repository, PullRequestId: to(int(number)), ThreadId: &at.thread, CommentId: &at.comment,
			Comment: &sdk.Comment{Content: &body},
		})
	})
	return at, err
}

// Comment implements gitprovider.Provider.
func (p *Provider) Comment(ctx context.Context, number int64, text string) error {
	_, err := p.say(ctx, number, text)
	return err
}

// say adds a comment, which nobody needs to resolve.
func (p *Provider) say(ctx context.Context, number int64, text string) (*place, error) {
	thread, err := call(p, "comment on "+pull(number), func() (*sdk.GitPullRequestCommentThread, error) {
		return p.api.CreateThread(ctx, sdk.CreateThreadArgs{
			Project: &p.project, RepositoryId: &p.repository, PullRequestId: to(int(number)), CommentThread: &sdk.GitPullRequestCommentThread{
				Comments: &[]sdk.Comment{{Content: &text, CommentType: &sdk.CommentTypeValues.Text}}, Status: &sdk.CommentThreadStatusValues.Closed,
			},
		})
	})
	if err != nil {
		return nil, err
	}
	at := &place{thread: of(thread.Id), comment: 1}
	if said := of(thread.Comments); len(said) > 0 {
		at.comment = of(said[0].Id)
	}
	return at, nil
}
