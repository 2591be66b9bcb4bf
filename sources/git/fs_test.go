package git_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/assay-dev/assay/sources/git"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/stretchr/testify/require"
)

// hostileNames must not be the name of anything in a tree.
var hostileNames = []string{
	"", ".", "..", "a/b", "/", "a\x00b", ".git", ".GIT", ".Git", "git~1", "GIT~1", ".git.", ".git ", ".git . .",
	".git::$INDEX_ALLOCATION", `.git\config`, ".g\u200cit", "\ufeff.git", ".gi\u200dt",
}

// write makes a tree of files (content), links ("-> target") and submodules
// ("submodule").
func write(t testing.TB, s *git.Scratch, files map[string]string) git.Hash {
	t.Helper()
	edits := map[string]git.Entry{}
	for path, content := range files {
		e := git.Entry{Mode: filemode.Regular}
		if len(content) > 3 && content[:3] == "-> " {
			e.Mode, content = filemode.Symlink, content[3:]
		}
		e.Hash = s.WriteBlob([]byte(content))
		if content == "submodule" {
			e = git.Entry{Mode: filemode.Submodule, Hash: git.Hash{1}}
		}
		edits[path] = e
	}
	tree, err := s.EditTree(t.Context(), git.Hash{}, edits)
	require.NoError(t, err)
	return tree
}

func TestTreeIsAFileSystem(t *testing.T) {
	s := newLocalRepo(t).open().Scratch()
	tree := write(t, s, map[string]string{
		"a.yaml": "a", "a/b/c.yaml": "c", "a/b/d": "", "a-b": "x", "a/up": "-> ../a.yaml", "link": "-> a/b", "chain": "-> link/c.yaml",
	})
	require.NoError(t, fstest.TestFS(git.FS(t.Context(), s, tree), "a.yaml", "a/b/c.yaml", "a/b/d", "a-b", "link", "chain"))
	require.NoError(t, fstest.TestFS(git.FS(t.Context(), s, git.Hash{})))
}

func TestRealTreeIsAFileSystem(t *testing.T) {
	r := sharedRepo(t, "flux-example.bundle")
	repo := r.open()
	require.NoError(t, fstest.TestFS(git.FS(t.Context(), repo, treeOf(t, repo, r.hash("main"))), "clusters/production"))
}

func TestLinksStayInTheTree(t *testing.T) {
	s := newLocalRepo(t).open().Scratch()
	fsys := git.FS(t.Context(), s, write(t, s, map[string]string{
		"base/a.yaml": "a", "deep/er/b.yaml": "b", "top": "top", "sub": "submodule",
		"overlay/base":   "-> ../base",
		"overlay/a.yaml": "-> base/a.yaml",
		"overlay/slash":  "-> ../base/",
		"jump":           "-> deep/er",
		// By its text this is top; but .. is taken after the jump.
		"after":          "-> jump/../../top",
		"dot":            "-> ././/top",
		"absolute":       "-> /etc/passwd",
		"out":            "-> ../outside",
		"out-and-in":     "-> ../x/top",
		"round":          "-> trip",
		"trip":           "-> round",
		"self":           "-> self/x",
		"here":           "-> .",
		"sneaky":         "-> here/../outside",
		"dangling":       "-> absent/file",
		"through-file":   "-> top/x",
		"file-as-folder": "-> top/",
		"into-sub":       "-> sub/file",
	}))
	for name, want := range map[string]string{
		"overlay/base/a.yaml": "a", "overlay/a.yaml": "a", "overlay/slash/a.yaml": "a", "jump/b.yaml": "b", "after": "top", "dot": "top",
		"here/here/here/top": "top",
	} {
		got, err := fs.ReadFile(fsys, name)
		require.NoError(t, err, name)
		require.Equal(t, want, string(got), name)
	}
	for name, want := range map[string]error{
		"absolute": git.ErrUnsafe, "out": git.ErrUnsafe, "out-and-in": git.ErrUnsafe, "round": git.ErrUnsafe, "self": git.ErrUnsafe,
		"sneaky": git.ErrUnsafe, "dangling": fs.ErrNotExist, "through-file": fs.ErrNotExist, "file-as-folder": fs.ErrNotExist,
		"into-sub": git.ErrSubmodule, "sub": git.ErrSubmodule, "sub/file": git.ErrSubmodule, "top/x": fs.ErrNotExist,
		"absent": fs.ErrNotExist, "../top": fs.ErrInvalid, "/top": fs.ErrInvalid, "base/": fs.ErrInvalid, "": fs.ErrInvalid,
	} {
		_, err := fsys.Open(name)
		require.ErrorIs(t, err, want, name)
		_, err = fsys.ReadFile(name)
		require.ErrorIs(t, err, want, name)
		var at *fs.PathError
		require.ErrorAs(t, err, &at)
		require.Equal(t, name, at.Path)
	}
	_, err := fsys.ReadDir("sub")
	require.ErrorIs(t, err, git.ErrSubmodule)
	_, err = fsys.ReadDir("top")
	require.ErrorIs(t, err, fs.ErrInvalid)
	_, err = fsys.ReadFile("base")
	require.ErrorIs(t, err, fs.ErrInvalid)
	_, err = fsys.ReadLink("top")
	require.ErrorIs(t, err, fs.ErrInvalid)
	target, err := fsys.ReadLink("absolute")
	require.NoError(t, err)
	require.Equal(t, "/etc/passwd", target)
	info, err := fsys.Lstat("absolute")
	require.NoError(t, err)
	require.Equal(t, fs.ModeSymlink, info.Mode().Type())

	direct, mode, err := fsys.Hash("base/a.yaml")
	require.NoError(t, err)
	require.Equal(t, filemode.Regular, mode)
	linked, _, err := fsys.Hash("overlay/a.yaml")
	require.NoError(t, err)
	require.Equal(t, direct, linked)
}

// TestHostileTrees reads what git refuses to check out.
func TestHostileTrees(t *testing.T) {
	r := newLocalRepo(t)
	blob := r.run([]byte("x"), "hash-object", "-w", "--stdin")
	raw := toHash(t, blob)
	for _, name := range hostileNames {
		if name == "a\x00b" {
			continue // a stored name ends at its NUL
		}
		data := append([]byte("100644 "+name+"\x00"), raw[:]...)
		tree := r.run(data, "hash-object", "-t", "tree", "-w", "--stdin", "--literally")
		good := r.run([]byte("040000 tree "+tree+"\tbad\n100644 blob "+blob+"\tgood\n"), "mktree", "--missing")
		fsys := git.FS(t.Context(), r.open(), toHash(t, good))
		_, err := fsys.ReadDir("bad")
		require.ErrorIs(t, err, git.ErrUnsafe, "%q", name)
		_, err = fsys.ReadFile("good")
		require.NoError(t, err, "only the folder with the name is refused")
	}
}

// A tree may be nested deeper than a stack can be.
func TestBottomlessTree(t *testing.T) {
	r := newLocalRepo(t)
	s := r.open().Scratch()
	tree := write(t, s, map[string]string{"file": "x"})
	for range 2100 {
		var err error
		tree, err = s.WriteTree([]git.Entry{{Name: "d", Mode: filemode.Dir, Hash: tree}})
		require.NoError(t, err)
	}
	commit, err := s.WriteCommit(git.NewCommit{Tree: tree, Author: ada, Committer: bob})
	require.NoError(t, err)
	require.NoError(t, s.Flush(t.Context()))

	_, err = git.Diff(t.Context(), s, git.Hash{}, tree)
	require.ErrorIs(t, err, git.ErrUnsafe)
	_, err = git.FS(t.Context(), s, tree).Stat(strings.Repeat("d/", 2100) + "file")
	require.ErrorIs(t, err, git.ErrUnsafe)
	require.NoError(t, r.open().CreateBranch("deep", commit))
	m := open(t, r.dir, git.Auth{})
	_, _, err = m.Refresh(t.Context(), "deep")
	require.ErrorIs(t, err, git.ErrUnsafe, "a repository on this disk is read by this process")
}
