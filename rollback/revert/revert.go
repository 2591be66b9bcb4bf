package revert

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/assay-dev/assay/rollback/revert/treemerge"
	"github.com/assay-dev/assay/rollback/revert/yamlmerge"
	"github.com/assay-dev/assay/sources/git"
)

// Options say who reverts.
type Options struct {
	Author, Committer git.Signature
	// Trailers, such as "Reviewed-by: Ana", end each message; git writes none.
	Trailers []string
	// Sign signs every commit; nil leaves them unsigned.
	Sign git.Signer
}

// Revert undoes culprits, in any order given, on top of the commit onto. Conflicts are in the Result; an error means
// that something could not be read, or not be written to s.
func Revert(ctx context.Context, s *git.Scratch, onto git.Hash, culprits []git.Hash, options Options) (*Result, error) {
	head, err := s.Commit(ctx, onto)
	if err != nil {
		return nil, fmt.Errorf("read the commit to build on: %w", err)
	}
	ordered, err := newestFirst(ctx, s, onto, culprits)
	if err != nil {
		return nil, err
	}
	r := &reverter{scratch: s, options: options, hows: map[string]How{}, result: &Result{}, tip: onto, tree: head.Tree}
	for _, culprit := range ordered {
		if err := r.undo(ctx, culprit); err != nil {
			return nil, fmt.Errorf("revert %s: %w", culprit.Hash, err)
		}
	}
	if err := r.listPaths(ctx, head.Tree); err != nil {
		return nil, err
	}
	if len(r.result.Conflicts) > 0 {
		r.result.Commits = nil
		return r.result, nil
	}
	r.result.Tree = r.tree
	return r.result, nil
}

// reverter is one call of Revert.
type reverter struct {
	scratch *git.Scratch
	options Options
	result  *Result
	hows    map[string]How // of the paths that were not simply put back
	tip     git.Hash       // the last commit made
	tree    git.Hash       // what it holds, or would hold if there were no conflicts
}

// undo merges the change from the culprit to its parent into the tree and commits the result.
func (r *reverter) undo(ctx context.Context, culprit *git.Commit) error {
	before := git.Hash{}
	if parent := culprit.Parent(); !parent.IsZero() {
		commit, err := r.scratch.Commit(ctx, parent)
		if err != nil {
			return fmt.Errorf("read its parent: %w", err)
		}
		before = commit.Tree
	}
	subject := culprit.Subject()
	merged, err := treemerge.Merge(ctx, r.scratch, culprit.Tree, r.tree, before, treemerge.Options{
		Ours:       "HEAD",
		Theirs:     fmt.Sprintf("parent of %.7s (%s)", culprit.Hash, subject),
		Structural: yamlmerge.Merge,
	})
	if err != nil {
		return err
	}
	for path, how := range merged.Merged {
		r.note(path, How(how))
	}
	for _, c := range merged.Conflicts {
		r.note(c.Path, Conflicting)
		r.result.Conflicts = append(r.result.Conflicts, Conflict{Conflict: c, Reverts: culprit.Hash})
	}
	if merged.Tree == r.tree {
		return nil
	}
	r.tree = merged.Tree
	if len(r.result.Conflicts) > 0 {
		return nil
	}
	r.tip, err = r.scratch.WriteCommit(git.NewCommit{
		Tree: r.tree, Parents: []git.Hash{r.tip},
		Author: r.options.Author, Committer: r.options.Committer,
		Message: message(subject, culprit, r.options.Trailers), Sign: r.options.Sign,
	})
	if err != nil {
		return fmt.Errorf("write the commit: %w", err)
	}
	r.result.Commits = append(r.result.Commits, Commit{Hash: r.tip, Reverts: culprit.Hash, Tree: r.tree})
	return nil
}

// note remembers the hardest way in which a path was brought to its result.
func (r *reverter) note(path string, how How) {
	r.hows[path] = hardest(r.hows[path], how)
}

// listPaths lists what differs from the tree before, and what conflicts.
func (r *reverter) listPaths(ctx context.Context, before git.Hash) error {
	changes, err := git.Diff(ctx, r.scratch, before, r.tree)
	if err != nil {
		return fmt.Errorf("list the paths that change: %w", err)
	}
	for _, c := range changes {
		r.note(c.Path, Blob)
		r.result.Paths = append(r.result.Paths, Path{c.Path, r.hows[c.Path]})
		delete(r.hows, c.Path)
	}
	for path, how := range r.hows {
		if how == Conflicting {
			r.result.Paths = append(r.result.Paths, Path{path, how})
		}
	}
	slices.SortFunc(r.result.Paths, func(a, b Path) int { return cmp.Compare(a.Path, b.Path) })
	return nil
}
