package fetch_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/sync/fetch"
)

const url = "https://git.example.com/shop.git"

// repository has one commit on main.
func repository(t *testing.T) (*git.Memory, git.Hash) {
	memory := git.NewMemory()
	scratch := memory.Repository().Scratch()
	tree, err := scratch.WriteTree(nil)
	require.NoError(t, err)
	ada := git.Signature{Name: "Ada", Email: "ada@example.com"}
	commit, err := scratch.WriteCommit(git.NewCommit{Tree: tree, Author: ada, Committer: ada, Message: "One\n"})
	require.NoError(t, err)
	require.NoError(t, scratch.Flush(t.Context()))
	require.NoError(t, memory.Update(t.Context(), git.RefUpdate{Ref: "refs/heads/main", New: commit}))
	return memory, commit
}

func TestWhoWantsACommitHearsOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mirrors := git.NewMirrors(t.TempDir(), func(string) git.Auth { return git.Auth{} }, clock.RealClock{})
		memory, commit := repository(t)
		mirrors.Serve(url, memory)
		mirror, err := mirrors.Mirror(url)
		require.NoError(t, err)
		told := make(chan string, 10)
		q := fetch.New(func(who string) { told <- who })
		missing, err := git.ParseHash("0123456789012345678901234567890123456789")
		require.NoError(t, err)
		ask := func(h git.Hash, who string) error {
			_, err := q.Commit(t.Context(), mirror, url, h, who)
			return err
		}

		require.ErrorIs(t, ask(commit, "early"), fetch.ErrUnderway, "nothing is fetched before it runs")
		require.ErrorIs(t, ask(commit, "too"), fetch.ErrUnderway)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			q.Run(ctx)
		}()
		require.Equal(t, []string{"early", "too"}, []string{<-told, <-told})
		require.NoError(t, ask(commit, "early"))

		require.ErrorIs(t, ask(missing, "late"), fetch.ErrUnderway)
		require.Equal(t, "late", <-told)
		require.ErrorContains(t, ask(missing, "late"), "fetch 01234567")
		require.ErrorIs(t, ask(missing, "late"), fetch.ErrUnderway, "the next time it is tried again")
		<-told
		cancel()
		<-ended
	})
}
