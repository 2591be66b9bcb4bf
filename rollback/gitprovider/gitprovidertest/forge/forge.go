// Package forge is what servers of pull requests have in common, for tests: pull requests, statuses and rules over a real bare repository.
// In go what a server is asked to do; out comes what is there then, or an error that the server words as its API documents it. The dialects
// (paths, JSON, pages) are the servers' own. Only tests use it.
package forge

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/bare"
)

// Errors that servers word.
var (
	ErrNoBranch  = errors.New("no such branch")
	ErrDuplicate = errors.New("there is an open pull request of these branches")
	ErrNotFound  = errors.New("no such pull request")
	ErrTitle     = errors.New("the title is too long")
	ErrNoCommit  = errors.New("no such commit")
	ErrClosed    = errors.New("it is not open")
	ErrMoved     = errors.New("its head has moved")
	ErrBlocked   = errors.New("the rules do not let it be merged")
)

// Tokens that servers know. Any other is wrong.
const (
	Right = "right-token"
	Weak  = "weak-token" // may read
)

// PullRequest as a server keeps it.
type PullRequest struct {
	Number                      int64
	Source, Target, Title, Text string
	State                       gitprovider.State
	// Head is the branch's while it is open.
	Head, MergeCommit string
	By                string // who merged or closed it
	Labels, Reviewers []string
	Comments          []string
	// Version grows with each change.
	Version int
}

// Forge is one repository at a server. Its methods take turns.
type Forge struct {
	*bare.Repository
	// OnePerBranches refuses a second open pull request of the same branches, as most servers do.
	OnePerBranches bool
	// Dangling lets a pull request be opened of a branch that is not there.
	Dangling bool

	turn      sync.Mutex
	all       []*PullRequest
	statuses  map[string]map[string]gitprovider.CommitStatus
	required  []string
	protected bool
}

// New makes a repository with one commit on main.
func New(t testing.TB) *Forge {
	return &Forge{Repository: bare.New(t), OnePerBranches: true, statuses: map[string]map[string]gitprovider.CommitStatus{}}
}

// Open opens a pull request.
func (f *Forge) Open(n gitprovider.NewPullRequest, reviewers ...string) (PullRequest, error) {
	f.turn.Lock()
	defer f.turn.Unlock()
	if f.Head(n.Branch) == "" && !f.Dangling || f.Head(n.Base) == "" {
		return PullRequest{}, ErrNoBranch
	}
	if gitprovider.Length(n.Title) > gitprovider.MostTitle {
		return PullRequest{}, ErrTitle
	}
	for _, pr := range f.all {
		if f.OnePerBranches && pr.State == gitprovider.Open && pr.Source == n.Branch && pr.Target == n.Base {
			return f.seen(pr), ErrDuplicate
		}
	}
	pr := &PullRequest{
		Number: int64(len(f.all) + 1), Source: n.Branch, Target: n.Base, Title: n.Title, Text: n.Body, State: gitprovider.Open,
		Labels: slices.Clone(n.Labels), Reviewers: reviewers,
	}
	f.all = append(f.all, pr)
	return f.seen(pr), nil
}

// seen is a pull request as it is now.
func (f *Forge) seen(pr *PullRequest) PullRequest {
	if head := f.Head(pr.Source); pr.State == gitprovider.Open && head != "" && head != pr.Head {
		pr.Head = head
		pr.Version++
	}
	now := *pr
	now.Labels, now.Reviewers, now.Comments = slices.Clone(pr.Labels), slices.Clone(pr.Reviewers), slices.Clone(pr.Comments)
	return now
}

func (f *Forge) find(number int64) (*PullRequest, error) {
	if number < 1 || number > int64(len(f.all)) {
		return nil, ErrNotFound
	}
	pr := f.all[number-1]
	f.seen(pr)
	return pr, nil
}

// Get returns one.
func (f *Forge) Get(number int64) (PullRequest, error) {
	f.turn.Lock()
	defer f.turn.Unlock()
	pr, err := f.find(number)
	if err != nil {
		return PullRequest{}, err
	}
	return f.seen(pr), nil
}

// List returns those that are wanted, the newest first.
func (f *Forge) List(wanted func(PullRequest) bool) (list []PullRequest) {
	f.turn.Lock()
	defer f.turn.Unlock()
	for _, pr := range slices.Backward(f.all) {
		if now := f.seen(pr); wanted(now) {
			list = append(list, now)
		}
	}
	return list
}

// Edit changes one.
func (f *Forge) Edit(number int64, change func(*PullRequest)) (PullRequest, error) {
	f.turn.Lock()
	defer f.turn.Unlock()
	pr, err := f.find(number)
	if err != nil {
		return PullRequest{}, err
	}
	change(pr)
	pr.Version++
	return f.seen(pr), nil
}

// Close closes one without merging it.
func (f *Forge) Close(number int64, by string) (PullRequest, error) {
	f.turn.Lock()
	defer f.turn.Unlock()
	pr, err := f.find(number)
	if err == nil && pr.State != gitprovider.Open {
		err = ErrClosed
	}
	if err != nil {
		return PullRequest{}, err
	}
	pr.State, pr.By, pr.Version = gitprovider.Closed, by, pr.Version+1
	return f.seen(pr), nil
}

// Merge merges one with a merge commit, if its head is the given one; "" is any.
func (f *Forge) Merge(number int64, head, by string) (PullRequest, error) {
	f.turn.Lock()
	defer f.turn.Unlock()
	pr, err := f.find(number)
	switch {
	case err != nil:
		return PullRequest{}, err
	case pr.State != gitprovider.Open:
		return PullRequest{}, ErrClosed
	case head != "" && head != pr.Head:
		return PullRequest{}, ErrMoved
	case len(f.blocked(pr.Head)) > 0:
		return PullRequest{}, ErrBlocked
	}
	if pr.MergeCommit, err = f.Repository.Merge(pr.Target, pr.Head, bare.Merge, "Merge "+pr.Title); err != nil {
		return PullRequest{}, err
	}
	pr.State, pr.By, pr.Version = gitprovider.Merged, by, pr.Version+1
	return f.seen(pr), nil
}

// Require has main require a check.
func (f *Forge) Require(check string) {
	f.turn.Lock()
	defer f.turn.Unlock()
	f.required = append(f.required, check)
}

// Required are the checks that main requires.
func (f *Forge) Required() []string {
	f.turn.Lock()
	defer f.turn.Unlock()
	return slices.Clone(f.required)
}

// Protect has main ask for an approval that nobody gives.
func (f *Forge) Protect() {
	f.turn.Lock()
	defer f.turn.Unlock()
	f.protected = true
}

// Blocked says what keeps a commit from being merged: the checks that have not passed, and the approval that is missing.
func (f *Forge) Blocked(commit string) []string {
	f.turn.Lock()
	defer f.turn.Unlock()
	return f.blocked(commit)
}

// Approval is what Blocked calls the approval.
const Approval = "approval"

func (f *Forge) blocked(commit string) (reasons []string) {
	for _, check := range f.required {
		if f.statuses[commit][check].State != gitprovider.StatusSuccess {
			reasons = append(reasons, check)
		}
	}
	if f.protected {
		reasons = append(reasons, Approval)
	}
	return reasons
}

// SetStatus puts a status on a commit, in place of the one with its context.
func (f *Forge) SetStatus(commit string, s gitprovider.CommitStatus) error {
	f.turn.Lock()
	defer f.turn.Unlock()
	if !f.Has(commit) {
		return ErrNoCommit
	}
	if f.statuses[commit] == nil {
		f.statuses[commit] = map[string]gitprovider.CommitStatus{}
	}
	f.statuses[commit][s.Context] = s
	return nil
}

// Statuses are those of a commit, by context.
func (f *Forge) Statuses(commit string) map[string]gitprovider.CommitStatus {
	f.turn.Lock()
	defer f.turn.Unlock()
	return maps.Clone(f.statuses[commit])
}

// Label adds a label once.
func (pr *PullRequest) Label(name string) {
	if !slices.Contains(pr.Labels, name) {
		pr.Labels = append(pr.Labels, name)
	}
}
