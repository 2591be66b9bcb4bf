package report

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files of testdata anew")

// Each fixture is a small report in one dialect, or a damaged one; beside it, FILE.golden says what is read from it.
func TestFixtures(t *testing.T) {
	files := 0
	for _, folder := range []string{"junit", "tap", "go-test-json", "refused"} {
		require.NoError(t, filepath.WalkDir(filepath.Join("testdata", folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasSuffix(path, ".golden") {
				return err
			}
			files++
			t.Run(filepath.ToSlash(path), func(t *testing.T) { checkFixture(t, folder, path) })
			return nil
		}))
	}
	require.Greater(t, files, 40)
}

func checkFixture(t *testing.T, folder, path string) {
	got, err := parseFile(t, path)
	require.Equal(t, folder == "refused", err != nil, "%v", err)
	if err == nil {
		requireInvariants(t, got, Limits{})
	}
	file := path + ".golden"
	text := golden(got, err)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), text)
}

// golden writes a report for people.
func golden(r *Report, err error) string {
	if err != nil {
		return filepath.ToSlash(err.Error()) + "\n"
	}
	var b strings.Builder
	n := r.Counts
	fmt.Fprintf(&b, "%s: %d passed (%d flaky), %d failed, %d errored, %d skipped, %d warned in %v\n",
		r.Format, n.Passed, n.Flaky, n.Failed, n.Errored, n.Skipped, n.Warned, r.Duration)
	if ok, reason := r.OK(); !ok {
		fmt.Fprintf(&b, "not OK: %s\n", reason)
	}
	for _, c := range r.Cases {
		fmt.Fprintf(&b, "\n%s %s (%v)\n", c.Status, c.FullName(), c.Duration)
		for _, line := range []struct{ key, value string }{{"file", c.File}, {"message", c.Message}, {"detail", c.Detail}} {
			if line.value != "" {
				fmt.Fprintf(&b, "  %s: %s\n", line.key, strings.ReplaceAll(line.value, "\n", "\n    "))
			}
		}
	}
	return b.String()
}
