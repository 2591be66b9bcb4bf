// Package bare is the Git side of a provider's server for tests: a real bare repository on disk. In go what a person's click would do, such
// as a merge; out come the commits that are there now. Only tests use it.
package bare

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git/gittest"
)

// Repository is a bare repository. Callers take turns.
type Repository struct {
	// Dir is where it lies, which Git reaches as it is.
	Dir string
}

// Style is a way to merge.
type Style string

// The styles of merging.
const (
	Merge  Style = "merge"  // a merge commit
	Squash Style = "squash" // one new commit
	Rebase Style = "rebase" // each commit again
)

// ErrConflict: the branches cannot be merged without a person.
var ErrConflict = errors.New("conflict")

// New makes a repository with one commit on main.
func New(t testing.TB) *Repository {
	t.Helper()
	r := &Repository{Dir: t.TempDir()}
	gittest.Run(t, r.Dir, "init", "--quiet", "--bare", "--initial-branch=main")
	tree := gittest.Run(t, r.Dir, "hash-object", "-t", "tree", "-w", "/dev/null")
	commit := gittest.Run(t, r.Dir, "commit-tree", tree, "-m", "Begin")
	require.NotEmpty(t, commit)
	gittest.Run(t, r.Dir, "update-ref", "refs/heads/main", commit)
	return r
}

// Head is the commit that a branch is at; "" where there is no such branch.
func (r *Repository) Head(branch string) string {
	out, err := r.git("rev-parse", "--verify", "--quiet", "refs/heads/"+branch)
	if err != nil {
		return ""
	}
	return out
}

// Has says whether there is such a commit.
func (r *Repository) Has(commit string) bool {
	_, err := r.git("cat-file", "-e", commit+"^{commit}")
	return err == nil
}

// Contains says whether a commit is in the history of another one.
func (r *Repository) Contains(history, commit string) bool {
	_, err := r.git("merge-base", "--is-ancestor", commit, history)
	return err == nil
}

// Merge merges a commit into a branch and returns where the branch is then.
func (r *Repository) Merge(branch, head string, style Style, message string) (string, error) {
	base := r.Head(branch)
	var merged string
	var err error
	switch style {
	case Merge:
		merged, err = r.join(base, head, message, base, head)
	case Squash:
		merged, err = r.join(base, head, message, base)
	case Rebase:
		merged, err = r.replay(base, head)
	default:
		err = fmt.Errorf("style %q is not known", style)
	}
	if err != nil {
		return "", fmt.Errorf("merge %s into %s: %w", head, branch, err)
	}
	_, err = r.git("update-ref", "refs/heads/"+branch, merged, base)
	return merged, err
}

// join commits what two commits come to together.
func (r *Repository) join(base, head, message string, parents ...string) (string, error) {
	out, err := r.git("merge-tree", "--write-tree", base, head)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 1 {
		return "", ErrConflict
	}
	if err != nil {
		return "", err
	}
	tree, _, _ := strings.Cut(out, "\n")
	args := []string{"commit-tree", tree, "-m", message}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	return r.git(args...)
}

// replay commits each commit that the base lacks once more, on top of it. It knows additions side by side, which is what tests make.
func (r *Repository) replay(base, head string) (string, error) {
	out, err := r.git("rev-list", "--reverse", "--no-merges", base+".."+head)
	for _, commit := range strings.Fields(out) {
		if err != nil {
			break
		}
		var message string
		if message, err = r.git("log", "-1", "--format=%B", commit); err == nil {
			base, err = r.join(base, commit, message, base)
		}
	}
	return base, err
}

func (r *Repository) git(args ...string) (string, error) {
	out, err := gittest.Command(r.Dir, args...).Output()
	return strings.TrimSpace(string(out)), err
}
