package revert_test

import (
	"bytes"
	"os/exec"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/git/gittest"
)

func hash(digits string) git.Hash { return plumbing.NewHash(digits) }

// tryGit runs git at a fixed time.
func tryGit(stdin string, args ...string) (stdout, stderr string, err error) {
	command := gittest.Command("", args...)
	command.Env = append(command.Env, "GIT_AUTHOR_DATE=1700000000 +0000", "GIT_COMMITTER_DATE=1700000000 +0000")
	command.Stdin = strings.NewReader(stdin)
	var out, messages bytes.Buffer
	command.Stdout, command.Stderr = &out, &messages
	err = command.Run()
	return out.String(), messages.String(), err
}

func gitCommand(t require.TestingT, stdin string, args ...string) string {
	out, messages, err := tryGit(stdin, args...)
	require.NoError(t, err, "git %v: %s", args, messages)
	return strings.TrimSuffix(out, "\n")
}

// asMerge makes two commits whose merge is the revert: onto, and the parent of the culprit, on top of the culprit.
func asMerge(t require.TestingT, repo, onto, culprit string) (ours, theirs string) {
	before, _, err := tryGit("", "-C", repo, "rev-parse", "--verify", "-q", culprit+"^1^{tree}")
	if err != nil { // a root commit
		before = gitCommand(t, "", "-C", repo, "mktree")
	}
	base := gitCommand(t, "", "-C", repo, "commit-tree", "-m", "base", culprit+"^{tree}")
	ours = gitCommand(t, "", "-C", repo, "commit-tree", "-m", "ours", "-p", base, onto+"^{tree}")
	theirs = gitCommand(t, "", "-C", repo, "commit-tree", "-m", "theirs", "-p", base, strings.TrimSpace(before))
	return ours, theirs
}

// revertWithGit reverts with Git's plumbing. ok is false on a conflict.
func revertWithGit(t require.TestingT, repo, onto, culprit string) (tree string, ok bool) {
	ours, theirs := asMerge(t, repo, onto, culprit)
	out, messages, err := tryGit("", "-C", repo, "merge-tree", "--write-tree", "--no-messages", ours, theirs)
	if err != nil {
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
		require.Equal(t, 1, exit.ExitCode(), "git merge-tree: %s", messages)
	}
	return strings.TrimSpace(strings.SplitN(out, "\n", 2)[0]), err == nil
}
