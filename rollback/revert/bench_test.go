package revert_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/revert"
	"github.com/assay-dev/assay/sources/git"
)

// BenchmarkRevert takes the recorded reverts in turn: here; with Git's plumbing (merge-tree and commit-tree on parents
// made beforehand, which leaves out part of its work); and as people do it, with a clone and git revert. What memory one
// takes, BenchmarkRevertCommand of cmd/assay measures in processes of their own.
func BenchmarkRevert(b *testing.B) {
	dir, rows := konflux(b)
	b.Run("assay", func(b *testing.B) {
		repo, err := git.Open(dir)
		require.NoError(b, err)
		defer repo.Close()
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			r := rows[i%len(rows)]
			_, err := revert.Revert(b.Context(), repo.Scratch(), hash(r.Onto), []git.Hash{hash(r.Culprit)}, options())
			require.NoError(b, err)
		}
	})
	b.Run("plumbing", func(b *testing.B) {
		type sides struct{ onto, ours, theirs string }
		var prepared []sides
		for _, r := range rows {
			ours, theirs := asMerge(b, dir, r.Onto, r.Culprit)
			prepared = append(prepared, sides{r.Onto, ours, theirs})
		}
		for i := 0; b.Loop(); i++ {
			s := prepared[i%len(prepared)]
			out, _, err := tryGit("", "-C", dir, "merge-tree", "--write-tree", "--no-messages", s.ours, s.theirs)
			if err != nil {
				continue // one of the few that conflict
			}
			gitCommand(b, "revert\n", "-C", dir, "commit-tree", "-p", s.onto, strings.TrimSpace(out))
		}
	})
	b.Run("clone", func(b *testing.B) {
		at := b.TempDir()
		for i := 0; b.Loop(); i++ {
			r, clone := rows[i%len(rows)], filepath.Join(at, fmt.Sprint(i))
			gitCommand(b, "", "clone", "-q", "--no-checkout", "file://"+dir, clone)
			gitCommand(b, "", "-C", clone, "checkout", "-q", "--detach", r.Onto)
			tryGit("", "-C", clone, "revert", "--no-edit", r.Culprit) // a few conflict
			b.StopTimer()
			require.NoError(b, os.RemoveAll(clone))
			b.StartTimer()
		}
	})
}
