package revert_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/assay-dev/assay/rollback/revert"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/git/gittest"
)

// row is a revert that people made in a public repository.
type row struct {
	Revert    string // their commit
	Onto      string // its parent
	Culprit   string // what it reverts
	HumanTree string // what they made of it
}

// konflux clones the repository that the rows are from.
func konflux(t testing.TB) (repo string, rows []row) {
	recorded, err := os.ReadFile(gittest.Data(t, "konflux-reverts.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(recorded, &rows))
	return gittest.Clone(t, "konflux-config.bundle"), rows
}

func options() revert.Options {
	who := git.Signature{Name: "Assay", Email: "assay@example.com", When: time.Unix(1700000000, 0).UTC()}
	return revert.Options{Author: who, Committer: who}
}

// TestRevertsThatPeopleMade holds every recorded revert against what Git makes of it and what people made of it.
func TestRevertsThatPeopleMade(t *testing.T) {
	dir, rows := konflux(t)
	repo, err := git.Open(dir)
	require.NoError(t, err)
	defer repo.Close()

	clean, human, structural := 0, 0, 0
	for _, r := range rows {
		scratch := repo.Scratch()
		got, err := revert.Revert(t.Context(), scratch, hash(r.Onto), []git.Hash{hash(r.Culprit)}, options())
		require.NoError(t, err, "%s", r.Culprit)
		requireParses(t, scratch, got)
		tree, ok := revertWithGit(t, dir, r.Onto, r.Culprit)
		if !ok {
			t.Logf("git conflicts on %s; here clean is %t, as people did it is %t, paths %v", r.Culprit, got.Clean(), got.Tree.String() == r.HumanTree, got.Paths)
			if got.Clean() {
				structural++
			}
			continue
		}
		clean++
		require.Equal(t, tree, got.Tree.String(), "revert %s on %s", r.Culprit, r.Onto)
		if tree == r.HumanTree {
			human++
		}
	}
	t.Logf("git reverts %d of %d cleanly, %d as people did; structure settles %d more", clean, len(rows), human, structural)
	require.Equal(t, 103, clean)
	require.Equal(t, 100, human)
	require.Equal(t, 1, structural, "107e4db4 moves a document; in the others both sides changed the same value")
}

// requireParses requires that what was merged is YAML, if that is what it should be.
func requireParses(t *testing.T, o git.Objects, r *revert.Result) {
	if !r.Clean() {
		return
	}
	tree := git.FS(t.Context(), o, r.Tree)
	for _, p := range r.Paths {
		if p.How == revert.Blob || filepath.Ext(p.Path) != ".yaml" {
			continue
		}
		content, err := tree.ReadFile(p.Path)
		require.NoError(t, err)
		decoder := yaml.NewDecoder(bytes.NewReader(content))
		for err == nil {
			var document any
			err = decoder.Decode(&document)
		}
		require.ErrorIs(t, err, io.EOF, "%s", p.Path)
	}
}
