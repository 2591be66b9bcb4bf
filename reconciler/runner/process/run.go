//go:build linux || darwin

package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

// Run runs the Job to its end. Asked for again, it starts anew: what an earlier Run of that ID left is removed first.
func (r *Runner) Run(ctx context.Context, job runner.Job) (runner.Result, error) {
	room, err := r.room(job.ID)
	if err != nil {
		return runner.Result{}, err
	}
	if err := r.begin(job.ID); err != nil {
		return runner.Result{}, fmt.Errorf("run %s: %w", job.ID, err)
	}
	defer r.end(job.ID)

	result, err := r.run(ctx, job, room)
	if refused := (*runner.Refusal)(nil); errors.As(err, &refused) {
		result, err = runner.Result{End: runner.NotStarted, ExitCode: -1, Reason: refused.Reason}, nil
	}
	if err != nil && ctx.Err() != nil {
		result, err = runner.Result{End: runner.Cancelled, ExitCode: -1, Reason: "cancelled before it started"}, nil
	}
	if err != nil {
		return runner.Result{}, errors.Join(fmt.Errorf("run %s: %w", job.ID, err), removeAll(room.dir))
	}
	return result, nil
}

func (r *Runner) run(ctx context.Context, job runner.Job, room room) (runner.Result, error) {
	env, secrets, err := r.environ(ctx, job, room)
	if err != nil {
		return runner.Result{}, runner.Refuse("%v", err)
	}
	redact := runner.NewRedactor(secrets...)
	if err := removeAll(room.dir); err != nil {
		return runner.Result{}, err
	}
	if err := r.furnish(room); err != nil {
		return runner.Result{}, err
	}
	defer func() { _ = removeAll(room.box()) }() // what is kept lies elsewhere by then; what resists, Forget names

	cwd := workingDirectory(job.Suite)
	if !filepath.IsLocal(cwd) {
		return runner.Result{}, runner.Refuse("workingDirectory %s leaves the repository", job.Suite.Spec.WorkingDirectory)
	}
	if err := copyFiles(ctx, room.work(), job.Files, job.Suite); err != nil {
		return runner.Result{}, err
	}
	if err := writeInputs(room, job.Inputs); err != nil {
		return runner.Result{}, err
	}
	order := r.order(room)
	order.Argv, order.Env, order.Dir = job.Suite.Spec.Command, env, filepath.Join(room.work(), cwd)
	if job.Suite.Spec.Script != "" {
		if order.Argv, err = writeScript(room, job.Suite.Spec.Script); err != nil {
			return runner.Result{}, err
		}
	}
	if len(order.Argv) == 0 {
		return runner.Result{}, runner.Refuse("the Suite has neither command nor script")
	}
	if err := r.admit(ctx, job.Environment, room, &order); err != nil {
		return runner.Result{}, err
	}
	if r.level.ownUser() {
		defer r.users.release(order.User)
	}
	result, err := r.execute(ctx, job, room, order, redact)
	if err != nil {
		return runner.Result{}, err
	}
	return result, r.collect(&result, job, room, cwd, order, redact)
}

// furnish creates the directories of a Run.
func (r *Runner) furnish(room room) error {
	if err := passage(room.dir); err != nil {
		return err
	}
	for _, dir := range []string{room.box(), room.home(), room.tmp(), room.kept()} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	return nil
}

// admit gives a Run its user id, its files and its Environment's cache.
func (r *Runner) admit(ctx context.Context, environment string, room room, order *order) error {
	cache, group, err := r.openCache(ctx, environment)
	if err != nil {
		return err
	}
	order.View.Keep = append(order.View.Keep, place{Path: cache, Writable: true})
	if !r.level.ownUser() {
		return nil
	}
	order.Group = group
	if order.User, err = r.users.claim(ctx); err != nil {
		return err
	}
	if err := giveTo(room.box(), order.User); err != nil {
		r.users.release(order.User)
		return err
	}
	return nil
}

// collect keeps the reports and artifacts.
func (r *Runner) collect(result *runner.Result, job runner.Job, room room, cwd string, order order, redact *runner.Redactor) error {
	root, err := os.OpenRoot(room.work())
	if err != nil {
		return err
	}
	defer root.Close()
	owner := order.User
	if !r.level.ownUser() {
		owner = os.Getuid()
	}
	c := collector{room: room, root: root, cwd: cwd, owner: owner, redact: redact, limits: r.options.Limits}
	reports, err := c.reports(job.Suite.Spec.Reports)
	if err != nil {
		return err
	}
	result.Reports = append(result.Reports, reports...)
	if result.Artifacts, err = c.artifacts(job.Suite.Spec.Artifacts); err != nil {
		return err
	}
	result.Notes = append(result.Notes, c.notes...)
	return nil
}

// workingDirectory is where the Suite's command runs, relative to the repository.
func workingDirectory(suite *tests.Suite) string {
	return path.Join(suite.Origin.Folder(), suite.Spec.WorkingDirectory)
}
