// Package gitprovider is what Assay asks of the server that holds a config repository: pull requests, and what people said and did about them. In
// go titles, texts and branches that are pushed already; out come numbers, URLs and states. It pushes nothing and decides nothing.
package gitprovider

import (
	"context"
	"errors"

	"github.com/assay-dev/assay/sources/git"
)

// Errors that callers tell apart.
var (
	// ErrUnauthorized: the token is wrong, expired, or lacks the scope; the error's text says which is needed.
	ErrUnauthorized = errors.New("not authorized")
	// ErrNotFound: no such repository, or the token may not see it.
	ErrNotFound = errors.New("not found")
	// ErrHeadMoved: the pull request is not at the expected commit.
	ErrHeadMoved = errors.New("the branch has moved")
	// ErrBlocked: the branch is protected, or required checks or reviews are missing.
	ErrBlocked = errors.New("blocked by the repository's rules")
)

// State of a pull request.
type State string

// The states of a pull request.
const (
	Open   State = "Open"
	Merged State = "Merged"
	Closed State = "Closed"
)

// PullRequest as the server tells it.
type PullRequest struct {
	Number int64
	URL    string
	State  State
	Head   git.Hash
	// Base is the branch that it is for, which people may change.
	Base string
	// MergeCommit on the base branch, once merged, where the server says so.
	MergeCommit git.Hash
	Title, Body string
	Labels      []string
	// By is who merged or closed it.
	By string
}

// NewPullRequest is one to open.
type NewPullRequest struct {
	Branch, Base, Title, Body string
	Labels                    []string
}

// Provider is one repository at one server. Implementations are safe for concurrent use and pass the suite of gitprovidertest.
type Provider interface {
	// Name for people: gitea, plain, ...
	Name() string
	// Find returns the newest pull request from branch into base in any state, or nil.
	Find(ctx context.Context, branch, base string) (*PullRequest, error)
	// Open opens one; when there is an open one for the same branches, it returns that one.
	Open(ctx context.Context, pr NewPullRequest) (*PullRequest, error)
	// Get returns one as it is now.
	Get(ctx context.Context, number int64) (*PullRequest, error)
	// UpdateBody replaces the text.
	UpdateBody(ctx context.Context, number int64, body string) error
	// Comment adds a comment.
	Comment(ctx context.Context, number int64, text string) error
	// Merge merges it if its head is still at the given commit.
	Merge(ctx context.Context, number int64, head git.Hash) error
	// Close closes it without merging.
	Close(ctx context.Context, number int64) error
}
