package git_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
)

// permissions are the ways in which servers give out commits by name.
var permissions = map[string][]string{
	"nothing by name": {"config", "uploadpack.allowAnySHA1InWant", "false"},
	"reachable":       {"config", "uploadpack.allowReachableSHA1InWant", "true"},
	"anything":        {"config", "uploadpack.allowAnySHA1InWant", "true"},
}

func TestFetchExactCommit(t *testing.T) {
	t.Parallel()
	for name, permission := range permissions {
		t.Run(name, func(t *testing.T) {
			r := newRemoteRepo(t, 900)
			r.git(permission...)
			m := open(t, r.serve(), git.Auth{}, git.WithDepth(10))
			refreshed(t, m)
			old := r.at("main~800")
			_, err := m.Repository().Commit(t.Context(), old)
			require.ErrorIs(t, err, git.ErrNotFound)

			require.NoError(t, m.Fetch(t.Context(), old, r.at("main~2")))
			commit, err := m.Repository().Commit(t.Context(), old)
			require.NoError(t, err)
			files, err := m.Repository().Entries(t.Context(), commit.Tree)
			require.NoError(t, err)
			require.NotEmpty(t, files)
		})
	}
}

func TestFetchUnknownCommit(t *testing.T) {
	t.Parallel()
	for name, permission := range permissions {
		t.Run(name, func(t *testing.T) {
			r := newRemoteRepo(t, 30)
			r.git(permission...)
			m := open(t, r.serve(), git.Auth{}, git.WithDepth(10))
			refreshed(t, m)
			nowhere := git.Hash{1, 2, 3}
			err := m.Fetch(t.Context(), nowhere)
			require.ErrorIs(t, err, git.ErrNoCommit)
			require.ErrorContains(t, err, nowhere.String())
		})
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	for name, permission := range permissions {
		t.Run(name, func(t *testing.T) {
			r := newRemoteRepo(t, 700)
			r.git(permission...)
			m := open(t, r.serve(), git.Auth{}, git.WithDepth(10))
			refreshed(t, m)
			from, to := r.at("main~600"), r.at("main~20")
			require.NoError(t, m.History(t.Context(), "main", from, to))
			commits, err := git.FirstParents(t.Context(), m.Repository(), from, to)
			require.NoError(t, err)
			require.Len(t, commits, 580)
			require.NoError(t, m.History(t.Context(), "main", to, to))
		})
	}
}

// The history of a plain path is cut and deepened like that of a server.
func TestHistoryOfAPath(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 700)
	m := open(t, r.dir, git.Auth{}, git.WithDepth(10))
	head := refreshed(t, m)
	_, err := git.FirstParents(t.Context(), m.Repository(), r.at("main~600"), head)
	require.ErrorIs(t, err, git.ErrNotFound)
	require.NoError(t, m.History(t.Context(), "main", r.at("main~600"), head))
	commits, err := git.FirstParents(t.Context(), m.Repository(), r.at("main~600"), head)
	require.NoError(t, err)
	require.Len(t, commits, 600)
	remoteRepo{t, m.Dir()}.git("fsck", "--full")
}

func TestForcedPush(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 200)
	m := open(t, r.serve(), git.Auth{}, git.WithDepth(10))
	before := refreshed(t, m)
	r.git("update-ref", "refs/heads/main", "main~30")
	r.fill("main", 300, 302)

	head, moved, err := m.Refresh(t.Context(), "main")
	require.NoError(t, err)
	require.True(t, moved)
	_, err = m.Repository().Commit(t.Context(), before)
	require.NoError(t, err, "the old head stays readable")
	require.ErrorIs(t, m.History(t.Context(), "main", before, head), git.ErrNotAncestor)
	require.NoError(t, m.History(t.Context(), "main", r.at("main~2"), head))
}

// A mirror survives what the git program does to tidy up.
func TestGitKeepsWhatWasFetched(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 100)
	r.git("config", "uploadpack.allowAnySHA1InWant", "true")
	m := open(t, r.serve(), git.Auth{}, git.WithDepth(5))
	before := refreshed(t, m)
	exact := r.at("main~60")
	require.NoError(t, m.Fetch(t.Context(), exact))
	r.git("update-ref", "refs/heads/main", "main~30")
	head := refreshed(t, m)

	mirror := remoteRepo{t, m.Dir()}
	mirror.git("fsck", "--full")
	mirror.git("gc", "--prune=now", "--quiet")
	for _, h := range []git.Hash{before, exact, head} {
		require.Equal(t, "commit", mirror.git("cat-file", "-t", h.String()))
		_, err := m.Repository().Commit(t.Context(), h)
		require.NoError(t, err)
	}
}

func TestReadersDuringFetches(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 50)
	m := open(t, r.serve(), git.Auth{}, git.WithDepth(5))
	head := refreshed(t, m)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				commit, err := m.Repository().Commit(t.Context(), head)
				if err == nil {
					_, err = m.Repository().Entries(t.Context(), commit.Tree)
				}
				if err != nil {
					t.Errorf("reading %s: %v", head, err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	var writers sync.WaitGroup
	for i := range 10 {
		r.fill("main", 50+i, 51+i)
		for range 3 {
			writers.Go(func() {
				_, _, err := m.Refresh(t.Context(), "main")
				if err != nil {
					t.Errorf("refreshing: %v", err)
				}
			})
		}
	}
	writers.Wait()
	close(done)
	readers.Wait()
	require.Equal(t, r.at("main"), refreshed(t, m))
}

// However often a mirror fetches, its packs do not become too many to search.
func TestPacksStayFew(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 10)
	m := open(t, r.dir, git.Auth{})
	head := refreshed(t, m)
	for i := range 50 {
		r.fill("main", 10+i, 11+i)
		refreshed(t, m)
	}
	packs, err := filepath.Glob(filepath.Join(m.Dir(), "objects", "pack", "*.pack"))
	require.NoError(t, err)
	require.LessOrEqual(t, len(packs), 41)
	commits, err := git.FirstParents(t.Context(), m.Repository(), head, r.at("main"))
	require.NoError(t, err)
	require.Len(t, commits, 50)
	remoteRepo{t, m.Dir()}.git("fsck", "--full")
}

// Of a long history only what is asked for is fetched.
func TestLongHistory(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 50_000)
	m := open(t, r.serve(), git.Auth{})
	head := refreshed(t, m)
	_, err := m.Repository().Commit(t.Context(), r.at("main~60"))
	require.ErrorIs(t, err, git.ErrNotFound)
	from := r.at("main~2000")
	require.NoError(t, m.History(t.Context(), "main", from, head))
	commits, err := git.FirstParents(t.Context(), m.Repository(), from, head)
	require.NoError(t, err)
	require.Len(t, commits, 2000)
	_, err = m.Repository().Commit(t.Context(), r.at("main~40000"))
	require.ErrorIs(t, err, git.ErrNotFound)
}
