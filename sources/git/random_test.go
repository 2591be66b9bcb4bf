package git_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/git/gittest"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// randomRepo makes a repository with a random history: merges, several roots,
// equal and wrong dates, and files that change content, mode and type, or turn
// into folders and back.
func randomRepo(t *testing.T, rt *rapid.T) (r localRepo, commits []string) {
	r = localRepo{t, t.TempDir()}
	r.run(nil, "init", "-q", "--bare", "-b", "main", "--template=")
	var stream strings.Builder
	n := rapid.IntRange(2, 12).Draw(rt, "commits")
	for i := range n {
		var parents []int
		if i > 0 && rapid.IntRange(0, 9).Draw(rt, "root") > 0 {
			few := rapid.SampledFrom([]int{1, 1, 1, 2, 3}).Draw(rt, "parents")
			parents = rapid.SliceOfNDistinct(rapid.IntRange(max(0, i-4), i-1), 1, min(few, min(i, 4)), rapid.ID[int]).Draw(rt, "parent")
		}
		// A second per commit, and now and then a clock that is wrong.
		date := 1700000000 + i/2 + rapid.SampledFrom([]int{0, 0, 0, 0, 0, -40, 40}).Draw(rt, "clock")
		fmt.Fprintf(&stream, "commit refs/heads/c%d\nmark :%d\ncommitter A <a@b> %d +0000\ndata 1\nm\n", i, i+1, date)
		for j, p := range parents {
			fmt.Fprintf(&stream, "%s :%d\n", []string{"from", "merge"}[min(j, 1)], p+1)
		}
		for range rapid.IntRange(0, 3).Draw(rt, "edits") {
			stream.WriteString(randomEdit(rt))
		}
	}
	r.run([]byte(stream.String()), "fast-import", "--quiet", "--force")
	return r, strings.Fields(r.run(nil, "for-each-ref", "--format=%(objectname)"))
}

func randomEdit(rt *rapid.T) string {
	name := rapid.SampledFrom([]string{"a", "a.b", "a-b", "a/x", "a/y/z", "b", "b/x", "ü", "with space", `q"`}).Draw(rt, "name")
	if rapid.IntRange(0, 5).Draw(rt, "delete") == 0 {
		return fmt.Sprintf("D %q\n", name)
	}
	mode := rapid.SampledFrom([]string{"100644", "100644", "100644", "100755", "120000"}).Draw(rt, "mode")
	data := randomText(rt)
	return fmt.Sprintf("M %s inline %s\ndata %d\n%s\n", mode, quoteForImport(name), len(data), data)
}

func quoteForImport(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `\"`) + `"`
}

// randomText is made of few different lines, so that there are many ways to
// compare two of them.
func randomText(rt *rapid.T) string {
	lines := rapid.SliceOfN(rapid.SampledFrom([]string{
		"", "\t", "a:", "  b: 1", "  c:", "    d", "\te", "---", "}", "x y", "\x00",
	}), 0, 25).Draw(rt, "lines")
	if !slices.Contains(lines, "\x00") || rapid.IntRange(0, 9).Draw(rt, "binary") > 0 {
		lines = slices.DeleteFunc(lines, func(l string) bool { return l == "\x00" })
	}
	text := strings.Join(lines, "\n")
	if rapid.Bool().Draw(rt, "newline") {
		text += "\n"
	}
	return text
}

func TestRandomHistoriesAsGitSeesThem(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r, commits := randomRepo(t, rt)
		repo := r.open()
		ctx := context.Background()
		a := rapid.SampledFrom(commits).Draw(rt, "a")
		b := rapid.SampledFrom(commits).Draw(rt, "b")
		ha, hb := toHash(t, a), toHash(t, b)

		require.Equal(rt, r.run(nil, "diff-tree", "-r", "--no-renames", "--abbrev=40", "-z", a, b), rawDiff(rt, repo, ha, hb))

		_, err := r.try(nil, "merge-base", "--is-ancestor", a, b)
		below, ourErr := git.IsAncestor(ctx, repo, ha, hb)
		require.NoError(rt, ourErr)
		require.Equal(rt, err == nil, below)

		bases, err := r.try(nil, "merge-base", "--all", a, b)
		base, ourErr := git.MergeBase(ctx, repo, ha, hb)
		if err != nil {
			require.ErrorIs(rt, ourErr, git.ErrNotFound)
		} else {
			require.NoError(rt, ourErr)
			require.Contains(rt, strings.Fields(bases), base.String())
		}

		path, ourErr := git.FirstParents(ctx, repo, ha, hb)
		if below {
			require.NoError(rt, ourErr)
			require.Equal(rt, strings.Fields(r.run(nil, "rev-list", "--first-parent", "--topo-order", "--reverse", a+".."+b)), hashes(path))
		} else {
			require.ErrorIs(rt, ourErr, git.ErrNotAncestor)
		}
		all, ourErr := git.FirstParents(ctx, repo, git.Hash{}, hb)
		require.NoError(rt, ourErr)
		require.Equal(rt, strings.Fields(r.run(nil, "rev-list", "--first-parent", "--topo-order", "--reverse", b)), hashes(all))

		for _, c := range []string{a, b} {
			id, err := git.PatchID(ctx, repo, toHash(t, c))
			require.NoError(rt, err)
			require.Equal(rt, patchIDOf(t, r, c, "--stable"), id, "patch id of %s in %s", c, r.dir)
			exact, err := git.ExactPatchID(ctx, repo, toHash(t, c))
			require.NoError(rt, err)
			require.Equal(rt, patchIDOf(t, r, c, "--verbatim"), exact, "exact patch id of %s in %s", c, r.dir)
		}
	})
}

func hashes(commits []*git.Commit) []string {
	list := []string{}
	for _, c := range commits {
		list = append(list, c.Hash.String())
	}
	return list
}

// rawDiff prints changes as git diff-tree -z does.
func rawDiff(rt *rapid.T, o git.Objects, a, b git.Hash) string {
	ctx := context.Background()
	from, err := o.Commit(ctx, a)
	require.NoError(rt, err)
	to, err := o.Commit(ctx, b)
	require.NoError(rt, err)
	changes, err := git.Diff(ctx, o, from.Tree, to.Tree)
	require.NoError(rt, err)
	var out strings.Builder
	for _, c := range changes {
		status := "M"
		switch {
		case c.From.IsZero():
			status = "A"
		case c.To.IsZero():
			status = "D"
		case c.From.Mode&0o170000 != c.To.Mode&0o170000:
			status = "T"
		}
		fmt.Fprintf(&out, ":%06o %06o %s %s %s\x00%s\x00", uint32(c.From.Mode), uint32(c.To.Mode), c.From.Hash, c.To.Hash, status, c.Path)
	}
	return out.String()
}

// patchIDOf asks git, which gets merges as the change to their first parent.
func patchIDOf(t testing.TB, r localRepo, commit, kind string) string {
	from, err := r.try(nil, "rev-parse", "--verify", "-q", commit+"^")
	if err != nil {
		from = r.run(nil, "hash-object", "-t", "tree", "-w", "/dev/null")
	}
	patch, err := gittest.Command(r.dir, "diff-tree", "-p", "--full-index", "--no-renames", from, commit).Output()
	require.NoError(t, err)
	id, _, _ := strings.Cut(r.run(patch, "patch-id", kind), " ")
	return id
}

// TestPatchIDsOfLargeChanges reaches the sizes at which Git stops looking for the
// shortest difference.
func TestPatchIDsOfLargeChanges(t *testing.T) {
	t.Parallel()
	r := localRepo{t, t.TempDir()}
	r.run(nil, "init", "-q", "--bare")
	random := rand.New(rand.NewPCG(1, 2))
	text := func(n, vocabulary int) []string {
		lines := make([]string, n)
		for i := range lines {
			word := random.IntN(vocabulary)
			lines[i] = strings.Repeat(" ", word%5) + fmt.Sprint("w", word) + "\n"
		}
		return lines
	}
	var stream strings.Builder
	commit := func(lines []string) {
		data := strings.Join(lines, "")
		fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter A <a@b> 1700000000 +0000\ndata 0\nM 100644 inline f\ndata %d\n%s\n", len(data), data)
	}
	for range 40 {
		vocabulary := 1 + random.IntN(600)
		before := text(1+random.IntN(3000), vocabulary)
		after := slices.Clone(before)
		for range random.IntN(40) {
			at := random.IntN(len(after) + 1)
			gone := random.IntN(min(60, len(after)-at+1))
			after = slices.Replace(after, at, at+gone, text(random.IntN(60), vocabulary+20)...)
		}
		commit(before)
		commit(after)
	}
	r.run([]byte(stream.String()), "fast-import", "--quiet")
	repo := r.open()
	for _, c := range strings.Fields(r.run(nil, "rev-list", "main")) {
		id, err := git.PatchID(t.Context(), repo, toHash(t, c))
		require.NoError(t, err)
		require.Equal(t, patchIDOf(t, r, c, "--stable"), id, c)
	}
}

func TestPatchIDsOfRealHistory(t *testing.T) {
	t.Parallel()
	for bundle, limit := range map[string]string{"flux-example.bundle": "1000", "konflux-config.bundle": "600"} {
		t.Run(bundle, func(t *testing.T) {
			r := sharedRepo(t, bundle)
			repo := r.open()
			commits := r.run(nil, "rev-list", "--no-merges", "-n", limit, "main")
			patches, err := exec.Command("sh", "-c", `echo "$1" | git -C "$2" diff-tree --stdin --root -p --full-index --no-renames`, "sh", commits, r.dir).Output()
			require.NoError(t, err)
			for kind, id := range map[string]func(context.Context, git.Objects, git.Hash) (string, error){
				"--stable": git.PatchID, "--verbatim": git.ExactPatchID,
			} {
				lines := strings.Split(r.run(patches, "patch-id", kind), "\n")
				require.NotEmpty(t, lines)
				for _, line := range lines {
					want, commit, _ := strings.Cut(line, " ")
					got, err := id(t.Context(), repo, toHash(t, commit))
					require.NoError(t, err)
					require.Equal(t, want, got, "patch-id %s of %s", kind, commit)
				}
			}
		})
	}
}
