package rollback

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/assay-dev/assay/sources/git"
)

// stopFile in the newest commit of a branch keeps Assay from writing to it.
const stopFile = ".assay/stop"

// notStopped refuses while people want Assay to keep away from the branch.
func (p *planning) notStopped(ctx context.Context) (bool, string, error) {
	stopped, err := stopped(ctx, p.objects, p.head.Tree)
	if err != nil || !stopped {
		return !stopped, "", err
	}
	return false, fmt.Sprintf("%s lies on %s: remove it to let Assay go on", stopFile, p.Branch), nil
}

// stopped tells whether a tree holds the stop file. Whatever keeps it from being looked for counts as the file: links and submodules in the
// place of its folder do, and so does an error.
func stopped(ctx context.Context, o git.Objects, tree git.Hash) (bool, error) {
	root, err := o.Entries(ctx, tree)
	if err != nil {
		return true, fmt.Errorf("look for %s: %w", stopFile, err)
	}
	i := slices.IndexFunc(root, func(e git.Entry) bool { return e.Name == ".assay" })
	if i < 0 {
		return false, nil
	}
	if root[i].Mode != filemode.Dir {
		return true, nil
	}
	folder, err := o.Entries(ctx, root[i].Hash)
	if err != nil {
		return true, fmt.Errorf("look for %s: %w", stopFile, err)
	}
	return slices.ContainsFunc(folder, func(e git.Entry) bool { return e.Name == "stop" }), nil
}
