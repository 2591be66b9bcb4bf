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
	return false, stopFileOn(p.Branch), nil
}

func stopFileOn(branch string) string {
	return fmt.Sprintf("%s lies on %s: remove it to let Assay go on", stopFile, branch)
}

// stoppedOn says whether people want Assay to keep away from a branch as it is now, which is at head; why is empty where they do not.
func stoppedOn(ctx context.Context, m *git.Mirror, branch string) (head git.Hash, why string, err error) {
	if head, _, err = m.Refresh(ctx, branch); err != nil {
		return head, "", fmt.Errorf("look for %s on %s: %w", stopFile, branch, err)
	}
	c, err := m.Repository().Commit(ctx, head)
	if err != nil {
		return head, "", fmt.Errorf("look for %s on %s: %w", stopFile, branch, err)
	}
	if is, err := stopped(ctx, m.Repository(), c.Tree); err != nil || !is {
		return head, "", err
	}
	return head, stopFileOn(branch), nil
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
