package git

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"strings"
	"unicode"

	"github.com/go-git/go-git/v5/plumbing/filemode"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// checkName refuses what must not be the name of an entry: what could lead out
// of the tree, and every spelling of .git that some file system takes for it,
// since a checkout would then write into the repository itself.
func checkName(name string) error {
	switch {
	case name == "" || name == "." || name == "..":
	case strings.ContainsAny(name, "/\x00"):
	case isDotGit(name):
	default:
		return nil
	}
	return fmt.Errorf("name %q: %w", name, ErrUnsafe)
}

// maxFolders is how deep folders may be nested, the limit that Git has too
// (core.maxTreeDepth): a tree may be deeper than a stack can be.
const maxFolders = 2048

func checkDepth(folders int) error {
	if folders > maxFolders {
		return fmt.Errorf("folders are nested more than %d deep: %w", maxFolders, ErrUnsafe)
	}
	return nil
}

// isDotGit recognises .git in any case, its short name on Windows (git~1, and
// both with the trailing dots, spaces and stream names that Windows drops), and
// the spellings with invisible characters that macOS takes for it.
func isDotGit(name string) bool {
	if strings.EqualFold(strings.Map(visible, name), ".git") {
		return true
	}
	stem, _, _ := strings.Cut(name, ":")
	// A backslash separates names on Windows.
	stem, _, _ = strings.Cut(stem, `\`)
	stem = strings.TrimRight(stem, ". ")
	return strings.EqualFold(stem, ".git") || strings.EqualFold(stem, "git~1")
}

// visible drops the characters that HFS+ ignores when it compares names.
func visible(r rune) rune {
	if r == '\ufeff' || unicode.Is(unicode.Bidi_Control, r) || r >= '\u200c' && r <= '\u200f' || r >= '\u206a' && r <= '\u206f' {
		return -1
	}
	return r
}

// CheckPortable reports what in a tree cannot be written to every disk: names
// that differ only by case or by how Unicode spells them, and names with a
// backslash. The tree can be read all the same. The error wraps [ErrUnsafe] and
// names both paths.
func CheckPortable(ctx context.Context, o Objects, tree Hash) error {
	return checkPortable(ctx, o, tree, ".")
}

func checkPortable(ctx context.Context, o Objects, tree Hash, dir string) error {
	entries, err := o.Entries(ctx, tree)
	if err = cmp.Or(err, checkDepth(strings.Count(dir, "/"))); err != nil {
		return fmt.Errorf("check %s: %w", dir, err)
	}
	fold := cases.Fold()
	seen := make(map[string]string, len(entries))
	for _, e := range entries {
		at := path.Join(dir, e.Name)
		if strings.Contains(e.Name, `\`) {
			return fmt.Errorf("%q has a backslash in its name, which separates folders on Windows: %w", at, ErrUnsafe)
		}
		key := norm.NFC.String(fold.String(norm.NFC.String(e.Name)))
		if other, taken := seen[key]; taken {
			return fmt.Errorf("%q and %q are one file on disks that ignore case: %w", path.Join(dir, other), at, ErrUnsafe)
		}
		seen[key] = e.Name
		if e.Mode == filemode.Dir {
			if err := checkPortable(ctx, o, e.Hash, at); err != nil {
				return err
			}
		}
	}
	return nil
}
