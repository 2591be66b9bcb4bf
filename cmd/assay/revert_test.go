package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git/gittest"
)

// A repository whose second commit is the culprit, and whose third one goes on elsewhere.
func withCulprit(t *testing.T) (dir string, ids []string) {
	return repositoryOf(t,
		files{"app.yaml": "image: app:1\n", "other.yaml": "a: 1\n"},
		files{"app.yaml": "image: app:2\n"},
		files{"other.yaml": "a: 2\n"})
}

func TestRevertPrintsTheContract(t *testing.T) {
	dir, ids := withCulprit(t)
	gittest.Run(t, dir, "config", "core.bare", "false")
	before := gittest.Run(t, dir, "count-objects", "-v") + gittest.Run(t, dir, "for-each-ref")
	got := assay(t, "revert", "--repo", dir, "--onto", "main", "--commit", ids[1][:8], "--dry-run", "--output", "json")
	require.Equal(t, exitYes, got.code, got.err)
	gittest.Run(t, dir, "checkout", "-q", "-b", "by-git")
	require.Equal(t, before, gittest.Run(t, dir, "count-objects", "-v")+gittest.Run(t, dir, "for-each-ref", "refs/heads/main"), "a dry run writes nothing")
	gittest.Run(t, dir, "revert", "--no-edit", ids[1])
	tree := gittest.Run(t, dir, "rev-parse", "HEAD^{tree}")
	require.JSONEq(t, `{"tree": "`+tree+`", "commits": [{"reverts": "`+ids[1]+`", "tree": "`+tree+`"}],
		"paths": [{"path": "app.yaml", "how": "blob"}], "conflicts": []}`, got.out)
}

func TestRevertOfABareRepositoryAndOfAURL(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir, ids := withCulprit(t)
	bare := t.TempDir()
	gittest.Run(t, bare, "clone", "-q", "--bare", dir, ".")
	local := assay(t, "revert", "--repo", dir, "--onto", "HEAD", "--commit", "HEAD~1", "--dry-run", "-o", "json")
	require.Equal(t, exitYes, local.code, local.err)
	for name, args := range map[string][]string{
		"bare":         {"--repo", bare, "--commit", ids[1]},
		"url":          {"--repo", "file://" + bare, "--commit", ids[1]},
		"url, short":   {"--repo", "file://" + bare, "--commit", ids[1][:7]},
		"url, steps":   {"--repo", "file://" + bare, "--commit", "HEAD~1"},
		"named branch": {"--repo", "file://" + bare, "--onto", "main", "--commit", "main~1"},
	} {
		t.Run(name, func(t *testing.T) {
			got := assay(t, append([]string{"revert", "--dry-run", "-o", "json"}, args...)...)
			require.Equal(t, exitYes, got.code, got.err)
			require.JSONEq(t, local.out, got.out)
		})
	}
}

func TestRevertConflict(t *testing.T) {
	dir, ids := repositoryOf(t, files{"notes": "1\n"}, files{"notes": "2\n"}, files{"notes": "3\n"})
	got := assay(t, "revert", "--repo", dir, "--onto", "main", "--commit", ids[1], "-o", "json", "--branch", "undo")
	require.Equal(t, exitConflict, got.code, got.err)
	var result struct {
		Tree      *string
		Conflicts []struct{ Path string }
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &result))
	require.Nil(t, result.Tree)
	require.Equal(t, "notes", result.Conflicts[0].Path)
	require.Equal(t, "refs/heads/main", gittest.Run(t, dir, "for-each-ref", "--format=%(refname)"))
	require.Contains(t, assay(t, "revert", "--repo", dir, "--commit", ids[1], "--dry-run").out, "conflict: notes")
}

func TestRevertOntoABranch(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir, ids := withCulprit(t)
	for name, repo := range map[string]string{"undo-here": dir, "undo-there": "file://" + dir} {
		args := []string{"revert", "--repo", repo, "--onto", "main", "--commit", ids[1], "--branch", name}
		got := assay(t, args...)
		require.Equal(t, exitYes, got.code, got.err)
		require.Contains(t, got.out, "branch "+name+" is at "+gittest.Run(t, dir, "rev-parse", name))
		require.Equal(t, ids[2], gittest.Run(t, dir, "rev-parse", name+"~1"))
		require.Equal(t, "image: app:1", gittest.Run(t, dir, "show", name+":app.yaml"))
		gittest.Run(t, dir, "fsck", "--strict")

		again := assay(t, args...)
		require.Equal(t, exitNo, again.code)
		require.Contains(t, again.err, "exists already")
	}
}

func TestRevertNamesWhatIsNotThere(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir, _ := withCulprit(t)
	for _, repo := range []string{dir, "file://" + dir} {
		got := assay(t, "revert", "--repo", repo, "--onto", "main", "--commit", "v9", "--dry-run")
		require.Equal(t, exitUsage, got.code)
		require.Contains(t, got.err, `"v9"`)
	}
	got := assay(t, "revert", "--repo", "file://"+dir, "--onto", "main", "--commit", "main~1")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.err, "--branch")
}
