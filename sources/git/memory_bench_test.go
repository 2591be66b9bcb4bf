package git_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
)

// BenchmarkMemory is what the steps of a simulated incident cost.
func BenchmarkMemory(b *testing.B) {
	const commits = 100
	r := newMemoryRepo(b, commits)
	m := r.mirror(b)
	head, from := refreshed(b, m), r.at("main~20")
	ctx := b.Context()
	b.Run("refresh unchanged", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			refreshed(b, m)
		}
	})
	b.Run("history of 20 commits", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			require.NoError(b, m.History(ctx, "main", from, head))
		}
	})
	b.Run("first fetch of 100 commits", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			refreshed(b, r.mirror(b))
		}
	})
	b.Run("commit", func(b *testing.B) {
		next := commits
		b.ReportAllocs()
		for b.Loop() {
			r.fill("main", next, next+1)
			next++
		}
	})
	b.Run("refresh of a commit", func(b *testing.B) {
		next := commits
		refreshed(b, m)
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			r.fill("main", next, next+1)
			next++
			b.StartTimer()
			refreshed(b, m)
		}
	})
	b.Run("push of a commit", func(b *testing.B) {
		refreshed(b, m)
		n := 0
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			n++
			next := child(b, m, head, fmt.Sprint("reverted ", n))
			old := r.Refs()["refs/heads/pushed"]
			b.StartTimer()
			require.NoError(b, m.Push(ctx, git.RefUpdate{Ref: "refs/heads/pushed", Old: old, New: next}))
		}
	})
}

// BenchmarkNotes reads and writes one note among ever more.
func BenchmarkNotes(b *testing.B) {
	for _, count := range []int{10, 2000, 50_000} {
		s := git.NewMemory().Repository().Scratch()
		notes := map[git.Hash][]byte{}
		for i := range count {
			notes[hashed(i)] = []byte("verdict: Passed\n")
		}
		tree, err := s.WriteNotes(b.Context(), git.Hash{}, notes, nil)
		require.NoError(b, err)
		commit, err := s.WriteCommit(git.NewCommit{Tree: tree, Author: ada, Committer: ada})
		require.NoError(b, err)
		require.NoError(b, s.Flush(b.Context()))
		b.Run(fmt.Sprintf("read of %d", count), func(b *testing.B) {
			read, err := git.ReadNotes(b.Context(), s.Repository(), commit)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				_, err := read.Get(b.Context(), hashed(7))
				require.NoError(b, err)
			}
		})
		b.Run(fmt.Sprintf("write to %d", count), func(b *testing.B) {
			note := map[git.Hash][]byte{hashed(7): []byte("verdict: Failed\n")}
			b.ReportAllocs()
			for b.Loop() {
				_, err := s.Repository().Scratch().WriteNotes(b.Context(), tree, note, git.CatSortUniq)
				require.NoError(b, err)
			}
		})
	}
}
