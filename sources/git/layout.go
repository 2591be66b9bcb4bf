package git

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxAlternates bounds how far object folders may refer to each other.
const maxAlternates = 5

// layout says where the parts of a repository on disk are.
type layout struct {
	gitDir string // with HEAD; a linked worktree has its own
	common string // with objects and the other references
}

func findLayout(path string) (layout, error) {
	gitDir, err := findGitDir(path)
	if err != nil {
		return layout{}, err
	}
	common, err := findCommon(gitDir)
	return layout{gitDir, common}, err
}

// objects is the folder of objects.
func (l layout) objects() string { return filepath.Join(l.common, "objects") }

// findGitDir returns the folder that holds HEAD.
func findGitDir(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	dot := filepath.Join(path, ".git")
	info, err := os.Stat(dot)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Join(path, "HEAD")); err != nil {
			return "", fmt.Errorf("is no Git repository: %w", err)
		}
		return path, nil
	case err != nil:
		return "", err
	case info.IsDir():
		return dot, nil
	}
	text, err := os.ReadFile(dot)
	if err != nil {
		return "", err
	}
	target, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "gitdir: ")
	if !ok {
		return "", fmt.Errorf("%s does not say where the repository is (no line %q)", dot, "gitdir: ...")
	}
	return from(path, target), nil
}

// findCommon returns the folder that holds the objects: gitDir itself, unless it
// belongs to a linked worktree.
func findCommon(gitDir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(gitDir, "commondir"))
	if errors.Is(err, fs.ErrNotExist) {
		return gitDir, nil
	}
	return from(gitDir, strings.TrimSpace(string(text))), err
}

// from reads path as seen from the folder dir.
func from(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// withAlternates adds the object folder and those that it borrows from.
func withAlternates(folders []string, objects string, depth int) ([]string, error) {
	if slices.Contains(folders, objects) {
		return folders, nil
	}
	if depth > maxAlternates {
		return nil, fmt.Errorf("alternates of alternates are nested more than %d deep at %s", maxAlternates, objects)
	}
	folders = append(folders, objects)
	text, err := os.ReadFile(filepath.Join(objects, "info", "alternates"))
	if errors.Is(err, fs.ErrNotExist) {
		return folders, nil
	}
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		folders, err = withAlternates(folders, from(objects, line), depth+1)
		if err != nil {
			return nil, err
		}
	}
	return folders, nil
}
