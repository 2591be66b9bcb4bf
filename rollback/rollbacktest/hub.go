// Package rollbacktest is a server of pull requests for tests of what Assay does with them: labels, reviewers, required checks and comments
// included, and with faults on demand. In go the calls of gitprovider.Provider, and what people do; out come pull requests over a real
// repository. It keeps its own in memory, as long as the test runs, and never answers late.
package rollbacktest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/revert/treemerge"
	"github.com/assay-dev/assay/sources/git"
)

// Hub is one repository at a server.
type Hub struct {
	// Squash merges into one commit that says nothing of where it came from.
	Squash bool

	turn   sync.Mutex
	pulls  []*pull
	checks gitprovider.Checks
	fault  func(call string, after bool) error
}

type pull struct {
	gitprovider.PullRequest
	branch    string
	comments  []string
	reviewers []string
}

// New is a server without pull requests, that requires no checks.
func New() *Hub { return &Hub{checks: gitprovider.Checks{State: gitprovider.ChecksPassing}} }

// Provider is how Assay sees it, through a mirror of the repository.
func (h *Hub) Provider(m *git.Mirror) gitprovider.Provider { return &provider{h, m} }

// Require sets what the required checks say.
func (h *Hub) Require(c gitprovider.Checks) {
	h.turn.Lock()
	defer h.turn.Unlock()
	h.checks = c
}

// Fail has fault asked before and after each call, by its name; an error in its place is what the caller gets. After a
// call, what it asked for is done.
func (h *Hub) Fail(fault func(call string, after bool) error) {
	h.turn.Lock()
	defer h.turn.Unlock()
	h.fault = fault
}

// Edit changes a pull request, as people do.
func (h *Hub) Edit(t testing.TB, number int64, change func(*gitprovider.PullRequest)) {
	t.Helper()
	h.turn.Lock()
	defer h.turn.Unlock()
	p := h.find(number)
	require.NotNil(t, p, "pull request %d", number)
	change(&p.PullRequest)
}

// Close closes a pull request, as people do.
func (h *Hub) Close(t testing.TB, number int64) {
	t.Helper()
	h.Edit(t, number, func(pr *gitprovider.PullRequest) { pr.State, pr.By = gitprovider.Closed, "ana" })
}

// Open opens one of people's for a branch that is pushed.
func (h *Hub) Open(branch, title, body string) int64 {
	h.turn.Lock()
	defer h.turn.Unlock()
	return h.open(gitprovider.NewPullRequest{Branch: branch, Base: "main", Title: title, Body: body}).Number
}

// Comments are those on a pull request, and Reviewers who were asked to review it.
func (h *Hub) Comments(number int64) []string {
	h.turn.Lock()
	defer h.turn.Unlock()
	return slices.Clone(h.find(number).comments)
}

// Reviewers are those who were asked.
func (h *Hub) Reviewers(number int64) []string {
	h.turn.Lock()
	defer h.turn.Unlock()
	return slices.Clone(h.find(number).reviewers)
}

// Pulls are all pull requests as they were last seen, oldest first.
func (h *Hub) Pulls() (all []gitprovider.PullRequest) {
	h.turn.Lock()
	defer h.turn.Unlock()
	for _, p := range h.pulls {
		all = append(all, p.PullRequest)
	}
	return all
}

func (h *Hub) find(number int64) *pull {
	if number < 1 || int(number) > len(h.pulls) {
		return nil
	}
	return h.pulls[number-1]
}

func (h *Hub) open(n gitprovider.NewPullRequest) *pull {
	p := &pull{branch: n.Branch, PullRequest: gitprovider.PullRequest{
		Number: int64(len(h.pulls) + 1), State: gitprovider.Open, Base: n.Base, Title: n.Title, Body: n.Body, Labels: n.Labels,
	}}
	p.URL = fmt.Sprintf("https://hub.example/pulls/%d", p.Number)
	h.pulls = append(h.pulls, p)
	return p
}

// merge makes the commit that merging comes to.
func (h *Hub) merge(ctx context.Context, m *git.Mirror, p *pull) (git.Hash, error) {
	base, _, err := m.Refresh(ctx, p.Base)
	if err != nil {
		return git.Hash{}, err
	}
	if err := m.Fetch(ctx, p.Head); err != nil {
		return git.Hash{}, err
	}
	o := m.Repository()
	forkHash, err := git.MergeBase(ctx, o, base, p.Head)
	if err != nil {
		return git.Hash{}, err
	}
	commits := map[git.Hash]*git.Commit{}
	for _, at := range []git.Hash{base, forkHash, p.Head} {
		if commits[at], err = o.Commit(ctx, at); err != nil {
			return git.Hash{}, err
		}
	}
	scratch := o.Scratch()
	merged, err := treemerge.Merge(ctx, scratch, commits[forkHash].Tree, commits[base].Tree, commits[p.Head].Tree, treemerge.Options{})
	if err != nil {
		return git.Hash{}, err
	}
	if len(merged.Conflicts) > 0 {
		return git.Hash{}, fmt.Errorf("%w: it conflicts in %s", gitprovider.ErrBlocked, merged.Conflicts[0].Path)
	}
	parents := []git.Hash{base, p.Head}
	if h.Squash {
		parents = parents[:1]
	}
	who := git.Signature{Name: "Hub", Email: "hub@example.com", When: commits[p.Head].Committer.When}
	commit, err := scratch.WriteCommit(git.NewCommit{Tree: merged.Tree, Parents: parents, Author: who, Committer: who, Message: fmt.Sprintf("Merge pull request #%d\n", p.Number)})
	if err != nil {
		return git.Hash{}, err
	}
	if err := scratch.Flush(ctx); err != nil {
		return git.Hash{}, err
	}
	return commit, m.Push(ctx, git.RefUpdate{Ref: "refs/heads/" + p.Base, Old: base, New: commit})
}
