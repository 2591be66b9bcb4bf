package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"

	sdk "github.com/google/go-github/v74/github"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

// Merge implements gitprovider.Provider: with a merge commit where the repository allows it, else squashed, else rebased. One that is
// merged already is no error. GitHub lets administrators, and whoever is on a list for it, merge past its rules without asking twice: so
// what it calls blocked is not asked for, whoever the token is of.
func (p *Provider) Merge(ctx context.Context, number int64, head git.Hash) error {
	what := fmt.Sprintf("merge pull request %d", number)
	return transport.Settle(ctx, func() error {
		pr, err := p.raw(ctx, number)
		if err != nil || pr.MergedAt != nil {
			return err
		}
		if at := pullRequest(pr).Head; at != head {
			return fmt.Errorf("%s of %s: %w from %s to %s", what, p, gitprovider.ErrHeadMoved, head, at)
		}
		if pr.GetState() == "closed" {
			return fmt.Errorf("%s of %s: %w: it is closed", what, p, gitprovider.ErrBlocked)
		}
		switch state := pr.GetMergeableState(); {
		case state == "unknown": // reading it has made GitHub find out
			return transport.Unsettled(fmt.Errorf("%s of %s: %w: GitHub is still finding out whether it can be merged", what, p, gitprovider.ErrBlocked))
		case withheld[state] != "":
			return fmt.Errorf("%s of %s: %w: %s", what, p, gitprovider.ErrBlocked, withheld[state])
		}
		err = p.mergeSomehow(ctx, what, pr, head)
		if !errors.Is(err, gitprovider.ErrBlocked) {
			return err
		}
		now, readErr := p.raw(ctx, number)
		switch {
		case readErr != nil:
			return errors.Join(err, readErr)
		case now.MergedAt != nil: // the answer to the first attempt was lost on the way
			return nil
		case answeredWith(err, http.StatusMethodNotAllowed, "Base branch was modified"): // in that very moment
			return transport.Unsettled(err)
		}
		return err
	})
}

// otherMethod is what GitHub says where a method is not allowed, by the repository's settings or by a rule.
var otherMethod = regexp.MustCompile(`(?i)(commits|merges) are not allowed|linear history|must not contain merge commits|merge method`)

// mergeSomehow merges by the first method that GitHub lets pass. The settings tell which; rules may allow less, and only say so when asked.
func (p *Provider) mergeSomehow(ctx context.Context, what string, pr *sdk.PullRequest, head git.Hash) (err error) {
	repository, err := p.repository(ctx)
	if err != nil {
		return err
	}
	err = fmt.Errorf("%s of %s: %w: the repository allows no way to merge", what, p, gitprovider.ErrBlocked)
	for _, method := range methods(repository) {
		_, err = call(p, what, func() (*sdk.PullRequestMergeResult, *sdk.Response, error) {
			return p.api.PullRequests.Merge(ctx, p.owner, p.name, pr.GetNumber(), "", &sdk.PullRequestOptions{SHA: head.String(), MergeMethod: method})
		})
		switch {
		case answeredWith(err, http.StatusMethodNotAllowed, ""):
			err = fmt.Errorf("%w: %w", gitprovider.ErrBlocked, err)
		case answeredWith(err, http.StatusConflict, ""):
			err = fmt.Errorf("%w: %w", gitprovider.ErrHeadMoved, err)
		}
		if !errors.Is(err, gitprovider.ErrBlocked) || !otherMethod.MatchString(err.Error()) {
			return err
		}
	}
	return err
}

// methods are those that the repository's settings allow, the best one first. A token that may not see the settings is left to try.
func methods(r *sdk.Repository) []string {
	all := []string{"merge", "squash", "rebase"}
	allowed := []*bool{r.AllowMergeCommit, r.AllowSquashMerge, r.AllowRebaseMerge}
	return slices.DeleteFunc(slices.Clone(all), func(method string) bool {
		setting := allowed[slices.Index(all, method)]
		return setting != nil && !*setting
	})
}
