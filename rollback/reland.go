package rollback

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/assay-dev/assay/rollback/revert"
	"github.com/assay-dev/assay/sources/git"
)

// RelandRequest asks to offer back what was reverted in vain.
type RelandRequest struct {
	// Reverted is the Proposal that was merged, and Title what it was called.
	Reverted Proposed
	Title    string
	// Repository is the normalised URL; Head the newest commit of the base.
	Repository string
	Head       git.Hash
	Author     git.Signature
	Sign       git.Signer
}

// RelandBranch names the branch of what is offered back after that of the revert.
func RelandBranch(reverted string) string {
	return strings.Replace(reverted, "/revert-", "/reland-", 1)
}

// NewReland plans the revert of a revert that did not help, holds of automation included. Only a person merges it. Its refusals are
//
//	gone        the commits of the revert are no longer at hand
//	stopped     .assay/stop lies in the branch's newest commit
//	conflict    what the revert changed was changed again
//	no-effect   what was reverted is there again
func NewReland(ctx context.Context, source Source, request RelandRequest) (*Plan, error) {
	plan, err := newReland(ctx, source, request)
	var refusal *Refusal
	if err != nil && !errors.As(err, &refusal) {
		err = fmt.Errorf("offer back what %s reverted: %w", request.Reverted.Branch, err)
	}
	return plan, err
}

func newReland(ctx context.Context, source Source, request RelandRequest) (*Plan, error) {
	scratch := source.Repository().Scratch()
	head, err := scratch.Commit(ctx, request.Head)
	if err != nil {
		return nil, err
	}
	if stopped, err := stopped(ctx, scratch, head.Tree); err != nil || stopped {
		if err == nil {
			err = later("stopped", stopFileOn(request.Reverted.Base))
		}
		return nil, err
	}
	made, err := commitsOf(ctx, scratch, request.Reverted)
	if err != nil {
		return nil, err
	}
	if len(made) == 0 {
		return nil, &Refusal{Rule: "gone", Reason: "the commits of the revert are no longer at hand: re-land the change by hand"}
	}
	relanded, err := revert.Revert(ctx, scratch, request.Head, made,
		revert.Options{Author: request.Author, Committer: request.Author, Sign: request.Sign})
	switch {
	case err != nil:
		return nil, err
	case !relanded.Clean():
		return nil, &Refusal{Rule: "conflict", Reason: fmt.Sprintf("%s was changed again since: re-land the change by hand",
			relanded.Conflicts[0].Path)}
	case relanded.Tree == head.Tree:
		return nil, &Refusal{Rule: "no-effect", Reason: "what was reverted is there again"}
	}
	plan := &Plan{
		Repository: request.Repository, Base: request.Reverted.Base, BaseHead: request.Head, Branch: RelandBranch(request.Reverted.Branch),
		Culprits: made, Head: relanded.Tip(), Title: relandTitle(request.Title),
		NotByItself: []string{"what was reverted in vain comes back only when a person says so"},
	}
	for _, c := range relanded.Commits {
		plan.Commits = append(plan.Commits, c.Hash)
	}
	if err := scratch.Flush(ctx); err != nil {
		return nil, err
	}
	return plan, nil
}

// commitsOf are the commits of a Proposal, newest first; none where they are gone.
func commitsOf(ctx context.Context, o git.Objects, p Proposed) (made []git.Hash, err error) {
	for at := p.Head; ; {
		c, err := o.Commit(ctx, at)
		if errors.Is(err, git.ErrNotFound) || errors.Is(err, git.ErrShallow) {
			return made, nil
		}
		if err != nil || !isOwn(c, p.Culprits) {
			return made, err
		}
		made = append(made, at)
		at = c.Parent()
	}
}

// relandTitle is that of the change, which the title of the revert quotes.
func relandTitle(reverted string) string {
	return "Reland " + strings.TrimPrefix(reverted, "Revert ")
}

// RelandBody is the text of what is offered back.
func RelandBody(e Evidence, reverted string) string {
	b := &body{}
	b.line("**The revert did not help.**")
	b.line("Gate %s still fails in %s with it: what it reverted is not to blame, or not alone.", code(e.Gate), code(e.Environment))
	b.line("Merge this to have the change back, or close it to leave it out. Assay does neither.")
	if reverted != "" {
		b.line("The revert: %s", link(reverted))
	}
	b.section("What still fails", func(b *body) { b.failures(e) })
	b.section("What comes back", func(b *body) {
		var items []string
		for _, c := range e.Culprits {
			items = append(items, fmt.Sprintf("%s %s\n  by %s on %s",
				code(short(c.Commit)), code(c.Subject), code(c.Author), c.When.UTC().Format(minutes)))
		}
		b.list(items)
	})
	b.origin(e)
	b.line("%s", Claim{Environment: e.Environment, Gate: e.Gate, Incident: e.Incident})
	return b.String()
}
