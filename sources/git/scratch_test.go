package git_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/assay-dev/assay/sources/git"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/stretchr/testify/require"
)

var (
	ada = git.Signature{Name: "Ada", Email: "ada@example.com", When: time.Unix(1700000000, 0).In(time.FixedZone("", 3600))}
	bob = git.Signature{Name: "Bob", Email: "bob@example.com", When: time.Unix(1700000001, 0).In(time.FixedZone("", -3*3600-1800))}
)

// TestWritesAsGitDoes makes the same commit twice, and touches the repository
// only in the end.
func TestWritesAsGitDoes(t *testing.T) {
	r := newLocalRepo(t)
	want := r.commit(map[string]string{"a/b.yaml": "b: 1\n", "a.yaml": "a: 1\n", "a-b": ""})
	other := newLocalRepo(t)
	ctx := t.Context()
	s := other.open().Scratch()

	tree, err := s.EditTree(ctx, git.Hash{}, map[string]git.Entry{
		"a/b.yaml": {Mode: filemode.Regular, Hash: s.WriteBlob([]byte("b: 1\n"))},
		"a.yaml":   {Mode: filemode.Regular, Hash: s.WriteBlob([]byte("a: 1\n"))},
		"a-b":      {Mode: filemode.Regular, Hash: s.WriteBlob(nil)},
	})
	require.NoError(t, err)
	got, err := s.WriteCommit(git.NewCommit{Tree: tree, Author: ada, Committer: bob, Message: "change\n"})
	require.NoError(t, err)
	require.Equal(t, want, got)

	c, err := s.Commit(ctx, got)
	require.NoError(t, err)
	require.True(t, c.Author.When.Equal(ada.When))
	require.Equal(t, ada.String(), c.Author.String())
	require.Equal(t, bob.String(), c.Committer.String())
	require.Equal(t, "change\n", c.Message)
	data, err := git.FS(ctx, s, c.Tree).ReadFile("a/b.yaml")
	require.NoError(t, err)
	require.Equal(t, "b: 1\n", string(data))

	require.Equal(t, "0 objects, 0 kilobytes", other.run(nil, "count-objects"))
	require.NoError(t, s.Flush(ctx))
	require.NoError(t, s.Flush(ctx), "a second time changes nothing")
	require.Equal(t, r.run(nil, "cat-file", "-p", "HEAD"), other.run(nil, "cat-file", "-p", got.String()))
	other.run(nil, "fsck", "--strict", "--no-dangling")
	require.Contains(t, other.run(nil, "count-objects", "-v"), "in-pack: 6\npacks: 1\n")
}

func TestEditTree(t *testing.T) {
	r := newLocalRepo(t)
	r.commit(map[string]string{"a/b/c": "1", "a/d": "2", "e": "3"})
	ctx := t.Context()
	s := r.open().Scratch()
	tree := r.hash("HEAD^{tree}")
	file := git.Entry{Mode: filemode.Regular, Hash: s.WriteBlob([]byte("new"))}

	for name, test := range map[string]struct {
		edits map[string]git.Entry
		want  []string
	}{
		"nothing":                 {nil, []string{"a/b/c", "a/d", "e"}},
		"a file":                  {map[string]git.Entry{"a/b/new": file}, []string{"a/b/c", "a/b/new", "a/d", "e"}},
		"an empty folder goes":    {map[string]git.Entry{"a/b/c": {}}, []string{"a/d", "e"}},
		"a folder":                {map[string]git.Entry{"a": {}}, []string{"e"}},
		"a file becomes a folder": {map[string]git.Entry{"e": {}, "e/f": file}, []string{"a/b/c", "a/d", "e/f"}},
		"a folder becomes a file": {map[string]git.Entry{"a": file}, []string{"a", "e"}},
		"what is not there":       {map[string]git.Entry{"x/y": {}}, []string{"a/b/c", "a/d", "e"}},
	} {
		t.Run(name, func(t *testing.T) {
			edited, err := s.EditTree(ctx, tree, test.edits)
			require.NoError(t, err)
			changes, err := git.Diff(ctx, s, git.Hash{}, edited)
			require.NoError(t, err)
			var paths []string
			for _, c := range changes {
				paths = append(paths, c.Path)
			}
			require.Equal(t, test.want, paths)
		})
	}
	all, err := s.EditTree(ctx, tree, map[string]git.Entry{"a": {}, "e": {}})
	require.NoError(t, err)
	require.Equal(t, git.EmptyTree, all)

	_, err = s.EditTree(ctx, tree, map[string]git.Entry{"e/f": file})
	require.ErrorContains(t, err, "e is no folder")
	for _, path := range []string{"", "/a", "a//b", "a/../b", ".git/config", "a/.GIT"} {
		_, err = s.EditTree(ctx, tree, map[string]git.Entry{path: file})
		require.ErrorIs(t, err, git.ErrUnsafe, path)
	}
}

func TestWriteRefuses(t *testing.T) {
	s := newLocalRepo(t).open().Scratch()
	blob := s.WriteBlob(nil)
	for _, name := range hostileNames {
		_, err := s.WriteTree([]git.Entry{{Name: name, Mode: filemode.Regular, Hash: blob}})
		require.ErrorIs(t, err, git.ErrUnsafe, "%q", name)
	}
	for _, name := range []string{".gitignore", ".github", "git", "..a", "...", "git~2", "a.git", "C:", "ü"} {
		_, err := s.WriteTree([]git.Entry{{Name: name, Mode: filemode.Regular, Hash: blob}})
		require.NoError(t, err, name)
	}
	for reason, entries := range map[string][]git.Entry{
		"appears twice":           {{Name: "a", Mode: filemode.Regular, Hash: blob}, {Name: "a.b", Mode: filemode.Regular, Hash: blob}, {Name: "a", Mode: filemode.Dir, Hash: git.EmptyTree}},
		"which Git does not know": {{Name: "a", Mode: 0o100664, Hash: blob}},
		`entry "a" has no hash`:   {{Name: "a", Mode: filemode.Regular}},
	} {
		_, err := s.WriteTree(entries)
		require.ErrorContains(t, err, reason)
	}
	_, err := s.WriteCommit(git.NewCommit{Tree: blob, Parents: []git.Hash{{1}}, Author: ada, Committer: bob})
	require.ErrorIs(t, err, git.ErrNotFound)
	_, err = s.WriteCommit(git.NewCommit{Author: ada, Committer: bob, Message: "a\x00b"})
	require.ErrorContains(t, err, "NUL")
}

func TestNamesCannotForgeHeaders(t *testing.T) {
	s := newLocalRepo(t).open().Scratch()
	mallory := git.Signature{Name: "M\nparent 0 <x>", Email: "m>\n@example.com", When: ada.When}
	h, err := s.WriteCommit(git.NewCommit{Author: mallory, Committer: bob})
	require.NoError(t, err)
	c, err := s.Commit(t.Context(), h)
	require.NoError(t, err)
	require.Empty(t, c.Parents)
	require.Equal(t, "Mparent 0 x", c.Author.Name)
	require.Equal(t, "m@example.com", c.Author.Email)
}

func TestSignatures(t *testing.T) {
	r := newLocalRepo(t)
	keys := t.TempDir()
	sshPath := filepath.Join(keys, "id")
	generateSSHKey(t, sshPath, "secret")
	private, err := os.ReadFile(sshPath)
	require.NoError(t, err)
	ssh, err := git.NewSSHSigner(private, []byte("secret"))
	require.NoError(t, err)
	_, err = git.NewSSHSigner(private, nil)
	require.ErrorContains(t, err, "read SSH signing key")

	entity, err := openpgp.NewEntity("Bob", "", "bob@example.com", nil)
	require.NoError(t, err)
	pgp, err := git.NewOpenPGPSigner(armoredPrivateKey(t, entity), nil)
	require.NoError(t, err)

	s := r.open().Scratch()
	write := func(signer git.Signer) *git.Commit {
		h, err := s.WriteCommit(git.NewCommit{Author: ada, Committer: bob, Message: "signed\n\n over lines\n", Sign: signer})
		require.NoError(t, err)
		c, err := s.Commit(t.Context(), h)
		require.NoError(t, err)
		return c
	}
	bySSH, byPGP, unsigned := write(ssh), write(pgp), write(nil)
	require.NoError(t, s.Flush(t.Context()))
	require.Nil(t, unsigned.Signed)
	require.Empty(t, unsigned.Armor)
	require.Equal(t, bySSH.Signed, byPGP.Signed)
	require.Equal(t, r.run(nil, "cat-file", "commit", unsigned.Hash.String())+"\n", string(byPGP.Signed))

	_, err = openpgp.CheckArmoredDetachedSignature(openpgp.EntityList{entity}, bytes.NewReader(byPGP.Signed), strings.NewReader(byPGP.Armor), nil)
	require.NoError(t, err)
	// Git itself must find the header where it looks for it.
	public, err := os.ReadFile(sshPath + ".pub")
	require.NoError(t, err)
	allowed := filepath.Join(keys, "allowed")
	require.NoError(t, os.WriteFile(allowed, append([]byte("bob@example.com "), public...), 0o600))
	r.run(nil, "-c", "gpg.ssh.allowedSignersFile="+allowed, "verify-commit", bySSH.Hash.String())
	r.run(nil, "fsck", "--strict", "--no-dangling")
}

func armoredPrivateKey(t *testing.T, entity *openpgp.Entity) []byte {
	var out bytes.Buffer
	w, err := armor.Encode(&out, openpgp.PrivateKeyType, nil)
	require.NoError(t, err)
	require.NoError(t, entity.SerializePrivate(w, nil))
	require.NoError(t, w.Close())
	return out.Bytes()
}
