// Package gitprovidertest is what every provider has in common, as tests. In goes a way to a provider with a real repository behind it; out
// comes whether it keeps what gitprovider.Provider promises.
package gitprovidertest

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// Repository is a repository at a provider's server, with at least one commit on main, and the hands that people
// and other tools have there.
type Repository struct {
	Provider gitprovider.Provider
	// Mirror reaches the same repository, to push branches.
	Mirror *git.Mirror
	// Lacks declares what the server has not. What is declared must be refused with gitprovider.ErrUnsupported where there is a method for it;
	// for what is not, the fields below are needed.
	Lacks []Capability
	// Connect makes a provider for the same repository with another way to it. For API.
	Connect func(t *testing.T, a Access) gitprovider.Provider
	// Scope is a scope that the provider must name when the token is without it. For Scopes.
	Scope string
	// Stop is what a person does to have Assay leave a pull request alone. Always.
	Stop func(t *testing.T, number int64)
	// Reviewer is somebody to ask, and Asked are those who were asked. For Reviewers.
	Reviewer string
	Asked    func(t *testing.T, number int64) []string
	// Seen is what people see beside a commit, by context. For Statuses.
	Seen func(t *testing.T, commit git.Hash) map[string]gitprovider.CommitStatus
	// Require has main require a check, and Report is what that check says. For RequiredChecks.
	Require func(t *testing.T, check string)
	Report  func(t *testing.T, commit git.Hash, check string, state gitprovider.StatusState)
	// Protect has main accept no merge. For Protection.
	Protect func(t *testing.T)
}

// Capability is what some servers have.
type Capability string

// The capabilities of servers.
const (
	API            Capability = "API" // it is asked by HTTP, with a token
	Scopes         Capability = "Scopes"
	Labels         Capability = "Labels"
	Reviewers      Capability = "Reviewers"
	Statuses       Capability = "Statuses"
	RequiredChecks Capability = "RequiredChecks"
	Protection     Capability = "Protection"
)

func (r Repository) has(c Capability) bool { return !slices.Contains(r.Lacks, c) }

// Access is a way to a server.
type Access struct {
	// Through is what makes the requests; nil is http.DefaultTransport.
	Through http.RoundTripper
	Token   Token
	// Nowhere is for a repository that does not exist.
	Nowhere bool
}

// Token is what a provider shows.
type Token string

// The tokens to try.
const (
	RightToken Token = ""
	WrongToken Token = "wrong"
	WeakToken  Token = "weak" // without Scope
)

// Run runs the suite. Each test asks for a repository of its own; they run side by side.
func Run(t *testing.T, make func(t *testing.T) Repository) {
	for name, test := range map[string]func(*testing.T, *world){
		"FindNothing":        findNothing,
		"Open":               open,
		"OpenTwice":          openTwice,
		"OpenSideBySide":     openSideBySide,
		"OpenWithoutABranch": openWithoutABranch,
		"Text":               text,
		"LongText":           longText,
		"TextThatIsGone":     textThatIsGone,
		"LongTitle":          longTitle,
		"ListOpen":           listOpen,
		"Merge":              merge,
		"MergeElsewhere":     mergeElsewhere,
		"MergeProtected":     mergeProtected,
		"Close":              closing,
		"Unknown":            unknown,
		"Labels":             labels,
		"Stop":               stop,
		"Reviewers":          reviewers,
		"Statuses":           statuses,
		"Checks":             checks,
		"Credentials":        credentials,
		"Pages":              pages,
		"JustPushed":         justPushed,
		"PassingFaults":      passingFaults,
		"LastingFaults":      lastingFaults,
		"LostAnswers":        lostAnswers,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := make(t)
			head, _, err := r.Mirror.Refresh(t.Context(), "main")
			require.NoError(t, err)
			test(t, &world{Repository: r, main: head})
		})
	}
}

type world struct {
	Repository
	main git.Hash
}

// A server takes a moment to see what was pushed.
const (
	patience = 20 * time.Second
	tick     = 50 * time.Millisecond
)

const branch = "assay/revert-0123456789ab"

func request(branch string) gitprovider.NewPullRequest {
	return gitprovider.NewPullRequest{
		Branch: branch, Base: "main", Title: `Revert "Test mode"`, Body: "**Why**\n\n- `a`\n\n<!-- assay:claim {} -->\n\nÜber 100 %.",
	}
}

// push puts one more commit on a branch, on top of parent.
func (w *world) push(t *testing.T, branch string, parent, at git.Hash) git.Hash {
	t.Helper()
	base, err := w.Mirror.Repository().Commit(t.Context(), parent)
	require.NoError(t, err)
	scratch := w.Mirror.Repository().Scratch()
	tree, err := scratch.EditTree(t.Context(), base.Tree, map[string]git.Entry{branch + ".txt": {Mode: 0o100644, Hash: scratch.WriteBlob([]byte(parent.String()))}})
	require.NoError(t, err)
	commit, err := scratch.WriteCommit(git.NewCommit{Tree: tree, Parents: []git.Hash{parent}, Author: base.Author, Committer: base.Committer, Message: "Change\n"})
	require.NoError(t, err)
	require.NoError(t, scratch.Flush(t.Context()))
	require.NoError(t, w.Mirror.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/" + branch, Old: at, New: commit}))
	return commit
}

func (w *world) open(t *testing.T) (*gitprovider.PullRequest, git.Hash) {
	t.Helper()
	head := w.push(t, branch, w.main, git.Hash{})
	pr, err := w.Provider.Open(t.Context(), request(branch))
	require.NoError(t, err)
	return pr, head
}
