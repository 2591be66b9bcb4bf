// Package gitprovider is what Assay asks of the server that holds a config repository: pull requests, and what people said and did about
// them. In go titles, texts and branches that are pushed already; out come numbers, URLs and states. It pushes nothing and decides nothing.
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
	// ErrUnsupported: the server has no such thing, such as labels at Bitbucket; the error's text says what was asked for.
	ErrUnsupported = errors.New("not supported by the server")
	// ErrUnavailable: the server is down, or limits how often it may be asked for longer than is waited; the error's text says
	// until when, where that is known.
	ErrUnavailable = errors.New("the server is not available")
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

// NewPullRequest is one to open. Its title is cut to [MostTitle]; its labels are left out where the server has none.
type NewPullRequest struct {
	Branch, Base, Title, Body string
	Labels                    []string
}

// StatusState is what a status says of a commit.
type StatusState string

// The states of a status.
const (
	StatusPending StatusState = "Pending"
	StatusSuccess StatusState = "Success"
	StatusFailure StatusState = "Failure"
	StatusError   StatusState = "Error" // could not tell
)

// CommitStatus is what people see beside a commit.
type CommitStatus struct {
	// Context tells it from others of the same commit, such as assay/staging/checkout.
	Context string
	State   StatusState
	// Description in one line, which is cut to what the server takes; URL of more to read, or none.
	Description, URL string
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
	// ListOpen lists the open pull requests into base, newest first; all pages are read.
	ListOpen(ctx context.Context, base string) ([]PullRequest, error)
	// Label adds labels, which are made where the server does not know them yet.
	Label(ctx context.Context, number int64, labels ...string) error
	// RequestReviewers asks people, by the server's names for them, for a review; "team:NAME" asks a team or group where the server has them.
	RequestReviewers(ctx context.Context, number int64, reviewers ...string) error
	// Checks tells what the checks that the base requires say of the pull request at head; ErrHeadMoved where it is elsewhere.
	Checks(ctx context.Context, number int64, head git.Hash) (Checks, error)
	// SetStatus puts a status on a commit, in place of the one with the same Context.
	SetStatus(ctx context.Context, commit git.Hash, s CommitStatus) error
}
