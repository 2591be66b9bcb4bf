package git_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
)

// References that `git pack-refs` has moved to one file are read, moved and
// deleted like others, with the tags and what they peel to left alone.
func TestPackedReferences(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 10)
	r.git("branch", "side", "main~3")
	r.git("tag", "-a", "-m", "tag", "v1", "main~5")
	r.git("pack-refs", "--all")
	m := open(t, r.dir, git.Auth{})
	side := r.at("side")

	refs, err := m.Refs(t.Context(), "refs/")
	require.NoError(t, err)
	require.Equal(t, map[string]git.Hash{
		"refs/heads/main": r.at("main"), "refs/heads/side": side, "refs/tags/v1": r.at("v1"), "refs/tags/v1^{}": r.at("main~5"),
	}, refs)
	head := refreshed(t, m)
	require.NoError(t, m.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/side", Old: side, New: head}))
	require.Equal(t, head, r.at("side"))
	require.NoError(t, m.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/side", Old: head}))
	require.NotContains(t, r.git("for-each-ref"), "side")
	require.Equal(t, r.at("main~5"), r.at("v1^{commit}"))
}

func TestReferenceNames(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 2)
	for transport, url := range map[string]string{"path": r.dir, "http": r.serve()} {
		t.Run(transport, func(t *testing.T) {
			m := open(t, url, git.Auth{})
			head := refreshed(t, m)
			for _, name := range []string{
				"refs/heads/../../config", "refs/heads/a..b", "HEAD", "/etc/passwd", "refs/heads/a.lock", "refs/heads/main/below", "",
				"refs/heads/a b", "refs/heads/a\nb", "refs/heads/a\x00delete-refs",
			} {
				require.Error(t, m.Push(t.Context(), git.RefUpdate{Ref: name, New: head}), name)
			}
			require.NoFileExists(t, filepath.Join(r.dir, "HEAD.lock"))
			_, _, err := m.Refresh(t.Context(), "../../config")
			require.ErrorIs(t, err, git.ErrNoBranch)
		})
	}
}

// A reference that a git program is changing is not changed at the same time.
func TestLockedReference(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 3)
	m := open(t, r.dir, git.Auth{})
	head := refreshed(t, m)
	lock := filepath.Join(r.dir, "refs", "heads", "main.lock")
	require.NoError(t, os.WriteFile(lock, nil, 0o644))
	update := git.RefUpdate{Ref: "refs/heads/main", Old: head, New: r.at("main~1")}
	require.ErrorContains(t, m.Push(t.Context(), update), "somebody else is changing it")
	require.NoError(t, os.Remove(lock))
	require.NoError(t, m.Push(t.Context(), update))
}

// A lock that a killed push of ours left behind is known as such; whatever is left
// of it is gone after the next one.
func TestLockLeftByAKilledPush(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 3)
	m := open(t, r.dir, git.Auth{})
	head := refreshed(t, m)
	own := filepath.Join(r.dir, "assay-lock-killed")
	require.NoError(t, os.WriteFile(own, nil, 0o644))
	require.NoError(t, os.Link(own, filepath.Join(r.dir, "refs", "heads", "main.lock")))
	first := git.RefUpdate{Ref: "refs/heads/main", Old: head, New: r.at("main~1")}
	second := git.RefUpdate{Ref: "refs/heads/main", Old: first.New, New: head}
	require.NoError(t, m.Push(t.Context(), first))
	require.NoError(t, m.Push(t.Context(), second))
	left, err := filepath.Glob(filepath.Join(r.dir, "assay-lock-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// Many who push at the same time take turns or are refused; nobody's lock is taken
// for left behind while they hold it.
func TestPushesAtTheSameTime(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 3)
	head, before := r.at("main"), r.at("main~1")
	var done sync.WaitGroup
	for range 8 {
		m := open(t, r.dir, git.Auth{})
		refreshed(t, m)
		done.Go(func() {
			for range 20 {
				_ = m.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/main", Old: head, New: before})
				_ = m.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/main", Old: before, New: head})
			}
		})
	}
	done.Wait()
	require.Contains(t, []git.Hash{head, before}, r.at("main"))
	left, err := filepath.Glob(filepath.Join(r.dir, "refs", "heads", "*.lock"))
	require.NoError(t, err)
	require.Empty(t, left)
}
