package git_test

import (
	"crypto/sha1"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/assay-dev/assay/sources/git"
)

const assayNotes = "refs/notes/assay"

// hashed returns the n-th of many hashes that are spread as those of commits are.
func hashed(n int) git.Hash { return sha1.Sum(fmt.Append(nil, n)) }

// noteAll has git write the same note for each commit.
func (r remoteRepo) noteAll(note string, commits []git.Hash) {
	r.t.Helper()
	r.git("notes", "--ref=assay", "add", "-f", "-m", note, commits[0].String())
	var pairs strings.Builder
	for _, to := range commits[1:] {
		fmt.Fprintf(&pairs, "%s %s\n", commits[0], to)
	}
	r.pipe(pairs.String(), "notes", "--ref=assay", "copy", "-f", "--stdin")
}

// listed is what git says of the notes there are.
func (r remoteRepo) listed() map[git.Hash]git.Hash {
	r.t.Helper()
	all := map[git.Hash]git.Hash{}
	for line := range strings.Lines(r.git("notes", "--ref=assay", "list")) {
		note, commit, _ := strings.Cut(strings.TrimSpace(line), " ")
		all[plumbing.NewHash(commit)] = plumbing.NewHash(note)
	}
	return all
}

func TestNotesThatGitWrote(t *testing.T) {
	t.Parallel()
	for _, count := range []int{1, 40, 2000} {
		t.Run(fmt.Sprint(count), func(t *testing.T) {
			r := newRemoteRepo(t, 1)
			var commits []git.Hash
			for i := range count {
				commits = append(commits, hashed(i))
			}
			r.noteAll("seen", commits)
			notes, err := open(t, r.dir, git.Auth{}).Notes(t.Context(), assayNotes)
			require.NoError(t, err)
			all, err := notes.All(t.Context())
			require.NoError(t, err)
			require.Equal(t, r.listed(), all)
			for _, commit := range commits {
				note, err := notes.Get(t.Context(), commit)
				require.NoError(t, err)
				require.Equal(t, "seen\n", string(note))
			}
			_, err = notes.Get(t.Context(), hashed(count))
			require.ErrorIs(t, err, git.ErrNotFound)
		})
	}
}

// One tree, put below itself in every folder, holds more names than there are atoms
// for next to nothing.
func TestNotesThatUnfoldForEver(t *testing.T) {
	t.Parallel()
	r := newMemoryRepo(t, 1)
	s := r.Repository().Scratch()
	below := git.EmptyTree
	for range 19 {
		var folders []git.Entry
		for i := range 256 {
			folders = append(folders, git.Entry{Name: fmt.Sprintf("%02x", i), Mode: filemode.Dir, Hash: below})
		}
		var err error
		below, err = s.WriteTree(folders)
		require.NoError(t, err)
	}
	commit, err := s.WriteCommit(git.NewCommit{Tree: below, Author: ada, Committer: ada, Message: "Forged\n"})
	require.NoError(t, err)
	notes, err := git.ReadNotes(t.Context(), s, commit)
	require.NoError(t, err)
	_, err = notes.All(t.Context())
	require.ErrorContains(t, err, "more than 1048576 files and folders")
	_, err = notes.Get(t.Context(), hashed(1))
	require.ErrorIs(t, err, git.ErrNotFound)
}

// fast-import makes folders by a rule of its own: as deep as notes are many.
func TestNotesOfFastImport(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 600)
	var in strings.Builder
	in.WriteString("commit refs/notes/assay\ncommitter a <a@example.org> 1700000000 +0000\ndata 0\n")
	commits := strings.Fields(r.git("rev-list", "main"))
	for _, commit := range commits {
		fmt.Fprintf(&in, "N inline %s\ndata 41\n%s\n\n", commit, commit)
	}
	r.pipe(in.String(), "fast-import", "--quiet")
	m := open(t, r.serve(), git.Auth{})
	require.NoError(t, m.AddNotes(t.Context(), assayNotes, map[git.Hash][]byte{hashed(1): []byte("new\n")}, nil, ada, nil))
	notes, err := m.Notes(t.Context(), assayNotes)
	require.NoError(t, err)
	for _, commit := range commits {
		note, err := notes.Get(t.Context(), plumbing.NewHash(commit))
		require.NoError(t, err)
		require.Equal(t, commit+"\n", string(note))
	}
	require.Len(t, r.listed(), len(commits)+1)
}

// Trees have the names that git's own have, whatever the way on which they grew.
func TestNotesAreLaidOutAsByGit(t *testing.T) {
	t.Parallel()
	for _, count := range []int{1, 16, 60, 120, 300, 2000, 9000} {
		t.Run(fmt.Sprint(count), func(t *testing.T) {
			r := newRemoteRepo(t, 1)
			s := git.NewMemory().Repository().Scratch()
			tree := git.Hash{}
			var commits []git.Hash
			batch := map[git.Hash][]byte{}
			for i := range count {
				commits = append(commits, hashed(i))
				batch[hashed(i)] = []byte("seen\n")
				if i%41 == 40 || i == count-1 {
					var err error
					tree, err = s.WriteNotes(t.Context(), tree, batch, nil)
					require.NoError(t, err)
					clear(batch)
				}
			}
			r.noteAll("seen", commits)
			require.Equal(t, r.at("refs/notes/assay^{tree}"), tree)
		})
	}
}

// Both merge two histories of notes: git, and we by adding ours to what is there.
func TestNotesMergeAsGitDoes(t *testing.T) {
	t.Parallel()
	for name, notes := range map[string][2]string{
		"lines of both":     {"b\na\nc\n", "c\nb\nz\n"},
		"empty lines":       {"a\n\n\nb", "\nb\n\nc\n"},
		"the same":          {"b\na\n", "b\na\n"},
		"without a newline": {"a", "b"},
		"blanks count":      {" a\na\n", "a \n\ta\n"},
		"bytes":             {"ü\nz\xff\n", "Z\nz\n"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRemoteRepo(t, 1)
			add := func(ref, note string) {
				h := r.pipe(note, "hash-object", "-w", "--stdin")
				r.git("notes", "--ref="+ref, "add", "-f", "-C", h, "main")
			}
			add("base", "base")
			for ref, note := range map[string]string{"assay": notes[0], "theirs": notes[1]} {
				r.git("update-ref", "refs/notes/"+ref, "refs/notes/base")
				add(ref, note)
			}
			ours := git.NewMemory().Repository().Scratch()
			main := r.at("main")
			tree, err := ours.WriteNotes(t.Context(), git.Hash{}, map[git.Hash][]byte{main: []byte(notes[0])}, nil)
			require.NoError(t, err)
			tree, err = ours.WriteNotes(t.Context(), tree, map[git.Hash][]byte{main: []byte(notes[1])}, git.CatSortUniq)
			require.NoError(t, err)
			r.git("notes", "--ref=assay", "merge", "-s", "cat_sort_uniq", "theirs")
			require.Equal(t, r.at("refs/notes/assay^{tree}"), tree)
		})
	}
}

// Whatever is written in whatever order is read again, and nothing else.
func TestRandomNotes(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	rapid.Check(t, func(rt *rapid.T) {
		s := git.NewMemory().Repository().Scratch()
		readme := git.Entry{Name: "README", Mode: filemode.Regular, Hash: s.WriteBlob([]byte("of people"))}
		folder, err := s.WriteTree([]git.Entry{readme})
		require.NoError(rt, err)
		tree, err := s.WriteTree([]git.Entry{readme, {Name: "zz", Mode: filemode.Dir, Hash: folder}, {Name: "abc", Mode: filemode.Dir, Hash: folder}})
		require.NoError(rt, err)
		want := map[git.Hash][]byte{}
		for range rapid.IntRange(1, 6).Draw(rt, "batches") {
			batch := map[git.Hash][]byte{}
			for range rapid.IntRange(1, 60).Draw(rt, "notes") {
				commit := hashed(rapid.IntRange(0, 200).Draw(rt, "commit"))
				batch[commit] = fmt.Append(nil, rapid.IntRange(0, 9).Draw(rt, "note"))
			}
			tree, err = s.WriteNotes(ctx, tree, batch, nil)
			require.NoError(rt, err)
			maps.Copy(want, batch)
		}
		commit, err := s.WriteCommit(git.NewCommit{Tree: tree, Author: ada, Committer: ada})
		require.NoError(rt, err)
		notes, err := git.ReadNotes(ctx, s, commit)
		require.NoError(rt, err)
		all, err := notes.All(ctx)
		require.NoError(rt, err)
		require.ElementsMatch(rt, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(all)))
		for commit, note := range want {
			got, err := notes.Get(ctx, commit)
			require.NoError(rt, err)
			require.Equal(rt, note, got)
		}
		data, err := git.FS(ctx, s, tree).ReadFile("zz/README")
		require.NoError(rt, err)
		require.Equal(rt, "of people", string(data))
	})
}

// In whatever order and however often notes of many are merged, the same comes out.
func TestMergingNotesNeedsNoOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		note := rapid.Map(rapid.StringMatching(`[ab\n ]{0,8}`), func(s string) []byte { return []byte(s) })
		a, b, c := note.Draw(rt, "a"), note.Draw(rt, "b"), note.Draw(rt, "c")
		merged := git.CatSortUniq(git.CatSortUniq(a, b), c)
		require.Equal(rt, merged, git.CatSortUniq(a, git.CatSortUniq(c, b)))
		require.Equal(rt, merged, git.CatSortUniq(merged, b))
	})
}
