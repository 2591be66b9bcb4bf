package git_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
)

func TestAddNotes(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 5)
	for name, serve := range transports(t, r) {
		t.Run(name, func(t *testing.T) {
			url, auth := serve()
			m := open(t, url, auth)
			ref := "refs/notes/" + name
			head, before := r.at("main"), r.at("main~1")
			none, err := m.Notes(t.Context(), ref)
			require.NoError(t, err)
			all, err := none.All(t.Context())
			require.NoError(t, err)
			require.Empty(t, all)

			require.NoError(t, m.AddNotes(t.Context(), ref, map[git.Hash][]byte{head: []byte("verdict: Passed\n"), before: []byte("verdict: Failed\n")}, nil, ada, nil))
			require.Equal(t, "verdict: Passed", r.git("notes", "--ref="+name, "show", head.String()))
			require.Contains(t, r.git("log", "--notes="+name, "main"), "Notes ("+name+"):\n    verdict: Passed\n")
			require.Equal(t, "Ada <ada@example.com>", r.git("log", "-1", "--format=%an <%ae>", ref))

			// A person adds one, with git, and Assay another.
			r.git("notes", "--ref="+name, "append", "-m", "I saw it", head.String())
			r.git("notes", "--ref="+name, "add", "-m", "mine", r.at("main~2").String())
			require.NoError(t, m.AddNotes(t.Context(), ref, map[git.Hash][]byte{head: []byte("again\n")}, git.CatSortUniq, ada, nil))
			require.Equal(t, "I saw it\nagain\nverdict: Passed", r.git("notes", "--ref="+name, "show", head.String()))
			require.Equal(t, "mine", r.git("notes", "--ref="+name, "show", "main~2"))
			require.Equal(t, "verdict: Failed", r.git("notes", "--ref="+name, "show", "main~1"))
			r.git("fsck", "--full", "--strict")

			same := r.at(ref)
			require.NoError(t, m.AddNotes(t.Context(), ref, map[git.Hash][]byte{before: []byte("verdict: Failed\n")}, git.CatSortUniq, ada, nil))
			require.Equal(t, same, r.at(ref), "what is there is not pushed again")
			require.NoError(t, m.AddNotes(t.Context(), ref, nil, nil, ada, nil))
			require.Equal(t, same, r.at(ref))
		})
	}
}

// Somebody else's notes arrive between the look and the push.
func TestNotesAreAddedAgainWhenOvertaken(t *testing.T) {
	t.Parallel()
	r := newMemoryRepo(t, 3)
	m, other := r.mirror(t), r.mirror(t)
	ctx, main := t.Context(), r.at("main")
	overtakings := 0
	r.Fail(func(op string) error {
		if op == git.OpPush && overtakings < 2 {
			overtakings++
			note := map[git.Hash][]byte{main: fmt.Appendf(nil, "other %d\n", overtakings), hashed(overtakings): []byte("theirs\n")}
			return other.AddNotes(ctx, assayNotes, note, git.CatSortUniq, bob, nil)
		}
		return nil
	})
	// The other's pushes are asked about as well, and overtaken in their turn.
	require.NoError(t, m.AddNotes(ctx, assayNotes, map[git.Hash][]byte{main: []byte("ours\n")}, git.CatSortUniq, ada, nil))
	notes, err := r.mirror(t).Notes(ctx, assayNotes)
	require.NoError(t, err)
	got, err := notes.Get(ctx, main)
	require.NoError(t, err)
	require.Equal(t, "other 1\nother 2\nours\n", string(got))
	all, err := notes.All(ctx)
	require.NoError(t, err)
	require.Len(t, all, 3)

	r.Fail(func(op string) error {
		if op == git.OpPush {
			return git.ErrStale
		}
		return nil
	})
	err = m.AddNotes(ctx, assayNotes, map[git.Hash][]byte{main: []byte("late\n")}, nil, ada, nil)
	require.ErrorIs(t, err, git.ErrStale)
	require.ErrorContains(t, err, assayNotes)
}

// Each of several who add notes at the same time finds its own there in the end.
func TestNotesOfMany(t *testing.T) {
	onBoth(t, 3, func(t *testing.T, r far) {
		main := r.at("main")
		var done sync.WaitGroup
		for i := range 3 {
			m := r.mirror(t)
			done.Go(func() {
				for j := range 3 {
					line := fmt.Appendf(nil, "%d of %d\n", j, i)
					if err := m.AddNotes(t.Context(), assayNotes, map[git.Hash][]byte{main: line}, git.CatSortUniq, ada, nil); err != nil {
						t.Errorf("note %s: %v", line, err)
					}
				}
			})
		}
		done.Wait()
		notes, err := r.mirror(t).Notes(t.Context(), assayNotes)
		require.NoError(t, err)
		got, err := notes.Get(t.Context(), main)
		require.NoError(t, err)
		require.Equal(t, 9, strings.Count(string(got), "\n"), string(got))
	})
}

func TestNotesThatAreRefused(t *testing.T) {
	t.Parallel()
	r := newMemoryRepo(t, 1)
	m, ctx, main := r.mirror(t), t.Context(), r.at("main")
	add := func(ref, note string, merge func(a, b []byte) []byte) error {
		return m.AddNotes(ctx, ref, map[git.Hash][]byte{main: []byte(note)}, merge, ada, nil)
	}
	full := strings.Repeat("x", 64<<10)
	require.NoError(t, add(assayNotes, full, nil))
	require.ErrorContains(t, add(assayNotes, full+"x", nil), "65537 bytes, over the limit of 65536")
	require.ErrorContains(t, add(assayNotes, "more", git.CatSortUniq), "over the limit")
	require.ErrorContains(t, add(assayNotes, "", nil), "it is empty")
	for _, ref := range []string{"assay", "refs/heads/main", "refs/notes/", "refs/notes/a b"} {
		require.ErrorContains(t, add(ref, "x", nil), "no reference of notes", ref)
		_, err := m.Notes(ctx, ref)
		require.ErrorContains(t, err, "no reference of notes", ref)
	}
	require.Len(t, r.Refs(), 2)
}

func TestSignedNotes(t *testing.T) {
	t.Parallel()
	r := newMemoryRepo(t, 1)
	signer, err := git.NewSSHSigner(sshKey(t), nil)
	require.NoError(t, err)
	require.NoError(t, r.mirror(t).AddNotes(t.Context(), assayNotes, map[git.Hash][]byte{r.at("main"): []byte("x\n")}, nil, ada, signer))
	commit, err := r.Repository().Commit(t.Context(), r.Refs()[assayNotes])
	require.NoError(t, err)
	require.Contains(t, commit.Armor, "BEGIN SSH SIGNATURE")
}
