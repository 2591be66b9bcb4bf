package rollbacktest

import (
	"context"
	"fmt"
	"slices"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// provider is a Hub as Assay sees it.
type provider struct {
	hub    *Hub
	mirror *git.Mirror
}

// call does one thing in turn, with the faults that a test asks for.
func call[T any](ctx context.Context, p *provider, name string, do func() (T, error)) (out T, err error) {
	if err := ctx.Err(); err != nil {
		return out, err
	}
	p.hub.turn.Lock()
	defer p.hub.turn.Unlock()
	if p.hub.fault == nil {
		return do()
	}
	if err := p.hub.fault(name, false); err != nil {
		return out, err
	}
	out, err = do()
	if fault := p.hub.fault(name, true); fault != nil {
		var none T
		return none, fault
	}
	return out, err
}

func just(do func() error) func() (struct{}, error) {
	return func() (struct{}, error) { return struct{}{}, do() }
}

// seen is a pull request with its head as it is now.
func (p *provider) seen(ctx context.Context, pr *pull) (*gitprovider.PullRequest, error) {
	if pr.State == gitprovider.Open {
		ref := "refs/heads/" + pr.branch
		refs, err := p.mirror.Refs(ctx, ref)
		if err != nil {
			return nil, err
		}
		if refs[ref].IsZero() {
			pr.State = gitprovider.Closed // as servers do when a branch is deleted
		} else {
			pr.Head = refs[ref]
		}
	}
	out := pr.PullRequest
	out.Labels = slices.Clone(pr.Labels)
	return &out, nil
}

func (p *provider) get(number int64) (*pull, error) {
	if pr := p.hub.find(number); pr != nil {
		return pr, nil
	}
	return nil, fmt.Errorf("pull request %d: %w", number, gitprovider.ErrNotFound)
}

// Name implements gitprovider.Provider.
func (p *provider) Name() string { return "hub" }

// Find implements gitprovider.Provider.
func (p *provider) Find(ctx context.Context, branch, base string) (*gitprovider.PullRequest, error) {
	return call(ctx, p, "Find", func() (*gitprovider.PullRequest, error) {
		for _, pr := range slices.Backward(p.hub.pulls) {
			if pr.branch == branch && pr.Base == base {
				return p.seen(ctx, pr)
			}
		}
		return nil, nil
	})
}

// Open implements gitprovider.Provider.
func (p *provider) Open(ctx context.Context, n gitprovider.NewPullRequest) (*gitprovider.PullRequest, error) {
	return call(ctx, p, "Open", func() (*gitprovider.PullRequest, error) {
		for _, pr := range p.hub.pulls {
			if pr.branch == n.Branch && pr.Base == n.Base && pr.State == gitprovider.Open {
				return p.seen(ctx, pr)
			}
		}
		return p.seen(ctx, p.hub.open(n))
	})
}

// Get implements gitprovider.Provider.
func (p *provider) Get(ctx context.Context, number int64) (*gitprovider.PullRequest, error) {
	return call(ctx, p, "Get", func() (*gitprovider.PullRequest, error) {
		pr, err := p.get(number)
		if err != nil {
			return nil, err
		}
		return p.seen(ctx, pr)
	})
}

func (p *provider) change(ctx context.Context, name string, number int64, change func(*pull) error) error {
	_, err := call(ctx, p, name, just(func() error {
		pr, err := p.get(number)
		if err != nil {
			return err
		}
		return change(pr)
	}))
	return err
}

// UpdateBody implements gitprovider.Provider.
func (p *provider) UpdateBody(ctx context.Context, number int64, body string) error {
	return p.change(ctx, "UpdateBody", number, func(pr *pull) error { pr.Body = body; return nil })
}

// Comment implements gitprovider.Provider.
func (p *provider) Comment(ctx context.Context, number int64, text string) error {
	return p.change(ctx, "Comment", number, func(pr *pull) error { pr.comments = append(pr.comments, text); return nil })
}

// Merge implements gitprovider.Provider.
func (p *provider) Merge(ctx context.Context, number int64, head git.Hash) error {
	return p.change(ctx, "Merge", number, func(pr *pull) error {
		now, err := p.seen(ctx, pr)
		switch {
		case err != nil || now.State == gitprovider.Merged:
			return err
		case now.State == gitprovider.Closed:
			return fmt.Errorf("%w: it is closed", gitprovider.ErrBlocked)
		case now.Head != head:
			return gitprovider.ErrHeadMoved
		}
		if pr.MergeCommit, err = p.hub.merge(ctx, p.mirror, pr); err == nil {
			pr.State, pr.By = gitprovider.Merged, "assay"
		}
		return err
	})
}

// Close implements gitprovider.Provider.
func (p *provider) Close(ctx context.Context, number int64) error {
	return p.change(ctx, "Close", number, func(pr *pull) error {
		if pr.State == gitprovider.Open {
			pr.State, pr.By = gitprovider.Closed, "assay"
		}
		return nil
	})
}

// ListOpen implements gitprovider.Provider.
func (p *provider) ListOpen(ctx context.Context, base string) ([]gitprovider.PullRequest, error) {
	return call(ctx, p, "ListOpen", func() (out []gitprovider.PullRequest, err error) {
		for _, pr := range slices.Backward(p.hub.pulls) {
			seen, err := p.seen(ctx, pr)
			if err != nil {
				return nil, err
			}
			if seen.State == gitprovider.Open && seen.Base == base {
				out = append(out, *seen)
			}
		}
		return out, nil
	})
}

// Label implements gitprovider.Provider.
func (p *provider) Label(ctx context.Context, number int64, labels ...string) error {
	return p.change(ctx, "Label", number, func(pr *pull) error { pr.Labels = append(pr.Labels, labels...); return nil })
}

// RequestReviewers implements gitprovider.Provider.
func (p *provider) RequestReviewers(ctx context.Context, number int64, reviewers ...string) error {
	return p.change(ctx, "RequestReviewers", number, func(pr *pull) error { pr.reviewers = append(pr.reviewers, reviewers...); return nil })
}

// Checks implements gitprovider.Provider.
func (p *provider) Checks(ctx context.Context, number int64, _ git.Hash) (gitprovider.Checks, error) {
	return call(ctx, p, "Checks", func() (gitprovider.Checks, error) {
		_, err := p.get(number)
		return p.hub.checks, err
	})
}

// SetStatus implements gitprovider.Provider.
func (p *provider) SetStatus(ctx context.Context, _ git.Hash, _ gitprovider.CommitStatus) error {
	_, err := call(ctx, p, "SetStatus", just(func() error { return nil }))
	return err
}
