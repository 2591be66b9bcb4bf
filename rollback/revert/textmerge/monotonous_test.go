package textmerge_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/revert/textmerge"
)

// TestMergeOfMonotonousFilesEqualsGit merges long files of very few different lines, for which Git gives up on rare lines
// and, with many edits, on the shortest difference.
func TestMergeOfMonotonousFilesEqualsGit(t *testing.T) {
	repo := t.TempDir()
	run(t, repo, "", "init", "-q", "--bare")
	random := rand.New(rand.NewPCG(1, 2))
	var cases []versions
	for i := range 24 {
		words := strings.Split("abcdefghijklmnop", "")[:2+i%5]
		base := make([]string, 600+random.IntN(3000))
		for j := range base {
			base[j] = words[random.IntN(len(words))] + "\n"
		}
		edited := func(edits, from, to int) string {
			lines := append([]string{}, base...)
			for range edits {
				at := from + random.IntN(to-from)
				lines[at] = []string{"", words[0] + "\n", "new\n" + lines[at], lines[at] + lines[at]}[random.IntN(4)]
			}
			return strings.Join(lines, "")
		}
		edits := []int{2, 20, 400}[i%3]
		cases = append(cases, versions{strings.Join(base, ""), edited(edits, 0, len(base)/2), edited(edits, len(base)/2+20, len(base))})
	}
	for i, want := range mergeWithGit(t, repo, cases) {
		c := cases[i]
		got := textmerge.Merge([]byte(c.base), []byte(c.ours), []byte(c.theirs), textmerge.Labels{Ours: "ours", Theirs: "theirs"})
		require.True(t, want == string(got.Text), "case %d differs", i)
	}
}
