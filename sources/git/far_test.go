package git_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
)

// memoryRepo is to git.Memory what remoteRepo is to the git program: the same
// changes make the same commits.
type memoryRepo struct {
	t testing.TB
	*git.Memory
}

func newMemoryRepo(t testing.TB, commits int) memoryRepo {
	t.Helper()
	r := memoryRepo{t, git.NewMemory()}
	r.fill("main", 0, commits)
	return r
}

// fill makes the commits that remoteRepo.fill makes.
func (r memoryRepo) fill(branch string, from, to int) {
	r.t.Helper()
	ctx := context.Background()
	s := r.Repository().Scratch()
	var parents []git.Hash
	tree := git.Hash{}
	ref := "refs/heads/" + branch
	if from > 0 {
		parents = []git.Hash{r.Refs()[ref]}
		tree = treeOf(r.t, r.Repository(), parents[0])
	}
	for i := from; i < to; i++ {
		file := git.Entry{Mode: filemode.Regular, Hash: s.WriteBlob(fmt.Appendf(nil, "%d\n", i))}
		var err error
		tree, err = s.EditTree(ctx, tree, map[string]git.Entry{"count": file, fmt.Sprintf("apps/%d/values.yaml", i%20): file})
		require.NoError(r.t, err)
		who := git.Signature{Name: "a", Email: "a@example.org", When: time.Unix(1_700_000_000+60*int64(i), 0).UTC()}
		commit, err := s.WriteCommit(git.NewCommit{Tree: tree, Parents: parents, Author: who, Committer: who, Message: fmt.Sprintf("change %d", i)})
		require.NoError(r.t, err)
		parents = []git.Hash{commit}
	}
	require.NoError(r.t, s.Flush(ctx))
	if len(parents) > 0 {
		require.NoError(r.t, r.Force(ctx, ref, parents[0]))
	}
}

func (r memoryRepo) at(revision string) git.Hash {
	r.t.Helper()
	h, err := r.Repository().Resolve(context.Background(), revision)
	require.NoError(r.t, err)
	return h
}

func (r memoryRepo) force(branch string, to git.Hash) {
	r.t.Helper()
	require.NoError(r.t, r.Force(context.Background(), "refs/heads/"+branch, to))
}

func (r memoryRepo) mirror(t testing.TB) *git.Mirror {
	t.Helper()
	m, err := r.Memory.Mirror("memory://remote")
	require.NoError(t, err)
	return m
}

func (r remoteRepo) force(branch string, to git.Hash) {
	r.t.Helper()
	if to.IsZero() {
		r.git("branch", "-D", branch)
		return
	}
	r.git("update-ref", "refs/heads/"+branch, to.String())
}

func (r remoteRepo) mirror(t testing.TB) *git.Mirror { return open(t, r.dir, git.Auth{}) }

// far is a remote, and what people do to it.
type far interface {
	fill(branch string, from, to int)
	force(branch string, to git.Hash)
	at(revision string) git.Hash
	mirror(t testing.TB) *git.Mirror
}

// onBoth runs a test with a remote on disk and with one in memory.
func onBoth(t *testing.T, commits int, test func(t *testing.T, r far)) {
	t.Parallel()
	t.Run("disk", func(t *testing.T) { test(t, newRemoteRepo(t, commits)) })
	t.Run("memory", func(t *testing.T) { test(t, newMemoryRepo(t, commits)) })
}
