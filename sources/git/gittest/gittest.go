// Package gittest makes the repositories that tests work on, with the git program, which is also what the tests measure Assay against.
//
// In come git's arguments; out comes what it prints. The configuration of the machine, and of whoever runs the tests, never counts. Only
// tests use this package: Assay itself never runs git.
package gittest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Command is git in a folder, "" for the current one. It commits as A Person unless its Env says otherwise.
func Command(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=A Person", "GIT_AUTHOR_EMAIL=person@example.com",
		"GIT_COMMITTER_NAME=A Person", "GIT_COMMITTER_EMAIL=person@example.com")
	return cmd
}

// Output runs a command and returns all that it prints. What it says on its standard error is told when it fails.
func Output(t require.TestingT, cmd *exec.Cmd) string {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		require.NoError(t, err, "%s: %s%s", cmd, out, exit.Stderr)
	}
	require.NoError(t, err, "%s", cmd)
	return string(out)
}

// Run runs git in a folder and returns what it prints, without the space around it.
func Run(t require.TestingT, dir string, args ...string) string {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	return strings.TrimSpace(Output(t, Command(dir, args...)))
}

// Data is the path of real input that lies beside the checkout, in ../shared/data. The test is skipped where there is none.
func Data(t testing.TB, name string) string {
	t.Helper()
	root, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		above := filepath.Dir(root)
		require.NotEqual(t, root, above, "no go.mod above the test")
		root = above
	}
	path := filepath.Join(filepath.Dir(root), "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the real input ../shared/data/%s is absent", name)
	}
	return path
}

// Clone makes a bare clone of a bundle of real history, which is found as by [Data].
func Clone(t testing.TB, bundle string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "clone.git")
	Run(t, "", "clone", "--quiet", "--bare", Data(t, bundle), dir)
	return dir
}
