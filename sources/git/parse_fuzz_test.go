package git

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/stretchr/testify/require"
)

// FuzzTree: whatever a tree holds, what is read of it can be written again, and
// nothing in it leads out of it.
func FuzzTree(f *testing.F) {
	id := strings.Repeat("\x01", 20)
	for _, name := range []string{"a", "..", ".git", "GIT~1", ".g\u200cit", "a/b", "a\\..\\b"} {
		f.Add([]byte("100644 " + name + "\x00" + id + "40000 " + name + "b\x00" + id))
	}
	f.Add([]byte("120000 a\x00" + id + "160000 a.b\x00" + id + "40000 a\x00" + id))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := parseTree(Hash{}, data)
		if err != nil {
			require.True(t, errors.Is(err, ErrCorrupt) || errors.Is(err, ErrUnsafe), err)
			return
		}
		for _, e := range entries {
			// A name that is not UTF-8 can be in a tree, though not in an fs.FS.
			require.True(t, fs.ValidPath(strings.ToValidUTF8(e.Name, "?")), "%q", e.Name)
			require.NotContains(t, e.Name, "/")
			require.NotContains(t, []string{".", ".git"}, strings.ToLower(e.Name))
		}
		scratch := &Scratch{objects: map[Hash]object{}}
		h, err := scratch.WriteTree(entries)
		if err != nil {
			require.ErrorContains(t, err, "has no hash")
			return
		}
		again, err := parseTree(h, scratch.objects[h].data)
		require.NoError(t, err)
		require.Equal(t, entries, again)
	})
}

// FuzzCommit: a commit that is read never has more parents or another tree than
// its headers say, and what is signed never holds a signature.
func FuzzCommit(f *testing.F) {
	tree, parent := "tree "+EmptyTree.String()+"\n", "parent "+EmptyTree.String()+"\n"
	author := "author A <a@b> 1700000000 +0100\ncommitter B <b@c> 1700000000 -0330\n"
	f.Add([]byte(tree + parent + author + "\nmessage\n"))
	f.Add([]byte(tree + author + "gpgsig a\n b\nencoding latin1\ngpgsig c\n\nmessage"))
	f.Add([]byte(tree + author + parent + tree + "x y\n z\n\n"))
	f.Add([]byte(tree + "author A\ncommitter <> x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseCommit(Hash{}, data)
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			return
		}
		require.LessOrEqual(t, len(c.Parents), bytes.Count(data, []byte("parent ")))
		require.Contains(t, strings.ToLower(string(data)), c.Tree.String())
		require.True(t, bytes.HasSuffix(data, []byte(c.Message)))
		head, _, _ := bytes.Cut(c.Signed, []byte("\n\n"))
		require.NotContains(t, "\n"+string(head), "\ngpgsig ")
		require.Equal(t, c.Armor == "", c.Signed == nil)
	})
}

// FuzzDelta: a delta never yields more than it announces.
func FuzzDelta(f *testing.F) {
	f.Add([]byte("base"), []byte("\x04\x06\x90\x04\x02ab"))
	f.Add([]byte("base"), []byte("\x04\xff\xff\xff\xff\x0f\x90\x04"))
	f.Fuzz(func(t *testing.T, base, delta []byte) {
		data, err := apply(base, delta)
		if err != nil {
			return
		}
		_, size, err := deltaSizes(delta)
		require.NoError(t, err)
		require.Len(t, data, int(size))
	})
}

// FuzzIndex: a damaged index finds nothing or an error, and never panics.
func FuzzIndex(f *testing.F) {
	f.Add(append([]byte("\xfftOc\x00\x00\x00\x02"), make([]byte, 256*4+40)...), []byte("abc"))
	one := append([]byte("\xfftOc\x00\x00\x00\x02"), bytes.Repeat([]byte{0, 0, 0, 1}, 256)...)
	f.Add(append(one, make([]byte, 28+40)...), make([]byte, 20))
	f.Fuzz(func(t *testing.T, data, name []byte) {
		x, err := parseIndex(data)
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			return
		}
		h := plumbing.ComputeHash(plumbing.BlobObject, name)
		copy(h[:], name)
		if at, ok := x.find(h); ok {
			require.GreaterOrEqual(t, at, int64(0))
		}
		for _, found := range x.withPrefix(nil, h.String()[:4]) {
			require.Equal(t, h.String()[:4], found.String()[:4])
		}
	})
}
