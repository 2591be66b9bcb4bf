package git_test

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/assay-dev/assay/sources/git"
)

func TestMemoryNamesObjectsAsGitDoes(t *testing.T) {
	t.Parallel()
	require.Equal(t, newRemoteRepo(t, 45).at("main"), newMemoryRepo(t, 45).at("main"))
}

func TestFollowing(t *testing.T) {
	onBoth(t, 30, func(t *testing.T, r far) {
		ctx, m := t.Context(), r.mirror(t)
		first := refreshed(t, m)
		require.Equal(t, r.at("main"), first)
		again, moved, err := m.Refresh(ctx, "main")
		require.NoError(t, err)
		require.False(t, moved)
		require.Equal(t, first, again)

		r.fill("main", 30, 33)
		known, err := m.Repository().Resolve(ctx, "main")
		require.NoError(t, err)
		require.Equal(t, first, known, "nothing is known before it is fetched")
		_, err = m.Repository().Commit(ctx, r.at("main"))
		require.ErrorIs(t, err, git.ErrNotFound)

		next, moved, err := m.Refresh(ctx, "main")
		require.NoError(t, err)
		require.True(t, moved)
		require.NoError(t, m.History(ctx, "main", first, next))
		path, err := git.FirstParents(ctx, m.Repository(), first, next)
		require.NoError(t, err)
		require.Len(t, path, 3)
		data, err := git.FS(ctx, m.Repository(), path[2].Tree).ReadFile("apps/12/values.yaml")
		require.NoError(t, err)
		require.Equal(t, "32\n", string(data))
		for _, revision := range []string{"HEAD", "main", "refs/heads/main", next.String(), next.String()[:9]} {
			h, err := m.Repository().Resolve(ctx, revision)
			require.NoError(t, err, revision)
			require.Equal(t, next, h, revision)
		}

		require.ErrorIs(t, m.History(ctx, "main", next, first), git.ErrNotAncestor)
		require.ErrorIs(t, m.Fetch(ctx, git.Hash{1}), git.ErrNoCommit)
		_, _, err = m.Refresh(ctx, "nobody's")
		require.ErrorIs(t, err, git.ErrNoBranch)
		require.NotErrorIs(t, err, git.ErrEmpty)
	})
}

func TestForcedAndDeletedBranches(t *testing.T) {
	onBoth(t, 30, func(t *testing.T, r far) {
		ctx, m := t.Context(), r.mirror(t)
		before := refreshed(t, m)
		r.force("main", r.at("main~10"))
		r.fill("main", 50, 52)
		head, moved, err := m.Refresh(ctx, "main")
		require.NoError(t, err)
		require.True(t, moved)
		_, err = m.Repository().Commit(ctx, before)
		require.NoError(t, err, "the old head stays readable")
		require.ErrorIs(t, m.History(ctx, "main", before, head), git.ErrNotAncestor)
		require.NoError(t, r.mirror(t).Fetch(ctx, before), "the remote has it still")

		r.force("main", git.Hash{})
		_, _, err = m.Refresh(ctx, "main")
		require.ErrorIs(t, err, git.ErrNoBranch)
		require.ErrorIs(t, err, git.ErrEmpty)
		for _, branch := range []string{"release/1", "release", "release/2"} {
			r.force(branch, head)
			_, _, err = m.Refresh(ctx, branch)
			require.NoError(t, err)
			r.force(branch, git.Hash{})
		}
	})
}

func TestEmptyRemote(t *testing.T) {
	onBoth(t, 0, func(t *testing.T, r far) {
		m := r.mirror(t)
		_, _, err := m.Refresh(t.Context(), "main")
		require.ErrorIs(t, err, git.ErrEmpty)
		require.ErrorIs(t, err, git.ErrNoBranch)
		_, err = m.DefaultBranch(t.Context())
		require.ErrorIs(t, err, git.ErrEmpty)
		refs, err := m.Refs(t.Context(), "")
		require.NoError(t, err)
		require.Empty(t, refs)
	})
}

func TestPushes(t *testing.T) {
	onBoth(t, 20, func(t *testing.T, r far) {
		ctx, m := t.Context(), r.mirror(t)
		main := refreshed(t, m)
		first := child(t, m, main, "first")
		require.ErrorIs(t, r.mirror(t).Fetch(ctx, first), git.ErrNoCommit, "it is not pushed yet")
		const branch, second = "refs/heads/pushed", "refs/heads/second"

		require.NoError(t, m.Push(ctx, git.RefUpdate{Ref: branch, New: first}))
		require.Equal(t, first, r.at("pushed"))
		require.NoError(t, r.mirror(t).Fetch(ctx, first))
		var stale *git.StaleError
		require.ErrorAs(t, m.Push(ctx, git.RefUpdate{Ref: branch, New: main}), &stale)
		require.Equal(t, &git.StaleError{Ref: branch, Actual: first}, stale)

		next := child(t, m, first, "second")
		require.NoError(t, m.Push(ctx, git.RefUpdate{Ref: branch, Old: first, New: next}, git.RefUpdate{Ref: second, New: first}))
		err := m.Push(ctx, git.RefUpdate{Ref: second, Old: first, New: next}, git.RefUpdate{Ref: branch, Old: first, New: next})
		require.ErrorIs(t, err, git.ErrStale)
		require.Equal(t, first, r.at("second"), "one stale reference stops all")

		require.NoError(t, m.Push(ctx, git.RefUpdate{Ref: branch, Old: next}))
		refs, err := m.Refs(ctx, "refs/heads/")
		require.NoError(t, err)
		require.Equal(t, map[string]git.Hash{"refs/heads/main": main, second: first}, refs)
		require.ErrorIs(t, m.Push(ctx, git.RefUpdate{Ref: branch, New: git.Hash{1}}), git.ErrNotFound)
		for _, name := range []string{"refs/heads/main/below", "refs/heads/a..b", "HEAD", ""} {
			require.Error(t, m.Push(ctx, git.RefUpdate{Ref: name, New: first}), name)
		}
	})
}

func TestMemoryReferences(t *testing.T) {
	t.Parallel()
	r, ctx := newMemoryRepo(t, 3), t.Context()
	main, before := r.at("main"), r.at("main~1")
	seen := maps.Clone(r.Refs())
	shared := r.Refs()
	require.ErrorIs(t, r.Update(ctx, git.RefUpdate{Ref: "refs/heads/main", Old: before, New: main}), git.ErrStale)
	require.ErrorIs(t, r.Update(ctx, git.RefUpdate{Ref: "refs/heads/x", New: git.Hash{1}}), git.ErrNotFound)
	require.ErrorIs(t, r.Force(ctx, "refs/heads/x", git.Hash{1}), git.ErrNotFound)
	require.ErrorContains(t, r.Force(ctx, "refs/heads/main/x", main), "in the way")
	require.ErrorContains(t, r.Force(ctx, "refs/heads", main), "in the way")
	require.ErrorContains(t, r.Force(ctx, "main", main), "not valid")
	require.Error(t, r.SetDefaultBranch("a b"))
	require.NoError(t, r.Update(ctx, git.RefUpdate{Ref: "refs/heads/trunk", New: main}, git.RefUpdate{Ref: "refs/heads/main", Old: main, New: before}))
	require.Equal(t, seen, shared, "who looked at references sees no later ones")
	require.NoError(t, r.SetDefaultBranch("trunk"))
	branch, err := r.mirror(t).DefaultBranch(ctx)
	require.NoError(t, err)
	require.Equal(t, "trunk", branch)
	require.Equal(t, main, r.at("HEAD"))
	require.NoError(t, r.SetDefaultBranch("gone"))
	_, err = r.mirror(t).DefaultBranch(ctx)
	require.ErrorIs(t, err, git.ErrNoBranch)
	require.NoError(t, r.Repository().CreateBranch("made", main))
	require.ErrorIs(t, r.Repository().CreateBranch("made", main), git.ErrStale)
}

// What fails, fails before anything has happened, but for a lost answer.
func TestMemoryFaults(t *testing.T) {
	t.Parallel()
	r, ctx := newMemoryRepo(t, 5), t.Context()
	m := r.mirror(t)
	main := refreshed(t, m)
	next := child(t, m, main, "next")
	down := errors.New("the power is out")
	failing := map[string]bool{}
	var asked []string
	r.Fail(func(op string) error {
		asked = append(asked, op)
		if failing[op] {
			return down
		}
		return nil
	})
	update := git.RefUpdate{Ref: "refs/heads/main", Old: main, New: next}

	failing[git.OpFetch] = true
	_, _, err := m.Refresh(ctx, "main")
	require.ErrorIs(t, err, down)
	require.ErrorContains(t, err, "memory://remote")
	require.NoError(t, m.Fetch(ctx, main), "what is here needs no remote")
	require.ErrorIs(t, m.Fetch(ctx, git.Hash{1}), down)

	failing[git.OpPush] = true
	require.ErrorIs(t, m.Push(ctx, update), down)
	require.Equal(t, main, r.at("main"))

	delete(failing, git.OpPush)
	failing[git.OpPushed] = true
	require.ErrorIs(t, m.Push(ctx, update), down, "nor can it be looked for")
	require.Equal(t, next, r.at("main"))

	delete(failing, git.OpFetch)
	asked = nil
	require.NoError(t, m.Push(ctx, git.RefUpdate{Ref: "refs/heads/other", New: next}), "it is looked for and found")
	require.Equal(t, []string{git.OpPush, git.OpPushed, git.OpFetch}, asked)

	r.Fail(nil)
	require.Equal(t, next, refreshed(t, m))
}

// A server that a Memory stands in for may be known by any address.
func TestMirrorsOfMemory(t *testing.T) {
	t.Parallel()
	shop, tests := newMemoryRepo(t, 3), newMemoryRepo(t, 4)
	mirrors := git.NewMirrors(t.TempDir(), nil, clocktesting.NewFakeClock(time.Unix(0, 0)))
	mirrors.Serve("memory://shop", shop.Memory)
	mirrors.Serve("https://git.example.org/team/tests.git", tests.Memory)
	for url, want := range map[string]git.Hash{
		"memory://shop": shop.at("main"), "memory://shop/": shop.at("main"),
		"https://git.example.org/team/tests": tests.at("main"), "git@git.example.org:team/tests.git": tests.at("main"),
	} {
		head, err := mirrors.Head(t.Context(), url, "", time.Time{})
		require.NoError(t, err, url)
		require.Equal(t, want, head, url)
	}
	m, err := mirrors.Mirror("memory://shop")
	require.NoError(t, err)
	require.Equal(t, "memory://shop", m.String())
	_, err = git.OpenMirror(t.TempDir(), "memory://nobody", git.Auth{})
	require.ErrorContains(t, err, "no repository in memory goes by that name")
}

func TestMemoryIsSharedSafely(t *testing.T) {
	t.Parallel()
	r := newMemoryRepo(t, 10)
	var done sync.WaitGroup
	for i := range 4 {
		m := r.mirror(t)
		done.Go(func() {
			for j := range 20 {
				head, _, err := m.Refresh(t.Context(), "main")
				if err == nil {
					err = m.Push(t.Context(), git.RefUpdate{Ref: fmt.Sprintf("refs/heads/%d-%d", i, j), New: head})
				}
				if err != nil {
					t.Errorf("mirror %d: %v", i, err)
				}
			}
		})
	}
	r.fill("main", 10, 30)
	done.Wait()
	require.Len(t, r.Refs(), 81)
}
