package treemerge_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/assay-dev/assay/rollback/revert/treemerge"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/git/gittest"
)

// TestMergeEqualsGit merges generated trees in which files are edited, moved, removed, copied, made executable or into
// links, and whole folders moved, on both sides. Here and in Git the same merges are clean, and to the same tree.
func TestMergeEqualsGit(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, "", "init", "-q", "--bare")
	clean, total := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		base := drawTree(t)
		ours, theirs := drawEdits(t, "ours", base), drawEdits(t, "theirs", base)
		trees, want := mergeWithGit(t, dir, base, ours, theirs)
		repo, err := git.Open(dir)
		require.NoError(t, err)
		defer repo.Close()
		got, err := treemerge.Merge(t.Context(), repo.Scratch(), trees[0], trees[1], trees[2], treemerge.Options{})
		require.NoError(t, err)
		total++
		list := func(tree string) string { return run(t, dir, "", "ls-tree", "-r", tree) }
		switch {
		case want == "" && len(got.Conflicts) == 0:
			t.Fatalf("clean here, but not in git:\n%s", list(trees[0].String())+list(trees[1].String())+list(trees[2].String()))
		case want == "":
			return
		case len(got.Conflicts) > 0:
			t.Fatalf("conflicts here, but not in git: %v; git has\n%s", got.Conflicts, list(want))
		case got.Tree.String() != want:
			t.Fatalf("base\n%s\nours\n%s\ntheirs\n%s\ngit merges to\n%s", list(trees[0].String()), list(trees[1].String()), list(trees[2].String()), list(want))
		}
		clean++
	})
	t.Logf("%d of %d merges were clean", clean, total)
}

// file is a file of a generated tree, in the words of git fast-import.
type file struct{ mode, content string }

type tree map[string]file

func (t tree) paths() []string { return slices.Sorted(maps.Keys(t)) }

// put adds a file, and removes what is in its way.
func (t tree) put(path string, f file) {
	for other := range t {
		if strings.HasPrefix(other, path+"/") || strings.HasPrefix(path, other+"/") {
			delete(t, other)
		}
	}
	t[path] = f
}

func drawPath(t *rapid.T) string {
	parts := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3).Draw(t, "folders")
	return strings.Join(append(parts, rapid.SampledFrom([]string{"f", "g", "h", "a", "b", "f.x"}).Draw(t, "name")), "/")
}

// drawContent draws from few texts that are alike in different degrees, so that files resemble each other.
func drawContent(t *rapid.T) string {
	text, lines := rapid.IntRange(0, 4).Draw(t, "text"), rapid.IntRange(0, 14).Draw(t, "lines")
	var b strings.Builder
	for i := range lines {
		fmt.Fprintf(&b, "%d: line %d of a text\n", text*(i%3), i)
	}
	return b.String()
}

func drawTree(t *rapid.T) tree {
	made := tree{}
	for range rapid.IntRange(0, 10).Draw(t, "files") {
		made.put(drawPath(t), file{rapid.SampledFrom([]string{"100644", "100644", "100644", "100755", "120000"}).Draw(t, "mode"), drawContent(t)})
	}
	return made
}

func drawEdits(t *rapid.T, label string, from tree) tree {
	made := maps.Clone(from)
	for range rapid.IntRange(0, 6).Draw(t, label) {
		action := rapid.SampledFrom([]string{"edit", "edit", "edit", "move", "move and edit", "move folder", "remove", "mode", "add", "copy"}).Draw(t, "action")
		if len(made) == 0 || action == "add" {
			made.put(drawPath(t), file{"100644", drawContent(t)})
			continue
		}
		path := rapid.SampledFrom(made.paths()).Draw(t, "path")
		f := made[path]
		switch action {
		case "edit":
			made[path] = file{f.mode, drawEdit(t, f.content)}
		case "move":
			delete(made, path)
			made.put(drawPath(t), f)
		case "move and edit":
			delete(made, path)
			made.put(drawPath(t), file{f.mode, drawEdit(t, f.content)})
		case "move folder":
			folder, _, found := strings.Cut(path, "/")
			if !found {
				continue
			}
			target := rapid.SampledFrom([]string{"a", "b", "c", "d", "d/a"}).Draw(t, "target")
			for _, p := range made.paths() {
				if rest, inside := strings.CutPrefix(p, folder+"/"); inside {
					moved := made[p]
					delete(made, p)
					made.put(target+"/"+rest, moved)
				}
			}
		case "remove":
			delete(made, path)
		case "mode":
			made[path] = file{rapid.SampledFrom([]string{"100644", "100755", "120000"}).Draw(t, "mode"), f.content}
		case "copy":
			made.put(drawPath(t), f)
		}
	}
	return made
}

func drawEdit(t *rapid.T, content string) string {
	lines := strings.SplitAfter(content, "\n")
	at := rapid.IntRange(0, len(lines)-1).Draw(t, "line")
	switch rapid.IntRange(0, 2).Draw(t, "edit") {
	case 0:
		lines[at] = "edited\n"
	case 1:
		lines = slices.Delete(slices.Clone(lines), at, at+1)
	default:
		lines = slices.Insert(slices.Clone(lines), at, fmt.Sprintf("added %d\n", rapid.IntRange(0, 2).Draw(t, "added")))
	}
	return strings.Join(lines, "")
}

// mergeWithGit returns the three trees as Git stores them, and the merged one, "" if there are conflicts.
func mergeWithGit(t require.TestingT, repo string, versions ...tree) (trees []git.Hash, merged string) {
	var script bytes.Buffer
	for i, v := range versions {
		fmt.Fprintf(&script, "reset refs/heads/v%d\n", i)
		if i > 0 {
			script.WriteString("from refs/heads/v0\n\n")
		}
		fmt.Fprintf(&script, "commit refs/heads/v%d\ncommitter t <t@example.com> 0 +0000\ndata 0\ndeleteall\n", i)
		for _, path := range v.paths() {
			fmt.Fprintf(&script, "M %s inline %s\ndata %d\n%s\n", v[path].mode, path, len(v[path].content), v[path].content)
		}
	}
	run(t, repo, script.String(), "fast-import", "--quiet", "--force")
	for _, line := range strings.Fields(run(t, repo, "", "rev-parse", "v0^{tree}", "v1^{tree}", "v2^{tree}")) {
		trees = append(trees, plumbing.NewHash(line))
	}
	merge := gittest.Command(repo, "merge-tree", "--write-tree", "--no-messages", "v1", "v2")
	out, err := merge.Output()
	if err != nil {
		require.Equal(t, 1, merge.ProcessState.ExitCode(), "git merge-tree: %v", err)
		return trees, ""
	}
	return trees, strings.TrimSpace(string(out))
}

func run(t require.TestingT, repo, stdin string, args ...string) string {
	command := gittest.Command(repo, args...)
	command.Stdin = strings.NewReader(stdin)
	return gittest.Output(t, command)
}
