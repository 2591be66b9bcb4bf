package rollback

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/assay-dev/assay/sources/git"
)

// pathsAllowed refuses a revert that changes a protected path. What is in a protected folder is protected, too.
func (p *planning) pathsAllowed(context.Context) (bool, string, error) {
	for _, pattern := range p.Protect.Paths {
		glob := path.Clean(strings.TrimLeft(pattern, "/"))
		if !doublestar.ValidatePattern(glob) || slices.Contains(strings.Split(glob, "/"), "..") {
			return false, "", fmt.Errorf("protected path %q: it is no glob of paths inside the repository", pattern)
		}
		for _, change := range p.paths {
			if glob == "." || doublestar.MatchUnvalidated(glob, change.Path) || doublestar.MatchUnvalidated(glob+"/**", change.Path) {
				return false, fmt.Sprintf("the revert would change %s, which is protected (%s)", change.Path, pattern), nil
			}
		}
	}
	return true, "", nil
}

// kindsAllowed refuses a revert that changes an object of a protected kind, in any Target. It gathers what becomes of Others.
func (p *planning) kindsAllowed(ctx context.Context) (bool, string, error) {
	for _, b := range p.Others {
		change, err := p.change(ctx, b, p.head.Tree, p.reverted.Tree)
		if err != nil {
			return false, "", err
		}
		p.others = append(p.others, change)
	}
	if len(p.Protect.Kinds) == 0 {
		return true, "", nil
	}
	for _, change := range slices.Concat(p.builds, p.others) {
		for _, d := range slices.Concat(change.difference.Removed, change.difference.Changed, change.difference.Added) {
			if o := d.Object(); slices.Contains(p.Protect.Kinds, o.Kind) {
				return false, fmt.Sprintf("the revert would change %s in %s, and its kind is protected", o, change.build.Target), nil
			}
		}
		kind, file, err := p.protectedIn(ctx, change.touched)
		if err != nil {
			return false, "", err
		}
		if kind != "" {
			return false, fmt.Sprintf("the revert would change %s, which holds a %s, and that kind is protected", file, kind), nil
		}
	}
	return true, "", nil
}

// kindLine finds what may be the kind of an object in YAML or JSON of any style.
var kindLine = regexp.MustCompile(`\bkind["']?\s*:\s*["']?([A-Za-z0-9]+)`)

// protectedIn finds an object of a protected kind in files of a Target that cannot be built.
func (p *planning) protectedIn(ctx context.Context, files []string) (kind, file string, err error) {
	for _, change := range p.paths {
		if !slices.Contains(files, change.Path) {
			continue
		}
		for _, side := range []git.Entry{change.From, change.To} {
			if side.IsZero() || !side.Mode.IsFile() {
				continue
			}
			content, err := p.objects.Blob(ctx, side.Hash)
			if err != nil {
				return "", "", err
			}
			for _, match := range kindLine.FindAllSubmatch(content, -1) {
				if slices.Contains(p.Protect.Kinds, string(match[1])) {
					return string(match[1]), change.Path, nil
				}
			}
		}
	}
	return "", "", nil
}

// othersAllowed refuses a revert that changes Targets beyond the Gate's, unless that is allowed.
func (p *planning) othersAllowed(context.Context) (bool, string, error) {
	if p.OtherTargets {
		return true, "", nil
	}
	for _, change := range p.others {
		if !change.none() && change.build.Environment == "" {
			return false, fmt.Sprintf(
				"the revert would also change %s, which the gate does not name (%s): allow it with rollback.otherTargets", change.build.Target, change.why()), nil
		}
	}
	return true, "", nil
}

// losesData names the objects that a change deletes and that may hold data.
func (c *change) losesData() (names []string) {
	for _, d := range c.difference.Removed {
		if d.HoldsData {
			names = append(names, d.Object().String())
		}
	}
	return names
}

// unified shows a change to people, secrets redacted.
func (c *change) unified() string {
	if c.unknown == nil {
		return c.difference.Unified()
	}
	return fmt.Sprintf("not known: %s\nfiles that change: %s\n", c.unknown, some(c.touched))
}
