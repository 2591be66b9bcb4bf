package revert_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/revert"
	"github.com/assay-dev/assay/sources/git"
)

// worktree is a repository with files, for tests that need a history.
type worktree struct {
	t   *testing.T
	dir string
}

func newWorktree(t *testing.T) worktree {
	w := worktree{t, t.TempDir()}
	w.git("init", "-q", "-b", "main")
	return w
}

func (w worktree) git(args ...string) string {
	return gitCommand(w.t, "", append([]string{"-C", w.dir}, args...)...)
}

// commit writes a file and commits it under subject.
func (w worktree) commit(subject, name, content string) git.Hash {
	require.NoError(w.t, os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o644))
	w.git("add", "-A")
	w.git("commit", "-q", "--allow-empty-message", "-m", subject)
	return hash(w.git("rev-parse", "HEAD"))
}

func (w worktree) revert(culprits ...git.Hash) (*revert.Result, *git.Scratch) {
	repo, err := git.Open(w.dir)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { repo.Close() })
	scratch := repo.Scratch()
	result, err := revert.Revert(w.t.Context(), scratch, hash(w.git("rev-parse", "HEAD")), culprits, options())
	require.NoError(w.t, err)
	return result, scratch
}

// TestMessageAndTreeEqualGits reverts a plain commit, a merge and a root commit as git revert does.
func TestMessageAndTreeEqualGits(t *testing.T) {
	w := newWorktree(t)
	root := w.commit("root", "a", "1\n")
	w.git("checkout", "-q", "-b", "side")
	w.commit("side", "b", "1\n")
	w.git("checkout", "-q", "main")
	plain := w.commit("a \"quoted\"  subject\n\nand a body", "c", "1\n")
	w.git("merge", "-q", "--no-ff", "-m", "merge side", "side")
	merge := hash(w.git("rev-parse", "HEAD"))

	for name, c := range map[string]struct {
		culprit git.Hash
		args    []string
	}{
		"root": {root, nil}, "plain": {plain, nil}, "merge": {merge, []string{"-m", "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			w.git("checkout", "-q", "--detach", "main")
			got, scratch := w.revert(c.culprit)
			commit, err := scratch.Commit(t.Context(), got.Tip())
			require.NoError(t, err)
			w.git(append(append([]string{"revert", "--no-edit"}, c.args...), c.culprit.String())...)
			require.Equal(t, w.git("log", "-1", "--format=%B"), commit.Message)
			require.Equal(t, w.git("rev-parse", "HEAD^{tree}"), got.Tree.String())
		})
	}
}

func TestRevertOfRevertIsReapplied(t *testing.T) {
	w := newWorktree(t)
	w.commit("root", "a", "1\n")
	for subject, want := range map[string]string{
		`Revert "x"`:          `Reapply "x"`,
		`Revert "Revert "x""`: `Revert "Revert "Revert "x"""`,
		`Reapply "x"`:         `Revert "Reapply "x""`,
	} {
		culprit := w.commit(subject, "a", subject+"\n")
		got, scratch := w.revert(culprit)
		commit, err := scratch.Commit(t.Context(), got.Tip())
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(commit.Message, want+"\n\nThis reverts commit "+culprit.String()+".\n"), commit.Message)
	}
}

func TestSeveralCulpritsNewestFirst(t *testing.T) {
	w := newWorktree(t)
	start := w.commit("start", "a", "1\n")
	first := w.commit("first", "a", "2\n")
	second := w.commit("second", "a", "3\n")
	w.commit("later", "b", "kept\n")

	got, scratch := w.revert(first, second, first)
	require.True(t, got.Clean())
	require.Len(t, got.Commits, 2, "a culprit that is named twice is reverted once")
	require.Equal(t, second, got.Commits[0].Reverts)
	require.Equal(t, first, got.Commits[1].Reverts)
	require.Equal(t, []revert.Path{{Path: "a", How: revert.Blob}}, got.Paths)
	tree := git.FS(t.Context(), scratch, got.Tree)
	content, err := tree.ReadFile("a")
	require.NoError(t, err)
	require.Equal(t, "1\n", string(content))

	onto := w.git("rev-parse", "HEAD^{tree}")
	none, _ := w.revert(start, first) // the start made a, which second changed since
	require.False(t, none.Clean())
	require.NotEqual(t, onto, none.Tree.String())
}

func TestConflictShowsBothSidesAndMakesNoCommit(t *testing.T) {
	w := newWorktree(t)
	w.commit("start", "a.yaml", "tag: 1\n")
	culprit := w.commit("culprit", "a.yaml", "tag: 2\n")
	w.commit("later", "a.yaml", "tag: 3\n")
	objects := w.git("count-objects", "-v")

	got, _ := w.revert(culprit)
	printed, err := json.Marshal(got)
	require.NoError(t, err)
	blob := func(rev string) string { return w.git("rev-parse", rev+":a.yaml") }
	require.JSONEq(t, `{"tree": null, "commits": [], "paths": [{"path": "a.yaml", "how": "conflict"}], "conflicts": [{
		"path": "a.yaml", "kind": "content", "reverts": "`+culprit.String()+`",
		"base": "`+blob("HEAD~1")+`", "ours": "`+blob("HEAD")+`", "theirs": "`+blob("HEAD~2")+`",
		"rendering": "<<<<<<< HEAD\ntag: 3\n=======\ntag: 1\n>>>>>>> parent of `+culprit.String()[:7]+` (culprit)\n"}]}`, string(printed))
	require.Equal(t, objects, w.git("count-objects", "-v"), "nothing is written to the repository")
}

// TestCulpritsOfAMergedBranch reverts commits that are not on the first-parent path and carry the same date.
func TestCulpritsOfAMergedBranch(t *testing.T) {
	w := newWorktree(t)
	w.commit("start", "a", "1\n")
	w.git("checkout", "-q", "-b", "side")
	first := w.commit("first", "a", "2\n")
	second := w.commit("second", "a", "3\n")
	w.git("checkout", "-q", "main")
	w.commit("beside", "b", "1\n")
	w.git("merge", "-q", "--no-ff", "-m", "merge side", "side")

	got, _ := w.revert(first, second)
	require.True(t, got.Clean())
	require.Equal(t, second, got.Commits[0].Reverts)
	require.Equal(t, first, got.Commits[1].Reverts)
	require.Equal(t, w.git("rev-parse", "HEAD^1^{tree}"), got.Tree.String())

	again, _ := w.revert(hash(w.git("rev-parse", "HEAD^1")), hash(w.git("rev-parse", "HEAD^1")))
	require.Len(t, again.Commits, 1)
}
