package git

import (
	"fmt"
	"strings"
	"unicode"
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
