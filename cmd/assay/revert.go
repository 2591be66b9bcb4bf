package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"time"

	"github.com/spf13/cobra"

	"github.com/assay-dev/assay/rollback/revert"
	"github.com/assay-dev/assay/sources/git"
)

// revertFlags say what is reverted, onto what, and what becomes of it.
type revertFlags struct {
	from    repositoryFlags
	onto    string
	commits []string
	author  string
	branch  string
	dryRun  bool
}

func newRevert() *cobra.Command {
	var f revertFlags
	cmd := &cobra.Command{
		Use:     "revert",
		GroupID: groupTools,
		Short:   "Revert commits, without a checkout",
		Long: `Revert commits on top of a revision, one revert commit each, newest first, as git
revert does: a merge is undone in favour of its first parent. Where the lines of a YAML
file conflict, its structure is merged. No policy applies: reverts are reverted, too.

With --dry-run nothing is written. Without it the commits are stored in the repository,
and --branch names a new branch for them; for a URL, the branch is pushed. A branch that
exists is never moved.

Prints for each path how it came to its result: blob (a version that was there before),
text (merged line by line), structural (merged as YAML) or conflict. Exits with 3 on a
conflict, and then nothing is written.`,
		Example: `  assay revert --onto main --commit 1a2b3c4 --dry-run
  assay revert --repo ../config.git --onto main --commit 1a2b3c4 --commit main~2 --branch undo-rollout`,
		Args: cobra.NoArgs,
	}
	form := addOutput(cmd)
	flags := cmd.Flags()
	addRepository(cmd, &f.from, ".")
	flags.StringVar(&f.onto, "onto", "HEAD", "`revision` that the reverts build on")
	flags.StringArrayVar(&f.commits, "commit", nil, "`revision` to revert; may be given several times, in any order")
	flags.StringVar(&f.author, "author", "Assay <assay@localhost>", "author and committer of the reverts, as `Name <email>`")
	flags.StringVar(&f.branch, "branch", "", "`name` of the branch to create for the reverts")
	flags.BoolVar(&f.dryRun, "dry-run", false, "write nothing")
	cmd.MarkFlagsMutuallyExclusive("dry-run", "branch")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return f.run(cmd, *form) }
	return cmd
}

func (f *revertFlags) run(cmd *cobra.Command, form output) error {
	if len(f.commits) == 0 {
		return unusable(errors.New("which commit is to be reverted? Give --commit, once or more often"))
	}
	author, err := mail.ParseAddress(f.author)
	if err != nil {
		return unusable(fmt.Errorf("--author %q: write it as 'Name <email>': %w", f.author, err))
	}
	if f.branch == "" && !f.dryRun && !f.from.local() {
		return unusable(errors.New("where are the reverts to go? Give --branch to push them to the repository, or --dry-run"))
	}
	repo, err := f.from.open()
	if err != nil {
		return err
	}
	defer repo.Close()
	onto, culprits, err := f.resolve(cmd.Context(), repo)
	if err != nil {
		return err
	}
	signature := git.Signature{Name: author.Name, Email: author.Address, When: time.Now()}
	scratch := repo.Scratch()
	result, err := revert.Revert(cmd.Context(), scratch, onto, culprits, revert.Options{Author: signature, Committer: signature})
	if err != nil {
		return unusable(err)
	}
	if result.Clean() && !f.dryRun {
		if err := f.keep(cmd.Context(), repo, scratch, result.Tip()); err != nil {
			return err
		}
	}
	if err := form.print(cmd.OutOrStdout(), result, func(w io.Writer) { f.table(w, result) }); err != nil {
		return err
	}
	if !result.Clean() {
		return answer(exitConflict)
	}
	return nil
}

// resolve finds the commits, and of a remote repository as much history as tells their order.
func (f *revertFlags) resolve(ctx context.Context, repo *repository) (onto git.Hash, culprits []git.Hash, err error) {
	base, err := repo.commit(ctx, f.onto)
	if err != nil {
		return onto, nil, err
	}
	for _, rev := range f.commits {
		culprit, err := repo.commit(ctx, rev)
		if err != nil {
			return onto, nil, err
		}
		culprits = append(culprits, culprit.Hash)
		if repo.mirror == nil {
			continue
		}
		if err := repo.mirror.Fetch(ctx, culprit.Parents...); err != nil {
			return onto, nil, unusable(err)
		}
		// Git reverts a commit of another line of history, too; its place among the others does not matter then.
		if err := repo.mirror.History(ctx, f.onto, culprit.Hash, base.Hash); err != nil && !errors.Is(err, git.ErrNotAncestor) {
			return onto, nil, unusable(err)
		}
	}
	return base.Hash, culprits, nil
}

// keep stores the reverts, and shows them on the branch where one is asked for.
func (f *revertFlags) keep(ctx context.Context, repo *repository, scratch *git.Scratch, tip git.Hash) error {
	if tip.IsZero() {
		return nil // nothing is left to undo
	}
	if err := scratch.Flush(ctx); err != nil {
		return err
	}
	switch {
	case f.branch == "":
		return nil
	case repo.mirror == nil:
		return repo.CreateBranch(f.branch, tip)
	}
	err := repo.mirror.Push(ctx, git.RefUpdate{Ref: "refs/heads/" + f.branch, New: tip})
	if errors.Is(err, git.ErrStale) {
		return fmt.Errorf("branch %s exists already: choose another name: %w", f.branch, err)
	}
	return err
}

func (f *revertFlags) table(w io.Writer, result *revert.Result) {
	row(w, "PATH", "HOW")
	for _, p := range result.Paths {
		row(w, p.Path, p.How)
	}
	fmt.Fprintln(w)
	for _, c := range result.Conflicts {
		row(w, fmt.Sprintf("conflict: %s (%s) in the revert of %.10s", c.Path, c.Kind, c.Reverts))
	}
	switch {
	case !result.Clean():
	case len(result.Commits) == 0:
		row(w, "nothing to undo: none of the commits has an effect any more")
	case f.dryRun:
		row(w, fmt.Sprintf("clean: tree %s (nothing written)", result.Tree))
	case f.branch == "":
		row(w, fmt.Sprintf("stored: %s (no branch holds it; git branch NAME %[1]s makes one)", result.Tip()))
	default:
		row(w, fmt.Sprintf("branch %s is at %s", f.branch, result.Tip()))
	}
}
