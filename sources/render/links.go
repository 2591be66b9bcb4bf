package render

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// maxLinks bounds how many links one path may lead through, as operating systems do.
const maxLinks = 40

// realPath follows the links in a path that exists, so that a base reached through a link resolves its own relative paths
// from where it really lies, as it does in a checkout. A tree that cannot read links has none to follow.
func realPath(tree Tree, name string) (string, error) {
	links, ok := tree.(fs.ReadLinkFS)
	if !ok || name == "." {
		return name, nil
	}
	real, rest, followed := ".", strings.Split(name, "/"), 0
	for len(rest) > 0 {
		next := path.Join(real, rest[0])
		rest = rest[1:]
		if next == "." {
			real = next
			continue
		}
		if next == ".." || path.IsAbs(next) {
			return "", fmt.Errorf("resolve %s: a link on the way leads out of the tree", name)
		}
		info, err := links.Lstat(next)
		if err != nil {
			return "", fmt.Errorf("resolve %s: %w", name, err)
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			real = next
			continue
		}
		if followed++; followed > maxLinks {
			return "", fmt.Errorf("resolve %s: too many links; remove the cycle", name)
		}
		target, err := links.ReadLink(next)
		if err != nil {
			return "", fmt.Errorf("resolve %s: %w", name, err)
		}
		if path.IsAbs(target) {
			return "", fmt.Errorf("resolve %s: the link %s leads out of the tree", name, next)
		}
		rest = append(strings.Split(path.Clean(target), "/"), rest...)
	}
	return real, nil
}
