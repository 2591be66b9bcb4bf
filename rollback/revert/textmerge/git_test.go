package textmerge_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/assay-dev/assay/rollback/revert/textmerge"
	"github.com/assay-dev/assay/sources/git/gittest"
)

// versions are the three versions of one file.
type versions struct{ base, ours, theirs string }

// TestMergeEqualsGit merges generated files with many repeated lines, where it matters which of several possible
// differences is chosen, and compares with Git, conflict markers included.
func TestMergeEqualsGit(t *testing.T) {
	repo := t.TempDir()
	run(t, repo, "", "init", "-q", "--bare")
	rapid.Check(t, func(t *rapid.T) {
		cases := rapid.SliceOfN(rapid.Custom(drawVersions), 1, 40).Draw(t, "files")
		for i, want := range mergeWithGit(t, repo, cases) {
			c := cases[i]
			got := textmerge.Merge([]byte(c.base), []byte(c.ours), []byte(c.theirs), textmerge.Labels{Ours: "ours", Theirs: "theirs"})
			if string(got.Text) != want {
				t.Fatalf("base %q\nours %q\ntheirs %q\ngit  %q\nhere %q", c.base, c.ours, c.theirs, want, got.Text)
			}
			if marked := strings.Contains(want, "<<<<<<< "); marked == got.Clean() {
				t.Fatalf("clean is %t, but git wrote %q", got.Clean(), want)
			}
		}
	})
}

func drawVersions(t *rapid.T) versions {
	letters := rapid.IntRange(1, 12).Draw(t, "letters")
	size := rapid.SampledFrom([]int{3, 10, 30, 30, 80, 300}).Draw(t, "size")
	ending := rapid.SampledFrom([]string{"\n", "\n", "\n", "\r\n"}).Draw(t, "ending")
	line := rapid.Map(rapid.IntRange(0, letters), func(n int) string { return strings.Repeat(" ", n%3) + string(rune('a'+n)) })
	base := rapid.SliceOfN(line, 0, size).Draw(t, "base")
	edited := func(label string) []string {
		lines := base
		for range rapid.IntRange(0, 5).Draw(t, label+" edits") {
			at := rapid.IntRange(0, len(lines)).Draw(t, "at")
			drop := min(rapid.SampledFrom([]int{0, 0, 1, 1, 2, 5, 40}).Draw(t, "drop"), len(lines)-at)
			added := rapid.SliceOfN(line, 0, 4).Draw(t, "added")
			if rapid.IntRange(0, 3).Draw(t, "copied") == 0 && len(base) > 0 {
				from := rapid.IntRange(0, len(base)-1).Draw(t, "from")
				added = base[from:min(len(base), from+rapid.IntRange(1, 8).Draw(t, "copy"))]
			}
			lines = append(append(append([]string{}, lines[:at]...), added...), lines[at+drop:]...)
		}
		return lines
	}
	text := func(lines []string) string {
		s := strings.Join(lines, ending)
		if len(lines) > 0 && rapid.IntRange(0, 5).Draw(t, "final newline") > 0 {
			s += ending
		}
		return s
	}
	return versions{text(base), text(edited("ours")), text(edited("theirs"))}
}

// mergeWithGit merges many files in one go and returns what Git makes of each.
func mergeWithGit(t require.TestingT, repo string, cases []versions) []string {
	var script bytes.Buffer
	commit := func(branch, parent string, pick func(versions) string) {
		fmt.Fprintf(&script, "commit refs/heads/%s\ncommitter t <t@example.com> 0 +0000\ndata 0\n%s", branch, parent)
		for i, c := range cases {
			fmt.Fprintf(&script, "M 100644 inline %d\ndata %d\n%s\n", i, len(pick(c)), pick(c))
		}
	}
	script.WriteString("reset refs/heads/base\n")
	commit("base", "deleteall\n", func(c versions) string { return c.base })
	script.WriteString("reset refs/heads/ours\nfrom refs/heads/base\nreset refs/heads/theirs\nfrom refs/heads/base\n")
	commit("ours", "", func(c versions) string { return c.ours })
	commit("theirs", "", func(c versions) string { return c.theirs })
	run(t, repo, script.String(), "fast-import", "--quiet", "--force")

	merge := gittest.Command(repo, "merge-tree", "--write-tree", "--no-messages", "ours", "theirs")
	out, err := merge.Output() // exit status 1 says that there are conflicts
	if err != nil {
		require.Equal(t, 1, merge.ProcessState.ExitCode(), "git merge-tree: %v", err)
	}
	tree, _, _ := strings.Cut(string(out), "\n")

	var names strings.Builder
	for i := range cases {
		fmt.Fprintf(&names, "%s:%d\n", tree, i)
	}
	blobs := run(t, repo, names.String(), "cat-file", "--batch=%(objectsize)")
	merged := make([]string, len(cases))
	for i := range merged {
		var size int
		_, err := fmt.Sscanf(blobs, "%d\n", &size)
		require.NoError(t, err)
		_, blobs, _ = strings.Cut(blobs, "\n")
		merged[i], blobs = blobs[:size], blobs[size+1:]
	}
	return merged
}

func run(t require.TestingT, repo, stdin string, args ...string) string {
	command := gittest.Command(repo, args...)
	command.Stdin = strings.NewReader(stdin)
	return gittest.Output(t, command)
}
