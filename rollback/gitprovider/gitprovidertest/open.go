package gitprovidertest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

func findNothing(t *testing.T, w *world) {
	pr, err := w.Provider.Find(t.Context(), branch, "main")
	require.NoError(t, err)
	require.Nil(t, pr)
}

func open(t *testing.T, w *world) {
	pr, head := w.open(t)
	require.Equal(t, gitprovider.Open, pr.State)
	require.Equal(t, head, pr.Head)
	require.Equal(t, "main", pr.Base)
	require.Equal(t, request(branch).Title, pr.Title)
	require.Equal(t, request(branch).Body, pr.Body)
	require.NotZero(t, pr.Number)

	got, err := w.Provider.Get(t.Context(), pr.Number)
	require.NoError(t, err)
	require.Equal(t, pr, got)
	found, err := w.Provider.Find(t.Context(), branch, "main")
	require.NoError(t, err)
	require.Equal(t, pr, found)
}

func openTwice(t *testing.T, w *world) {
	first, head := w.open(t)
	again, err := w.Provider.Open(t.Context(), request(branch))
	require.NoError(t, err)
	require.Equal(t, first.Number, again.Number)

	moved := w.push(t, branch, head, head)
	later, err := w.Provider.Open(t.Context(), request(branch))
	require.NoError(t, err)
	require.Equal(t, first.Number, later.Number)
	require.Eventually(t, func() bool { // a server may take a moment to see a push
		pr, err := w.Provider.Get(t.Context(), first.Number)
		return err == nil && pr.Head == moved
	}, patience, tick)
}

func openSideBySide(t *testing.T, w *world) {
	w.push(t, branch, w.main, git.Hash{})
	var group sync.WaitGroup
	numbers := make([]int64, 4)
	for i := range numbers {
		group.Go(func() {
			pr, err := w.Provider.Open(t.Context(), request(branch))
			if err == nil {
				numbers[i] = pr.Number
			}
		})
	}
	group.Wait()
	again, err := w.Provider.Open(t.Context(), request(branch))
	require.NoError(t, err)
	for _, n := range numbers {
		require.Contains(t, []int64{0, again.Number}, n, "there is one pull request, whoever opened it")
	}
}

func openWithoutABranch(t *testing.T, w *world) {
	_, err := w.Provider.Open(t.Context(), request(branch))
	require.ErrorIs(t, err, gitprovider.ErrNotFound)
}

func listOpen(t *testing.T, w *world) {
	none, err := w.Provider.ListOpen(t.Context(), "main")
	require.NoError(t, err)
	require.Empty(t, none)

	require.NoError(t, w.Mirror.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/other", New: w.main}))
	w.several(t, 3)
	head := w.push(t, branch, w.main, git.Hash{})
	other := request(branch)
	other.Base = "other"
	elsewhere, err := w.Provider.Open(t.Context(), other)
	require.NoError(t, err)
	shut, err := w.Provider.Find(t.Context(), branches(3)[1], "main")
	require.NoError(t, err)
	require.NoError(t, w.Provider.Close(t.Context(), shut.Number))

	open, err := w.Provider.ListOpen(t.Context(), "main")
	require.NoError(t, err)
	require.Len(t, open, 2)
	for _, pr := range open {
		got, err := w.Provider.Get(t.Context(), pr.Number)
		require.NoError(t, err)
		require.Equal(t, *got, pr)
	}
	open, err = w.Provider.ListOpen(t.Context(), "other")
	require.NoError(t, err)
	require.Len(t, open, 1)
	require.Equal(t, elsewhere.Number, open[0].Number)
	require.Equal(t, head, open[0].Head)
}

// several opens pull requests into main, the oldest first, and returns their numbers.
func (w *world) several(t *testing.T, count int) (numbers []int64) {
	t.Helper()
	for _, branch := range branches(count) {
		w.push(t, branch, w.main, git.Hash{})
		pr, err := w.Provider.Open(t.Context(), request(branch))
		require.NoError(t, err)
		numbers = append(numbers, pr.Number)
	}
	return numbers
}

func branches(count int) (names []string) {
	for i := range count {
		names = append(names, fmt.Sprintf("assay/revert-%012d", i))
	}
	return names
}
