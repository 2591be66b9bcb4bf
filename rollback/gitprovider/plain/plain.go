// Package plain proposes changes with nothing but Git, for servers without pull requests or without an API that is known. A proposal is its
// branch, and a reference that outlives it: assay/revert-0123456789ab is recorded in refs/assay/proposals/revert-0123456789ab (and not in
// refs/assay/revert-0123456789ab, because then git would find the name of the branch ambiguous). In go branches and texts; out come commits
// on that reference, one for everything that happened, so that
//
//	git fetch origin 'refs/assay/*:refs/assay/*' && git log --first-parent refs/assay/proposals/revert-0123456789ab
//
// shows it to people. A branch whose head is in the base is merged; one that is deleted before is closed. It knows no labels, no reviews
// and no names of those who merged. It writes to no branch but the base that it merges into and the branch that it closes.
package plain

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// Provider keeps proposals in a repository itself.
type Provider struct{ mirror *git.Mirror }

// New makes a Provider for the repository of a mirror. Records are in the name, and of the time, of the commit that they propose, so that
// the same said twice is the same commit.
func New(mirror *git.Mirror) *Provider { return &Provider{mirror: mirror} }

// Name implements gitprovider.Provider.
func (p *Provider) Name() string { return "plain" }

// The branches of proposals begin with prefix, their records with records; what follows is the same.
const (
	prefix  = "assay/"
	records = "refs/assay/proposals/"
)

// recordOf is the reference that holds the records of a branch.
func recordOf(branch string) string { return records + strings.TrimPrefix(branch, prefix) }

// number of a proposal: 48 bits that its branch alone determines, so that no count must be kept.
func number(branch string) int64 {
	sum := sha256.Sum256([]byte(branch))
	return int64(binary.BigEndian.Uint64(sum[:8]) >> 16)
}

// remote is what the repository says about a proposal: the references that concern it.
type remote struct {
	branch       string
	head, record git.Hash // zero where there is none
}

// look asks the repository for a proposal's references.
func (p *Provider) look(ctx context.Context, branch string) (remote, error) {
	if !strings.HasPrefix(branch, prefix) {
		return remote{}, fmt.Errorf("the branch %s cannot be proposed: its name must begin with %s", branch, prefix)
	}
	at := remote{branch: branch}
	for ref, into := range map[string]*git.Hash{"refs/heads/" + branch: &at.head, recordOf(branch): &at.record} {
		refs, err := p.mirror.Refs(ctx, ref)
		if err != nil {
			return remote{}, classified(err)
		}
		*into = refs[ref]
	}
	return at, nil
}

// Find implements gitprovider.Provider.
func (p *Provider) Find(ctx context.Context, branch, base string) (*gitprovider.PullRequest, error) {
	at, err := p.look(ctx, branch)
	if err != nil || at.record.IsZero() {
		return nil, err
	}
	recorded, err := p.read(ctx, at)
	if err != nil || recorded.base != base {
		return nil, err
	}
	return p.describe(ctx, at, recorded)
}

// Get implements gitprovider.Provider.
func (p *Provider) Get(ctx context.Context, wanted int64) (*gitprovider.PullRequest, error) {
	at, recorded, err := p.numbered(ctx, wanted)
	if err != nil {
		return nil, err
	}
	return p.describe(ctx, at, recorded)
}

// numbered finds a proposal by its number.
func (p *Provider) numbered(ctx context.Context, wanted int64) (remote, *proposal, error) {
	refs, err := p.mirror.Refs(ctx, records)
	if err != nil {
		return remote{}, nil, classified(err)
	}
	for ref := range refs {
		branch := prefix + strings.TrimPrefix(ref, records)
		if number(branch) != wanted {
			continue
		}
		at, err := p.look(ctx, branch)
		if err != nil {
			return remote{}, nil, err
		}
		recorded, err := p.read(ctx, at)
		return at, recorded, err
	}
	return remote{}, nil, fmt.Errorf("proposal %d: %w: no reference under %s has that number", wanted, gitprovider.ErrNotFound, records)
}

func (p *Provider) read(ctx context.Context, at remote) (*proposal, error) {
	if err := p.mirror.Fetch(ctx, at.record); err != nil {
		return nil, classified(err)
	}
	return readProposal(ctx, p.mirror.Repository(), at.record)
}

// describe tells a proposal as other servers tell a pull request.
func (p *Provider) describe(ctx context.Context, at remote, recorded *proposal) (*gitprovider.PullRequest, error) {
	pr := &gitprovider.PullRequest{Number: number(at.branch), Head: at.head, Base: recorded.base, Title: recorded.title, Body: recorded.text, State: gitprovider.Open}
	if at.head.IsZero() {
		pr.Head, pr.State = recorded.head, gitprovider.Closed
	}
	merge, err := p.mergeOf(ctx, pr.Head, recorded.base)
	switch {
	case err != nil:
		return nil, err
	case !merge.IsZero():
		pr.State, pr.MergeCommit = gitprovider.Merged, merge
	case recorded.closed:
		pr.State, pr.By = gitprovider.Closed, recorded.by
	}
	return pr, nil
}

// mergeOf is the commit on the base's first-parent path that brought a head; zero if none did.
func (p *Provider) mergeOf(ctx context.Context, head git.Hash, base string) (git.Hash, error) {
	at, _, err := p.mirror.Refresh(ctx, base)
	if err != nil {
		return git.Hash{}, classified(err)
	}
	if err := p.mirror.Fetch(ctx, head); err != nil {
		return git.Hash{}, classified(err)
	}
	repository := p.mirror.Repository()
	merged, err := git.IsAncestor(ctx, repository, head, at)
	if errors.Is(err, git.ErrShallow) {
		err = p.mirror.History(ctx, base, head, at)
		merged = err == nil
		if errors.Is(err, git.ErrNotAncestor) {
			err = nil
		}
	}
	if err != nil || !merged {
		return git.Hash{}, err
	}
	since, err := git.FirstParents(ctx, repository, head, at)
	if err != nil || len(since) == 0 || since[0].Parent() == head {
		return head, err
	}
	return since[0].Hash, nil
}

// Open implements gitprovider.Provider.
func (p *Provider) Open(ctx context.Context, n gitprovider.NewPullRequest) (*gitprovider.PullRequest, error) {
	at, err := p.look(ctx, n.Branch)
	if err != nil {
		return nil, err
	}
	if at.head.IsZero() {
		return nil, fmt.Errorf("propose %s: %w: no such branch", n.Branch, gitprovider.ErrNotFound)
	}
	r := record{event: opened, base: n.Base, head: at.head, title: n.Title, text: n.Body}
	if !at.record.IsZero() {
		known, err := p.read(ctx, at)
		if err != nil {
			return nil, err
		}
		if !known.closed && known.base == n.Base {
			if known.head == at.head {
				return p.describe(ctx, at, known)
			}
			r.title, r.text = known.title, known.text
		}
	}
	if err := p.mirror.Fetch(ctx, at.head); err != nil {
		return nil, classified(err)
	}
	commit, err := p.write(ctx, r, at.record)
	if err != nil {
		return nil, err
	}
	err = p.mirror.Push(ctx, git.RefUpdate{Ref: recordOf(n.Branch), Old: at.record, New: commit})
	if errors.Is(err, git.ErrStale) { // somebody else opened it at the same time
		found, findErr := p.Find(ctx, n.Branch, n.Base)
		if findErr == nil && found != nil {
			return found, nil
		}
	}
	if err != nil {
		return nil, classified(err)
	}
	return p.Get(ctx, number(n.Branch))
}

// UpdateBody implements gitprovider.Provider.
func (p *Provider) UpdateBody(ctx context.Context, wanted int64, body string) error {
	return p.add(ctx, wanted, func(r *record) { r.event, r.text = rewritten, body })
}

// Comment implements gitprovider.Provider.
func (p *Provider) Comment(ctx context.Context, wanted int64, text string) error {
	return p.add(ctx, wanted, func(r *record) { r.event, r.title, r.text = commented, "Re: "+r.title, text })
}

// add puts a record on top of those of a proposal, along with other updates.
func (p *Provider) add(ctx context.Context, wanted int64, change func(*record)) error {
	at, recorded, err := p.numbered(ctx, wanted)
	if err != nil {
		return err
	}
	return p.push(ctx, at, recorded, change)
}

func (p *Provider) push(ctx context.Context, at remote, recorded *proposal, change func(*record), further ...git.RefUpdate) error {
	r := recorded.record
	change(&r)
	if err := p.mirror.Fetch(ctx, r.head); err != nil {
		return classified(err)
	}
	commit, err := p.write(ctx, r, at.record)
	if err != nil {
		return err
	}
	return classified(p.mirror.Push(ctx, append(further, git.RefUpdate{Ref: recordOf(at.branch), Old: at.record, New: commit})...))
}

// Merge implements gitprovider.Provider: it moves the base to the head. A base that has moved on since is gitprovider.ErrBlocked;
// there is nobody to merge the two.
func (p *Provider) Merge(ctx context.Context, wanted int64, head git.Hash) error {
	at, recorded, err := p.numbered(ctx, wanted)
	if err != nil {
		return err
	}
	pr, err := p.describe(ctx, at, recorded)
	if err != nil || pr.State == gitprovider.Merged {
		return err
	}
	if pr.State == gitprovider.Closed {
		return fmt.Errorf("merge %s: %w: it is closed", at.branch, gitprovider.ErrBlocked)
	}
	if at.head != head {
		return fmt.Errorf("merge %s: %w from %s to %s", at.branch, gitprovider.ErrHeadMoved, head, at.head)
	}
	base, _, err := p.mirror.Refresh(ctx, recorded.base)
	if err != nil {
		return classified(err)
	}
	forward, err := git.IsAncestor(ctx, p.mirror.Repository(), base, head)
	if err != nil && !errors.Is(err, git.ErrShallow) {
		return err
	}
	if !forward {
		return fmt.Errorf("merge %s: %w: %s has moved on since", at.branch, gitprovider.ErrBlocked, recorded.base)
	}
	return classified(p.mirror.Push(ctx, git.RefUpdate{Ref: "refs/heads/" + recorded.base, Old: base, New: head}))
}

// Close implements gitprovider.Provider: it deletes the branch.
func (p *Provider) Close(ctx context.Context, wanted int64) error {
	at, recorded, err := p.numbered(ctx, wanted)
	if err != nil || recorded.closed {
		return err
	}
	var further []git.RefUpdate
	if !at.head.IsZero() {
		further = []git.RefUpdate{{Ref: "refs/heads/" + at.branch, Old: at.head}}
	}
	return p.push(ctx, at, recorded, func(r *record) { r.event = closed }, further...)
}

// classified adds the words of gitprovider to the errors of Git.
func classified(err error) error {
	switch {
	case errors.Is(err, git.ErrDenied):
		return fmt.Errorf("%w: give credentials that may push: %w", gitprovider.ErrUnauthorized, err)
	case errors.Is(err, git.ErrNoRepository):
		return fmt.Errorf("%w: %w", gitprovider.ErrNotFound, err)
	}
	return err
}
