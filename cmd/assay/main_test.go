package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/runner/process"
	"github.com/assay-dev/assay/sources/git/gittest"
)

func TestMain(m *testing.M) {
	process.Main()
	if program, asked := programs[os.Getenv(programVariable)]; asked {
		os.Exit(program())
	}
	os.Exit(m.Run())
}

// said is what a command line came to.
type said struct {
	code     int
	out, err string
}

// assay runs one command line in this process.
func assay(t *testing.T, args ...string) said {
	t.Helper()
	return assayReading(t, "", args...)
}

func assayReading(t *testing.T, stdin string, args ...string) said {
	t.Helper()
	var out, err bytes.Buffer
	code := execute(t.Context(), args, streams{strings.NewReader(stdin), &out, &err})
	return said{code, out.String(), err.String()}
}

// files of a folder by path; an empty text removes the file.
type files map[string]string

func write(t testing.TB, dir string, all files) {
	t.Helper()
	for name, text := range all {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if text == "" {
			require.NoError(t, os.Remove(file))
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		if strings.HasPrefix(text, "#!") {
			require.NoError(t, os.Chmod(file, 0o755))
		}
	}
}

// repository makes a Git repository with the commits, oldest first, and returns their ids.
func repositoryOf(t testing.TB, commits ...files) (dir string, ids []string) {
	t.Helper()
	dir = t.TempDir()
	gittest.Run(t, dir, "init", "-q", "-b", "main")
	for _, commit := range commits {
		write(t, dir, commit)
		ids = append(ids, commitAll(t, dir))
	}
	return dir, ids
}

func commitAll(t testing.TB, dir string) string {
	t.Helper()
	gittest.Run(t, dir, "add", "-A")
	gittest.Run(t, dir, "commit", "-q", "-m", "change")
	return gittest.Run(t, dir, "rev-parse", "HEAD")
}
