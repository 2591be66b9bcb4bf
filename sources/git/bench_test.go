package git_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/assay-dev/assay/sources/git"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/stretchr/testify/require"
)

func realRepo(b *testing.B) (r localRepo, head git.Hash) {
	r = sharedRepo(b, "konflux-config.bundle")
	return r, r.hash("main")
}

func BenchmarkOpen(b *testing.B) {
	r, _ := realRepo(b)
	b.ReportAllocs()
	for b.Loop() {
		_, err := git.Open(r.dir)
		require.NoError(b, err)
	}
}

// BenchmarkWalk lists 1,000 commits: cold, where each is read from disk, and warm.
func BenchmarkWalk(b *testing.B) {
	r, head := realRepo(b)
	from := r.hash("main~1000")
	walk := func(b *testing.B, repo *git.Repository) {
		path, err := git.FirstParents(b.Context(), repo, from, head)
		require.NoError(b, err)
		require.Len(b, path, 1000)
	}
	b.Run("cold", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			repo, err := git.Open(r.dir)
			require.NoError(b, err)
			walk(b, repo)
			require.NoError(b, repo.Close())
		}
	})
	b.Run("warm", func(b *testing.B) {
		repo := localRepo{b, r.dir}.open()
		b.ReportAllocs()
		for b.Loop() {
			walk(b, repo)
		}
	})
}

// BenchmarkReadTree reads all 3,888 files of a real repository.
func BenchmarkReadTree(b *testing.B) {
	r, head := realRepo(b)
	b.Run("cold", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			repo, err := git.Open(r.dir)
			require.NoError(b, err)
			files, size, err := readAll(git.FS(b.Context(), repo, treeOf(b, repo, head)))
			require.NoError(b, err)
			require.Equal(b, 3888, files)
			b.SetBytes(int64(size))
			require.NoError(b, repo.Close())
		}
	})
	b.Run("warm, parallel", func(b *testing.B) {
		repo := localRepo{b, r.dir}.open()
		tree := treeOf(b, repo, head)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				files, _, err := readAll(git.FS(context.Background(), repo, tree))
				if err != nil || files != 3888 {
					b.Errorf("read %d files: %v", files, err)
				}
			}
		})
	})
}

func BenchmarkDiff(b *testing.B) {
	r, head := realRepo(b)
	repo := r.open()
	from, to := treeOf(b, repo, r.hash("main~100")), treeOf(b, repo, head)
	b.ReportAllocs()
	for b.Loop() {
		changes, err := git.Diff(b.Context(), repo, from, to)
		require.NoError(b, err)
		require.NotEmpty(b, changes)
	}
}

// BenchmarkPatchID identifies one commit after the other, of 200.
func BenchmarkPatchID(b *testing.B) {
	r, head := realRepo(b)
	repo := r.open()
	commits, err := git.FirstParents(b.Context(), repo, r.hash("main~200"), head)
	require.NoError(b, err)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_, err := git.PatchID(b.Context(), repo, commits[i%len(commits)].Hash)
		require.NoError(b, err)
	}
}

// BenchmarkCommit makes a commit that changes one file deep in a tree, without a
// working tree: in memory, and stored.
func BenchmarkCommit(b *testing.B) {
	r, head := realRepo(b)
	repo := r.open()
	tree := treeOf(b, repo, head)
	changes, err := git.Diff(b.Context(), repo, git.Hash{}, tree)
	require.NoError(b, err)
	path := changes[len(changes)/2].Path
	commit := func(b *testing.B, n int) *git.Scratch {
		s := repo.Scratch()
		blob := s.WriteBlob([]byte{byte(n), byte(n >> 8), byte(n >> 16), '\n'})
		edited, err := s.EditTree(b.Context(), tree, map[string]git.Entry{path: {Mode: filemode.Regular, Hash: blob}})
		require.NoError(b, err)
		_, err = s.WriteCommit(git.NewCommit{Tree: edited, Parents: []git.Hash{head}, Author: ada, Committer: bob, Message: "m\n"})
		require.NoError(b, err)
		return s
	}
	b.Run("memory", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			commit(b, i)
		}
	})
	b.Run("stored", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			require.NoError(b, commit(b, i).Flush(b.Context()))
		}
	})
}

// TestMemoryOfALargeRepository walks all of a real history and reads a whole tree
// with less memory than a small container has.
func TestMemoryOfALargeRepository(t *testing.T) {
	r := sharedRepo(t, "konflux-config.bundle")
	heap := func() uint64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before := heap()
	repo := r.open()
	_, err := git.FirstParents(t.Context(), repo, git.Hash{}, r.hash("main"))
	require.NoError(t, err)
	_, _, err = readAll(git.FS(t.Context(), repo, treeOf(t, repo, r.hash("main"))))
	require.NoError(t, err)
	require.Less(t, int64(heap())-int64(before), int64(48<<20))
	runtime.KeepAlive(repo)
}
