package tracktest

import (
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
)

// Commit is one of the config repository, on top of the one before.
type Commit struct {
	Name string
	// Refs that are at it.
	Refs []string
	// Files are what it changes, by path. Texts may name commits before it; an empty one deletes the file.
	Files map[string]string
}

// repository makes the config repository, and names its commits.
func (w *World) repository(history []Commit) *git.Memory {
	memory := git.NewMemory()
	scratch := memory.Repository().Scratch()
	var tree git.Hash
	var parents []git.Hash
	var refs []git.RefUpdate
	author := git.Signature{Name: "Ada", Email: "ada@example.com", When: time.Unix(1700000000, 0).UTC()}
	for _, change := range history {
		edits := map[string]git.Entry{}
		for name, text := range change.Files {
			edits[name] = git.Entry{}
			if text != "" {
				edits[name] = git.Entry{Mode: filemode.Regular, Hash: scratch.WriteBlob([]byte(w.Filled(text)))}
			}
		}
		var err error
		tree, err = scratch.EditTree(w.T.Context(), tree, edits)
		require.NoError(w.T, err)
		commit, err := scratch.WriteCommit(git.NewCommit{Tree: tree, Parents: parents, Author: author, Committer: author, Message: change.Name + "\n"})
		require.NoError(w.T, err)
		parents = []git.Hash{commit}
		for _, ref := range change.Refs {
			refs = append(refs, git.RefUpdate{Ref: ref, New: commit})
		}
		w.Commits[change.Name], w.Names[commit.String()] = commit.String(), change.Name
	}
	require.NoError(w.T, scratch.Flush(w.T.Context()))
	require.NoError(w.T, memory.Update(w.T.Context(), refs...))
	return memory
}

// Hold keeps whatever is fetched from arriving until the test calls arrive.
func (w *World) Hold() (arrive func()) {
	arrived, ctx := make(chan struct{}), w.T.Context()
	w.Config.Fail(func(string) error {
		select {
		case <-arrived:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	return func() { close(arrived) }
}

// Filled puts the ids of commits in place of their names.
func (w *World) Filled(text string) string {
	for name, id := range w.Commits {
		text = strings.ReplaceAll(text, "{{"+name+"}}", id)
	}
	return text
}
