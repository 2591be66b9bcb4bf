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
