package git_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
)

// glob returns the only file of a mirror that fits a pattern.
func glob(t testing.TB, m *git.Mirror, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(m.Dir(), pattern))
	require.NoError(t, err)
	require.Len(t, files, 1, pattern)
	return files[0]
}

// rewrite replaces a file that may be read-only.
func rewrite(t testing.TB, path, content string) {
	t.Helper()
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
}

func TestDamagedMirrorIsRebuilt(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 30)
	for name, damage := range map[string]func(t *testing.T, m *git.Mirror){
		"truncated pack": func(t *testing.T, m *git.Mirror) {
			pack := glob(t, m, "objects/pack/*.pack")
			content, err := os.ReadFile(pack)
			require.NoError(t, err)
			rewrite(t, pack, string(content[:len(content)/2]))
		},
		"empty index":     func(t *testing.T, m *git.Mirror) { rewrite(t, glob(t, m, "objects/pack/*.idx"), "") },
		"no pack":         func(t *testing.T, m *git.Mirror) { require.NoError(t, os.Remove(glob(t, m, "objects/pack/*.pack"))) },
		"no index":        func(t *testing.T, m *git.Mirror) { require.NoError(t, os.Remove(glob(t, m, "objects/pack/*.idx"))) },
		"garbage HEAD":    func(t *testing.T, m *git.Mirror) { rewrite(t, glob(t, m, "HEAD"), "\x00\x00") },
		"no HEAD":         func(t *testing.T, m *git.Mirror) { require.NoError(t, os.Remove(glob(t, m, "HEAD"))) },
		"garbage ref":     func(t *testing.T, m *git.Mirror) { rewrite(t, glob(t, m, "refs/heads/main"), "0123") },
		"ref to nothing":  func(t *testing.T, m *git.Mirror) { rewrite(t, glob(t, m, "refs/heads/main"), git.Hash{7}.String()) },
		"garbage config":  func(t *testing.T, m *git.Mirror) { rewrite(t, glob(t, m, "config"), "[[[") },
		"garbage shallow": func(t *testing.T, m *git.Mirror) { rewrite(t, glob(t, m, "shallow"), "zzz") },
		"only the lock": func(t *testing.T, m *git.Mirror) {
			for _, name := range []string{"objects", "refs", "HEAD", "config", "assay-mirror.url"} {
				require.NoError(t, os.RemoveAll(filepath.Join(m.Dir(), name)))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := open(t, r.dir, git.Auth{}, git.WithDepth(10))
			head := refreshed(t, m)
			damage(t, m)
			again, err := git.OpenMirror(m.Dir(), r.dir, git.Auth{})
			require.NoError(t, err)
			fetched, moved, err := again.Refresh(t.Context(), "main")
			require.NoError(t, err)
			require.True(t, moved, "fetched anew")
			require.Equal(t, head, fetched)
			remoteRepo{t, again.Dir()}.git("fsck", "--full")
		})
	}
}

func TestMirrorIsKeptAndTidied(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 30)
	m := open(t, r.dir, git.Auth{})
	head := refreshed(t, m)
	leftovers := []string{"objects/pack/tmp_pack_1", "objects/pack/tmp_idx_1", "objects/pack/pack-1.pack", "refs/heads/main.lock", "HEAD.lock", "packed-refs.lock", "shallow.lock"}
	for _, name := range leftovers {
		require.NoError(t, os.WriteFile(filepath.Join(m.Dir(), name), []byte("half"), 0o644))
	}
	again, err := git.OpenMirror(m.Dir(), "file://"+r.dir, git.Auth{})
	require.NoError(t, err)
	for _, name := range leftovers {
		require.NoFileExists(t, filepath.Join(m.Dir(), name))
	}
	same, moved, err := again.Refresh(t.Context(), "main")
	require.NoError(t, err)
	require.False(t, moved)
	require.Equal(t, head, same)
}

func TestMirrorOfAnotherRepositoryIsEmptied(t *testing.T) {
	t.Parallel()
	first, second := newRemoteRepo(t, 3), newRemoteRepo(t, 5)
	m := open(t, first.dir, git.Auth{})
	head := refreshed(t, m)
	again, err := git.OpenMirror(m.Dir(), second.dir, git.Auth{})
	require.NoError(t, err)
	require.Equal(t, second.at("main"), refreshed(t, again))
	require.NotEqual(t, head, second.at("main"))
}

func TestForeignFolderIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	precious := filepath.Join(dir, "thesis.txt")
	require.NoError(t, os.WriteFile(precious, []byte("x"), 0o644))
	_, err := git.OpenMirror(dir, newRemoteRepo(t, 1).dir, git.Auth{})
	require.ErrorContains(t, err, "something else than a mirror")
	require.FileExists(t, precious)
}

// The variables that tell a copy of this test which mirror to fetch into, until
// it is killed.
const (
	killDir = "ASSAY_TEST_KILL_DIR"
	killURL = "ASSAY_TEST_KILL_URL"
)

func TestKilledFetch(t *testing.T) {
	if dir := os.Getenv(killDir); dir != "" {
		m, err := git.OpenMirror(dir, os.Getenv(killURL), git.Auth{})
		require.NoError(t, err)
		m.Refresh(t.Context(), "main")
		t.Fatal("the fetch ended before it was killed")
	}
	t.Parallel()
	r := newRemoteRepo(t, 200)
	half := make(chan struct{})
	url := r.serve(cutAfter(2000, func(ctx context.Context) { close(half); <-ctx.Done() }))
	dir := t.TempDir()
	victim := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledFetch$")
	victim.Env = append(os.Environ(), killDir+"="+dir, killURL+"="+url)
	require.NoError(t, victim.Start())
	<-half
	require.Eventually(t, func() bool {
		packs, err := filepath.Glob(filepath.Join(dir, "objects/pack/tmp_pack_*"))
		return err == nil && len(packs) == 1
	}, waitFor, tick)
	require.NoError(t, victim.Process.Kill())
	require.Error(t, victim.Wait())

	m, err := git.OpenMirror(dir, url, git.Auth{})
	require.NoError(t, err)
	require.Equal(t, r.at("main"), refreshed(t, m))
	packs, err := filepath.Glob(filepath.Join(dir, "objects/pack/tmp_*"))
	require.NoError(t, err)
	require.Empty(t, packs)
}

// What a Scratch stores in a mirror is not taken for what a dead writer left.
func TestFlushWhileTheMirrorIsOpened(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 10)
	m := open(t, r.dir, git.Auth{})
	refreshed(t, m)
	var writers sync.WaitGroup
	blobs := make([]git.Hash, 20)
	for i := range blobs {
		writers.Go(func() {
			s := m.Repository().Scratch()
			blobs[i] = s.WriteBlob([]byte{byte(i)})
			if err := s.Flush(t.Context()); err != nil {
				t.Errorf("storing blob %d: %v", i, err)
			}
		})
		writers.Go(func() {
			if _, err := git.OpenMirror(m.Dir(), r.dir, git.Auth{}); err != nil {
				t.Errorf("opening the mirror: %v", err)
			}
		})
	}
	writers.Wait()
	for _, blob := range blobs {
		_, err := m.Repository().Blob(t.Context(), blob)
		require.NoError(t, err)
	}
}

// Two mirrors in one folder, as two processes have them, take turns.
func TestWritersOfOneFolder(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 100)
	first := open(t, r.dir, git.Auth{}, git.WithDepth(5))
	second, err := git.OpenMirror(first.Dir(), r.dir, git.Auth{}, git.WithDepth(5))
	require.NoError(t, err)
	var writers sync.WaitGroup
	for i := range 5 {
		r.fill("main", 100+i, 101+i)
		for _, m := range []*git.Mirror{first, second} {
			writers.Go(func() {
				if _, _, err := m.Refresh(t.Context(), "main"); err != nil {
					t.Errorf("refreshing: %v", err)
				}
			})
		}
	}
	writers.Wait()
	head := refreshed(t, first)
	require.Equal(t, r.at("main"), head)
	_, err = second.Repository().Commit(t.Context(), head)
	require.NoError(t, err)
}
