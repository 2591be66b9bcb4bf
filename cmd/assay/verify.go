package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/assay-dev/assay/cmd/assay/internal/trial"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/process"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
)

// verifyFlags say which tests are run, and how.
type verifyFlags struct {
	dir       string
	from      repositoryFlags
	rev       string
	overlay   string
	name      string
	gates     []string
	suites    []string
	secrets   string
	show      []string
	isolation string
	parallel  int
}

func newVerify() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:     "verify",
		GroupID: groupTests,
		Short:   "Run an environment's suites here and now, and judge its gates",
		Long: `Run the Suites of an overlay on this machine, as isolated as "assay run" would run them,
and judge its Gates: without history, so nothing is compared with a baseline, rerun or
blamed. Programs are found on the PATH of whoever calls.

Exits with 0 when every Gate passed, 1 when one failed, and 2 when there is no answer:
a suite gave no evidence, or could not be run.`,
		Example: `  assay verify --overlay overlays/staging
  assay verify --overlay overlays/dev --suite smoke
  assay verify --repo https://github.com/example/system-tests --overlay overlays/staging --gate shop --output json`,
		Args: cobra.NoArgs,
	}
	form := addOutput(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.dir, "dir", ".", "`folder` with the test repository, as it lies there")
	addRepository(cmd, &f.from, "")
	flags.StringVar(&f.rev, "rev", "HEAD", "`revision` of --repo")
	flags.StringVar(&f.overlay, "overlay", "", "`folder` of the overlay (may be left out where there is one)")
	flags.StringVar(&f.name, "environment", "", "`name` of the environment (default: the overlay's)")
	flags.StringArrayVar(&f.gates, "gate", nil, "`name` of a Gate to judge; may be given several times (default: all)")
	flags.StringArrayVar(&f.suites, "suite", nil, "`name` of a Suite to run, in place of Gates; may be given several times")
	flags.StringVar(&f.secrets, "secrets", "", "`folder` with the secrets that Suites may refer to, as <secret>/<key>")
	flags.StringArrayVar(&f.show, "show", nil, "`path` that the Suites may read though it is hidden, such as tools in a home directory; may be given several times")
	flags.StringVar(&f.isolation, "isolation", "", "`level`: namespaces, user-namespace, own-user or none (default: the best that works)")
	flags.IntVar(&f.parallel, "max-parallel", runtime.NumCPU(), "how many runs may be under way at a time")
	cmd.MarkFlagsMutuallyExclusive("dir", "repo")
	cmd.MarkFlagsMutuallyExclusive("gate", "suite")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		results, err := f.run(cmd)
		if err != nil {
			return unusable(err)
		}
		if err := form.print(cmd.OutOrStdout(), results, func(w io.Writer) { verifyTable(w, results) }); err != nil {
			return err
		}
		return answer(verifyCode(results))
	}
	return cmd
}

// verifyCode is the worst of all Gates: a failure is an answer, whatever else is not known.
func verifyCode(o *trial.Results) int {
	code := exitYes
	for _, v := range o.Gates {
		switch v.Outcome {
		case gate.Failed:
			return exitNo
		case gate.Inconclusive:
			code = exitUsage
		}
	}
	return code
}

func (f *verifyFlags) run(cmd *cobra.Command) (*trial.Results, error) {
	ctx := cmd.Context()
	tree, revision, closeTree, err := f.tree(ctx)
	if err != nil {
		return nil, err
	}
	defer closeTree()
	if f.overlay, err = oneOverlay(tree, f.overlay); err != nil {
		return nil, err
	}
	if f.name == "" {
		f.name = path.Base(f.overlay)
	}
	set, err := loadTests(ctx, tree, f.overlay)
	if err != nil {
		return nil, err
	}
	processes, cleanup, err := f.processes(ctx)
	if err != nil {
		return nil, err
	}
	defer cleanup()
	progress := newProgress(cmd.ErrOrStderr())
	defer progress.close()
	progress.note(processes.Isolation())
	t := trial.Trial{
		Environment: f.name, Set: set, Files: tree, Revision: revision, Gates: f.gates, Suites: f.suites,
		Runner: runner.Limit(processes, max(f.parallel, 1)), Step: progress.step,
	}
	return t.Run(ctx)
}

// tree opens the tests: a commit of a repository, or a working copy.
func (f *verifyFlags) tree(ctx context.Context) (tree render.Tree, revision string, done func() error, err error) {
	if f.from.location == "" {
		dir, err := render.OpenDirectory(f.dir)
		if err != nil {
			return nil, "", nil, err
		}
		return dir, "", dir.Close, nil
	}
	repo, err := f.from.open()
	if err != nil {
		return nil, "", nil, err
	}
	commit, err := repo.commit(ctx, f.rev)
	if err != nil {
		return nil, "", nil, errors.Join(err, repo.Close())
	}
	return git.FS(context.WithoutCancel(ctx), repo, commit.Tree), commit.Hash.String(), repo.Close, nil
}

// processes is a runner with a room that goes away with it; what tools cache stays, as between runs of one environment.
func (f *verifyFlags) processes(ctx context.Context) (*process.Runner, func(), error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, nil, fmt.Errorf("find a place for the tools' caches: %w", err)
	}
	dir, err := os.MkdirTemp("", "assay-verify-*")
	if err != nil {
		return nil, nil, err
	}
	remove := func() { _ = os.RemoveAll(dir) }
	if err := os.Chmod(dir, 0o711); err != nil { // runs with a user id of their own must pass through it
		remove()
		return nil, nil, err
	}
	programs := filepath.SplitList(os.Getenv("PATH"))
	options := process.Options{
		Dir: dir, Cache: filepath.Join(cache, "assay", "runs"), Path: programs, Show: append(existing(programs), f.show...),
		Isolation: process.Level(f.isolation),
	}
	if f.secrets != "" {
		options.Secrets = process.SecretDirs{f.name: f.secrets}
	}
	r, err := process.New(ctx, options)
	if err != nil {
		remove()
		return nil, nil, err
	}
	return r, func() { _ = r.Close(); remove() }, nil
}

func existing(paths []string) (there []string) {
	for _, p := range paths {
		if _, err := os.Stat(p); !errors.Is(err, fs.ErrNotExist) && p != "" {
			there = append(there, p)
		}
	}
	return there
}
