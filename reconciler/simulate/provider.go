package simulate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/revert"
	"github.com/assay-dev/assay/sources/git"
)

// server is a Git server with pull requests for one repository, in memory. It is a gitprovider.Provider for Assay;
// people use its other methods.
type server struct {
	mu         sync.Mutex // held by whoever asks as Assay does; in a world there is one at a time
	repository *repository
	pulls      []*pull
	statuses   map[git.Hash]map[string]gitprovider.CommitStatus
	// fault is asked before every request of Assay's; its error is all that Assay gets.
	fault func(request string) error
	// watch is told of what Assay did.
	watch func(did string, p *pull)
}

// pull is one pull request.
type pull struct {
	gitprovider.PullRequest
	branch   string
	comments []string
}

func newServer(r *repository) *server {
	return &server{
		repository: r, statuses: map[git.Hash]map[string]gitprovider.CommitStatus{},
		fault: func(string) error { return nil }, watch: func(string, *pull) {},
	}
}

// label adds those that are not there yet.
func (p *pull) label(labels ...string) {
	for _, l := range labels {
		if !slices.Contains(p.Labels, l) {
			p.Labels = append(p.Labels, l)
		}
	}
}

// Name implements gitprovider.Provider.
func (s *server) Name() string { return "simulated" }

// look brings what a pull request says up to date with the branches.
func (s *server) look(p *pull) *gitprovider.PullRequest {
	if p.State == gitprovider.Open {
		if head, there := s.repository.Refs()["refs/heads/"+p.branch]; there {
			p.Head = head
		} else {
			p.State, p.By = gitprovider.Closed, "somebody who deleted the branch"
		}
	}
	told := p.PullRequest
	told.Labels = slices.Clone(p.Labels)
	return &told
}

func (s *server) numbered(number int64) (*pull, error) {
	if number < 1 || number > int64(len(s.pulls)) {
		return nil, fmt.Errorf("pull request %d: %w", number, gitprovider.ErrNotFound)
	}
	p := s.pulls[number-1]
	s.look(p)
	return p, nil
}

// Find implements gitprovider.Provider.
func (s *server) Find(_ context.Context, branch, base string) (*gitprovider.PullRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fault("find"); err != nil {
		return nil, err
	}
	for _, p := range slices.Backward(s.pulls) {
		if p.branch == branch && p.Base == base {
			return s.look(p), nil
		}
	}
	return nil, nil
}

// Open implements gitprovider.Provider.
func (s *server) Open(_ context.Context, n gitprovider.NewPullRequest) (*gitprovider.PullRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fault("open"); err != nil {
		return nil, err
	}
	head, there := s.repository.Refs()["refs/heads/"+n.Branch]
	if !there {
		return nil, fmt.Errorf("open a pull request from %s: %w: no such branch", n.Branch, gitprovider.ErrNotFound)
	}
	for _, p := range s.pulls {
		if p.branch == n.Branch && p.Base == n.Base && s.look(p).State == gitprovider.Open {
			return s.look(p), nil
		}
	}
	p := &pull{branch: n.Branch, PullRequest: gitprovider.PullRequest{
		Number: int64(len(s.pulls) + 1), State: gitprovider.Open, Head: head, Base: n.Base, Title: n.Title, Body: n.Body, Labels: slices.Clone(n.Labels),
	}}
	p.URL = fmt.Sprintf("%s/pulls/%d", s.repository.url, p.Number)
	s.pulls = append(s.pulls, p)
	s.watch("open", p)
	return s.look(p), s.fault("opened")
}

// Get implements gitprovider.Provider.
func (s *server) Get(_ context.Context, number int64) (*gitprovider.PullRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fault("get"); err != nil {
		return nil, err
	}
	p, err := s.numbered(number)
	if err != nil {
		return nil, err
	}
	return s.look(p), nil
}

// change does something to a pull request on Assay's behalf.
func (s *server) change(request string, number int64, do func(p *pull) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fault(request); err != nil {
		return err
	}
	p, err := s.numbered(number)
	if err != nil {
		return err
	}
	if err := do(p); err != nil {
		return err
	}
	s.watch(request, p)
	return s.fault(request + "ed")
}

// UpdateBody implements gitprovider.Provider.
func (s *server) UpdateBody(_ context.Context, number int64, body string) error {
	return s.change("edit", number, func(p *pull) error { p.Body = body; return nil })
}

// Comment implements gitprovider.Provider.
func (s *server) Comment(_ context.Context, number int64, text string) error {
	return s.change("comment", number, func(p *pull) error { p.comments = append(p.comments, text); return nil })
}

// Label implements gitprovider.Provider.
func (s *server) Label(_ context.Context, number int64, labels ...string) error {
	return s.change("label", number, func(p *pull) error { p.label(labels...); return nil })
}

// RequestReviewers implements gitprovider.Provider.
func (s *server) RequestReviewers(_ context.Context, number int64, _ ...string) error {
	return fmt.Errorf("ask for reviews of pull request %d: %w", number, gitprovider.ErrUnsupported)
}

// Merge implements gitprovider.Provider.
func (s *server) Merge(ctx context.Context, number int64, head git.Hash) error {
	return s.change("merge", number, func(p *pull) error {
		switch {
		case p.State == gitprovider.Merged:
			return nil
		case p.State == gitprovider.Closed:
			return fmt.Errorf("merge pull request %d: %w: it is closed", number, gitprovider.ErrBlocked)
		case p.Head != head:
			return fmt.Errorf("merge pull request %d: %w: to %s", number, gitprovider.ErrHeadMoved, p.Head)
		}
		return s.merge(ctx, p, "Assay", false)
	})
}

// Close implements gitprovider.Provider.
func (s *server) Close(_ context.Context, number int64) error {
	return s.change("close", number, func(p *pull) error {
		if p.State == gitprovider.Open {
			p.State, p.By = gitprovider.Closed, "Assay"
		}
		return nil
	})
}

// ListOpen implements gitprovider.Provider.
func (s *server) ListOpen(_ context.Context, base string) (open []gitprovider.PullRequest, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fault("list"); err != nil {
		return nil, err
	}
	for _, p := range slices.Backward(s.pulls) {
		if told := s.look(p); told.State == gitprovider.Open && told.Base == base {
			open = append(open, *told)
		}
	}
	return open, nil
}

// Checks implements gitprovider.Provider.
func (s *server) Checks(context.Context, int64, git.Hash) (gitprovider.Checks, error) {
	return gitprovider.Checks{State: gitprovider.ChecksPassing}, s.fault("checks")
}

// SetStatus implements gitprovider.Provider.
func (s *server) SetStatus(ctx context.Context, commit git.Hash, status gitprovider.CommitStatus) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fault("status"); err != nil {
		return err
	}
	if _, err := s.repository.Repository().Commit(ctx, commit); err != nil {
		return fmt.Errorf("put a status on %s: %w: %w", commit, gitprovider.ErrNotFound, err)
	}
	if s.statuses[commit] == nil {
		s.statuses[commit] = map[string]gitprovider.CommitStatus{}
	}
	s.statuses[commit][status.Context] = status
	return nil
}

// errConflict says that a pull request cannot be merged onto its base as that is now.
var errConflict = errors.New("the base has moved in the same place")

// merge brings a pull request to its base, as a merge commit or squashed into one that drops its text.
func (s *server) merge(ctx context.Context, p *pull, by string, squash bool) error {
	r, base := s.repository, s.repository.Refs()["refs/heads/"+p.Base]
	tree, err := s.merged(ctx, base, p.Head)
	if err != nil {
		return fmt.Errorf("merge pull request %d: %w: %w", p.Number, gitprovider.ErrBlocked, err)
	}
	parents, message := []git.Hash{base, p.Head}, fmt.Sprintf("Merge pull request #%d from %s\n\n%s", p.Number, p.branch, p.Title)
	if squash {
		parents, message = parents[:1], fmt.Sprintf("%s (#%d)", p.Title, p.Number)
	}
	p.MergeCommit = r.commitTree(ctx, by, message, tree, parents...)
	must(r.Update(ctx, git.RefUpdate{Ref: "refs/heads/" + p.Base, Old: base, New: p.MergeCommit}))
	p.State, p.By = gitprovider.Merged, by
	return nil
}

// merged is the tree of both: that of the head where the base has not moved; else the base with what the head's own commits revert taken
// back, or with the files that they changed, where nobody else did.
func (s *server) merged(ctx context.Context, base, head git.Hash) (git.Hash, error) {
	r := s.repository.Repository()
	fork, err := git.MergeBase(ctx, r, base, head)
	if err != nil {
		return git.Hash{}, err
	}
	if fork == base {
		return s.repository.commitAt(ctx, head).Tree, nil
	}
	scratch := r.Scratch()
	culprits, err := s.reverts(ctx, fork, head)
	if err != nil {
		return git.Hash{}, err
	}
	if len(culprits) > 0 {
		by := s.repository.commitAt(ctx, head).Author
		result, err := revert.Revert(ctx, scratch, base, culprits, revert.Options{Author: by, Committer: by})
		if err != nil {
			return git.Hash{}, err
		}
		if !result.Clean() {
			return git.Hash{}, errConflict
		}
		return result.Tree, scratch.Flush(ctx)
	}
	return s.overlay(ctx, scratch, fork, base, head)
}

// overlay puts the files that differ from fork to head onto base.
func (s *server) overlay(ctx context.Context, scratch *git.Scratch, fork, base, head git.Hash) (git.Hash, error) {
	from, onto, to := s.repository.commitAt(ctx, fork).Tree, s.repository.commitAt(ctx, base).Tree, s.repository.commitAt(ctx, head).Tree
	changes, err := git.Diff(ctx, scratch, from, to)
	if err != nil {
		return git.Hash{}, err
	}
	theirs, err := git.Diff(ctx, scratch, from, onto)
	if err != nil {
		return git.Hash{}, err
	}
	edits := map[string]git.Entry{}
	for _, c := range changes {
		if slices.ContainsFunc(theirs, func(o git.Change) bool { return o.Path == c.Path && o.To != c.To }) {
			return git.Hash{}, errConflict
		}
		edits[c.Path] = c.To
	}
	tree, err := scratch.EditTree(ctx, onto, edits)
	if err != nil {
		return git.Hash{}, err
	}
	return tree, scratch.Flush(ctx)
}

// reverts lists the commits that those from fork to head say to revert; none unless each reverts one.
func (s *server) reverts(ctx context.Context, fork, head git.Hash) (culprits []git.Hash, err error) {
	commits, err := git.FirstParents(ctx, s.repository.Repository(), fork, head)
	if err != nil {
		return nil, err
	}
	for _, c := range commits {
		culprit, reverts := revertOf(c)
		if !reverts {
			return nil, nil
		}
		culprits = append(culprits, culprit)
	}
	return culprits, nil
}

// revertOf is the commit that another says to revert.
func revertOf(c *git.Commit) (git.Hash, bool) {
	_, rest, found := strings.Cut(c.Message, "This reverts commit ")
	if !found || len(rest) < 40 {
		return git.Hash{}, false
	}
	h, err := git.ParseHash(rest[:40])
	return h, err == nil
}
