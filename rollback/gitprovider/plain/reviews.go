package plain

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// ListOpen implements gitprovider.Provider: those whose heads were committed last come first.
func (p *Provider) ListOpen(ctx context.Context, base string) ([]gitprovider.PullRequest, error) {
	refs, err := p.mirror.Refs(ctx, records)
	if err != nil {
		return nil, classified(err)
	}
	type dated struct {
		gitprovider.PullRequest
		when time.Time
	}
	var open []dated
	for ref := range refs {
		pr, err := p.Find(ctx, prefix+strings.TrimPrefix(ref, records), base)
		if err != nil {
			return nil, err
		}
		if pr == nil || pr.State != gitprovider.Open {
			continue
		}
		head, err := p.mirror.Repository().Commit(ctx, pr.Head)
		if err != nil {
			return nil, err
		}
		open = append(open, dated{*pr, head.Committer.When})
	}
	slices.SortFunc(open, func(a, b dated) int { return cmp.Or(b.when.Compare(a.when), cmp.Compare(b.Number, a.Number)) })
	out := make([]gitprovider.PullRequest, len(open))
	for i, pr := range open {
		out[i] = pr.PullRequest
	}
	return out, nil
}

// Label implements gitprovider.Provider: there are none.
func (p *Provider) Label(_ context.Context, wanted int64, labels ...string) error {
	return fmt.Errorf("label proposal %d with %s: %w", wanted, strings.Join(labels, ", "), gitprovider.ErrUnsupported)
}

// RequestReviewers implements gitprovider.Provider: nobody can be asked.
func (p *Provider) RequestReviewers(_ context.Context, wanted int64, reviewers ...string) error {
	return fmt.Errorf("ask %s to review proposal %d: %w", strings.Join(reviewers, ", "), wanted, gitprovider.ErrUnsupported)
}

// Checks implements gitprovider.Provider: none is required.
func (p *Provider) Checks(context.Context, int64, git.Hash) (gitprovider.Checks, error) {
	return gitprovider.Checks{State: gitprovider.ChecksPassing}, nil
}

// SetStatus implements gitprovider.Provider: there are none.
func (p *Provider) SetStatus(_ context.Context, commit git.Hash, s gitprovider.CommitStatus) error {
	return fmt.Errorf("set the status %s of commit %s: %w", s.Context, commit, gitprovider.ErrUnsupported)
}
