package git_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assay-dev/assay/sources/git"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

func TestOpenWhereverTheObjectsAre(t *testing.T) {
	origin := newLocalRepo(t)
	head := origin.commit(map[string]string{"a.yaml": "a: 1\n"})
	beside := func(name string) localRepo { return localRepo{t, filepath.Join(t.TempDir(), name)} }

	worktree := beside("linked")
	origin.run(nil, "worktree", "add", "-q", "--detach", worktree.dir)
	bare := beside("bare.git")
	origin.run(nil, "clone", "-q", "--bare", origin.dir, bare.dir)
	borrower := beside("borrower")
	origin.run(nil, "clone", "-q", "--shared", origin.dir, borrower.dir)
	nested := beside("nested")
	origin.run(nil, "clone", "-q", "--shared", borrower.dir, nested.dir)
	relative := localRepo{t, filepath.Join(origin.dir, "relative")}
	origin.run(nil, "clone", "-q", "--shared", origin.dir, relative.dir)
	require.NoError(t, os.WriteFile(filepath.Join(relative.dir, ".git/objects/info/alternates"),
		[]byte("# borrowed\n../../../.git/objects\n"), 0o644))

	for name, r := range map[string]localRepo{
		"working tree": origin, "linked worktree": worktree, "bare": bare,
		"alternates": borrower, "alternates of alternates": nested, "relative alternates": relative,
	} {
		t.Run(name, func(t *testing.T) {
			repo := localRepo{t, r.dir}.open()
			got, err := repo.Resolve(t.Context(), "HEAD")
			require.NoError(t, err)
			require.Equal(t, head, got)
			data, err := git.FS(t.Context(), repo, treeOf(t, repo, got)).ReadFile("a.yaml")
			require.NoError(t, err)
			require.Equal(t, "a: 1\n", string(data))
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	_, err := git.Open(t.TempDir())
	require.ErrorContains(t, err, "is no Git repository")

	sha256 := newLocalRepo(t, "--object-format=sha256")
	_, err = git.Open(sha256.dir)
	require.ErrorContains(t, err, "only SHA-1 repositories are supported")

	reftable := newLocalRepo(t)
	reftable.run(nil, "config", "core.repositoryFormatVersion", "1")
	reftable.run(nil, "config", "extensions.refStorage", "reftable")
	_, err = git.Open(reftable.dir)
	require.ErrorContains(t, err, "only files are supported")

	lost := newLocalRepo(t)
	require.NoError(t, os.RemoveAll(filepath.Join(lost.dir, ".git")))
	require.NoError(t, os.WriteFile(filepath.Join(lost.dir, ".git"), []byte("nonsense\n"), 0o644))
	_, err = git.Open(lost.dir)
	require.ErrorContains(t, err, "does not say where the repository is")
}

func TestResolve(t *testing.T) {
	r := newLocalRepo(t)
	first := r.commit(map[string]string{"a": "1"})
	r.run(nil, "checkout", "-q", "-b", "team/side")
	r.commit(map[string]string{"b": "1"})
	r.run(nil, "checkout", "-q", "main")
	r.commit(map[string]string{"a": "2"})
	r.run(nil, "merge", "-q", "--no-ff", "-m", "merge", "team/side")
	r.run(nil, "tag", "light")
	r.run(nil, "tag", "-a", "-m", "annotated", "v1.0")
	r.run(nil, "tag", "-a", "-m", "of a tag", "v1", "v1.0")
	r.run(nil, "update-ref", "refs/remotes/origin/main", first.String())
	repo := r.open()
	for _, rev := range []string{
		"HEAD", "@", "main", "team/side", "heads/main", "refs/heads/main", "origin/main", "light", "v1.0", "v1",
		"HEAD~", "HEAD~2", "HEAD^", "HEAD^1", "HEAD^2", "HEAD^2~1", "HEAD^^", "main^0", "v1~1^{commit}",
		first.String(), strings.ToUpper(first.String()), first.String()[:7], first.String()[:4] + "~0",
	} {
		got, err := repo.Resolve(t.Context(), rev)
		require.NoError(t, err, rev)
		require.Equal(t, r.hash(rev+"^{commit}"), got, rev)
	}
	r.run(nil, "pack-refs", "--all")
	got, err := repo.Resolve(t.Context(), "team/side")
	require.NoError(t, err)
	require.Equal(t, r.hash("team/side"), got)

	for rev, reason := range map[string]string{
		"absent": "no such reference", "HEAD~9": "has 0 parents", "HEAD^3": "has 2 parents", "": "no such reference",
		"main:a": "no such reference", "HEAD^{tree}": "not understood", "../main": "no such reference",
		strings.Repeat("1", 40): "not found", "HEAD^{tree": "not understood",
		r.run(nil, "rev-parse", "HEAD:a"): "is a blob",
	} {
		_, err := repo.Resolve(t.Context(), rev)
		require.ErrorContains(t, err, reason, rev)
	}
}

func TestShallowIsNotTheFirstCommit(t *testing.T) {
	origin := newLocalRepo(t)
	first := origin.commit(map[string]string{"a": "1"})
	second := origin.commit(map[string]string{"a": "2"})
	third := origin.commit(map[string]string{"a": "3"})
	r := localRepo{t, filepath.Join(t.TempDir(), "shallow")}
	origin.run(nil, "clone", "-q", "--depth=2", "file://"+origin.dir, r.dir)
	repo := r.open()
	ctx := t.Context()

	path, err := git.FirstParents(ctx, repo, second, third)
	require.NoError(t, err)
	require.Len(t, path, 1)
	base, err := git.MergeBase(ctx, repo, second, third)
	require.NoError(t, err)
	require.Equal(t, second, base)

	_, err = git.FirstParents(ctx, repo, git.Hash{}, third)
	require.ErrorIs(t, err, git.ErrShallow)
	_, err = repo.Commit(ctx, first)
	require.ErrorIs(t, err, git.ErrShallow)
	require.ErrorIs(t, err, git.ErrNotFound)
	below, err := git.IsAncestor(ctx, repo, third, second)
	require.NoError(t, err, "history has no circles")
	require.False(t, below)
	orphan := toHash(t, r.run(nil, "commit-tree", "-m", "orphan", "HEAD^{tree}"))
	_, err = git.IsAncestor(ctx, repo, orphan, third)
	require.ErrorIs(t, err, git.ErrShallow, "what is beyond the edge could be anything")
	_, err = git.MergeBase(ctx, repo, orphan, third)
	require.ErrorIs(t, err, git.ErrShallow)
	_, err = git.PatchID(ctx, repo, second)
	require.ErrorIs(t, err, git.ErrShallow)
	_, err = repo.Resolve(ctx, "HEAD~2")
	require.ErrorIs(t, err, git.ErrShallow)
}

func TestReadersDuringRepack(t *testing.T) {
	r := newLocalRepo(t)
	repo := r.open()
	var commits []git.Hash
	for i := range 12 {
		commits = append(commits, r.commit(map[string]string{"a/b/c": strings.Repeat("line\n", 100*i)}))
	}
	var group errgroup.Group
	for range 4 {
		group.Go(func() error {
			for range 20 {
				// A fresh one has nothing in memory, so the disk is read.
				fresh, err := git.Open(r.dir)
				if err != nil {
					return err
				}
				for _, o := range []*git.Repository{repo, fresh} {
					for i, h := range commits {
						if err := readCommit(t.Context(), o, h, 500*i); err != nil {
							return err
						}
					}
				}
				if err := fresh.Close(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for range 5 {
		r.run(nil, "repack", "-q", "-a", "-d", "-f")
		commits := r.commit(map[string]string{"new": "pack"})
		require.NoError(t, readCommit(t.Context(), repo, commits, 500*11))
		r.run(nil, "prune-packed")
	}
	require.NoError(t, group.Wait())
}

func readCommit(ctx context.Context, o git.Objects, h git.Hash, size int) error {
	c, err := o.Commit(ctx, h)
	if err != nil {
		return err
	}
	info, err := git.FS(ctx, o, c.Tree).Stat("a/b/c")
	if err == nil && info.Size() != int64(size) {
		return os.ErrInvalid
	}
	return err
}

func TestMissingAndDamagedObjects(t *testing.T) {
	r := newLocalRepo(t)
	head := r.commit(map[string]string{"a": "some content"})
	blob := r.hash("HEAD:a")
	repo := r.open()
	_, err := repo.Blob(t.Context(), head)
	require.ErrorContains(t, err, "is a commit, not a blob")
	_, err = repo.Commit(t.Context(), git.EmptyTree)
	require.ErrorIs(t, err, git.ErrNotFound)
	require.NotErrorIs(t, err, git.ErrShallow)

	path := filepath.Join(r.dir, ".git/objects", blob.String()[:2], blob.String()[2:])
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(path, 0o644))
	require.NoError(t, os.WriteFile(path, data[:len(data)-6], 0o644))
	_, err = repo.Blob(t.Context(), blob)
	require.ErrorIs(t, err, git.ErrCorrupt)

	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = repo.Commit(canceled, head)
	require.ErrorIs(t, err, context.Canceled)
}
