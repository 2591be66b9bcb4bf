package tests

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
)

// FilesIn returns the files of the tree that a run of the Suite gets a copy of: what its globs match, as sorted paths from the tree's root.
// A symbolic link is listed as itself, wherever it leads; folders and submodules are not listed.
func (s *Suite) FilesIn(tree fs.FS) ([]string, error) {
	files := map[string]bool{}
	for _, listed := range s.globs() {
		matches, _, err := match(tree, s.Origin.Folder(), listed.glob)
		if err != nil {
			return nil, fmt.Errorf("list the files of Suite %s: %w", s.Name(), err)
		}
		for _, file := range matches {
			files[file] = true
		}
	}
	return slices.Sorted(maps.Keys(files)), nil
}

// match returns the files below a folder that a glob matches. A glob without wildcards that names a folder matches all below it. linked
// tells whether symbolic links are among the files or on the way to them.
func match(tree fs.FS, folder, glob string) (files []string, linked bool, err error) {
	base, pattern := doublestar.SplitPattern(path.Clean(glob))
	if !strings.ContainsAny(glob, `*?[{\`) {
		base, pattern = path.Clean(glob), "**"
	}
	linked = throughLink(tree, folder, base)
	base = path.Join(folder, base)
	err = fs.WalkDir(tree, base, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			if file == base && errors.Is(err, fs.ErrNotExist) {
				return fs.SkipAll
			}
			return err
		}
		if entry.IsDir() && entry.Name() == ".git" {
			return fs.SkipDir // of a working copy: commits hold none
		}
		relative := strings.TrimPrefix(strings.TrimPrefix(file, base), "/")
		if base == "." {
			relative = file
		}
		if mode := entry.Type(); (mode.IsRegular() || mode&fs.ModeSymlink != 0) && doublestar.MatchUnvalidated(pattern, relative) {
			files = append(files, file)
			linked = linked || mode&fs.ModeSymlink != 0
		}
		return nil
	})
	return files, linked, err
}

// throughLink tells whether a symbolic link is on a path below a folder.
func throughLink(tree fs.FS, folder, below string) bool {
	for at := below; at != "."; at = path.Dir(at) {
		info, err := fs.Lstat(tree, path.Join(folder, at))
		if err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return true
		}
	}
	return false
}

// digester sums up the files of Suites from the ids that the tree keeps, without reading files.
type digester struct {
	tree render.Tree
	// known are the sums of earlier Sets, by the ids of the Suites' folders and their globs; those that still hold go into kept.
	known, kept map[string]string
	// report tells what is wrong with the files that a Suite names.
	report func(s *Suite, at field, message, remedy string)
}

// suites returns the sum of each Suite's files.
func (d *digester) suites(ctx context.Context, suites []*Suite) (map[*Suite]string, error) {
	sums := make(map[*Suite]string, len(suites))
	for _, suite := range suites {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		sum, err := d.suite(suite)
		if err != nil {
			return nil, err
		}
		sums[suite] = sum
	}
	return sums, nil
}

// digests returns the digest of each Gate by its name, given the sums of the Suites' files.
func digests(set *Set, sums map[*Suite]string) (map[string]string, error) {
	digests := make(map[string]string, len(set.Gates))
	for _, gate := range set.Gates {
		parts := []any{gate}
		for _, suite := range set.SuitesOf(gate) {
			parts = append(parts, suite, sums[suite])
		}
		data, err := json.Marshal(parts)
		if err != nil {
			return nil, fmt.Errorf("encode Gate %s: %w", gate.Name(), err)
		}
		sum := sha256.Sum256(data)
		digests[gate.Name()] = "sha256:" + hex.EncodeToString(sum[:])
	}
	return digests, nil
}

// suite sums up the paths, modes and ids of a Suite's files. Links are followed, so what lies behind them counts; a sum with
// links in it is computed anew each time, for a link may lead out of the folder that the sum is remembered by.
func (d *digester) suite(s *Suite) (string, error) {
	folder, _, err := d.tree.Hash(s.Origin.Folder())
	if err != nil {
		return "", err
	}
	globs := s.globs()
	key := folder.String()
	for _, listed := range globs {
		key += "\x00" + listed.glob
	}
	if sum, ok := d.known[key]; ok && !folder.IsZero() {
		d.kept[key] = sum
		return sum, nil
	}
	sum, linked := sha256.New(), false
	for _, listed := range globs {
		if !fs.ValidPath(path.Clean(listed.glob)) { // told of its shape
			continue
		}
		files, through, err := match(d.tree, s.Origin.Folder(), listed.glob)
		if err != nil {
			return "", err
		}
		linked = linked || through
		if len(files) == 0 {
			d.report(s, listed.at, fmt.Sprintf("%q matches no file in %s", listed.glob, s.Origin.Folder()), "correct the glob, or add the file")
		}
		for _, file := range files {
			id, mode, err := d.tree.Hash(file)
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, git.ErrUnsafe) {
				d.report(s, listed.at, err.Error(), "make the link lead to a file of this repository, or leave it out of files")
				continue
			} else if err != nil {
				return "", err
			}
			fmt.Fprintf(sum, "%s\x00%s\x00%s\x00", strings.TrimPrefix(file, s.Origin.Folder()), mode, id)
		}
	}
	text := hex.EncodeToString(sum.Sum(nil))
	if !linked {
		d.kept[key] = text
	}
	return text, nil
}
