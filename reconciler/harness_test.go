package reconciler_test

import (
	"context"
	"log/slog"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/plain"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/git/gittest"
	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

// tick is how often everything looks: short, so that a test waits for nothing.
const tick = 20 * time.Millisecond

// patience is how long a test waits for what must come.
const patience = time.Minute

// gitIn runs the git program in a folder, as a person.
func gitIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	return gittest.Run(t, dir, append([]string{"-c", "http.postBuffer=100000000"}, args...)...)
}

// worktree is a checkout of a bare repository that people push from.
type worktree struct {
	t         *testing.T
	dir, bare string
}

func newRepository(t *testing.T) *worktree {
	bare, dir := filepath.Join(t.TempDir(), "repository.git"), t.TempDir()
	gitIn(t, dir, "init", "--quiet", "--bare", "--initial-branch=main", bare)
	gitIn(t, dir, "clone", "--quiet", bare, ".")
	gitIn(t, dir, "checkout", "--quiet", "-b", "main")
	return &worktree{t: t, dir: dir, bare: bare}
}

// push commits files, by path, and pushes them. It returns the commit.
func (w *worktree) push(message string, files map[string]string) string {
	w.t.Helper()
	for name, content := range files {
		path := filepath.Join(w.dir, name)
		require.NoError(w.t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(w.t, os.WriteFile(path, []byte(content), 0o600))
	}
	gitIn(w.t, w.dir, "add", "--all")
	gitIn(w.t, w.dir, "commit", "--quiet", "--allow-empty", "--message", message)
	gitIn(w.t, w.dir, "push", "--quiet", "origin", "main")
	return gitIn(w.t, w.dir, "rev-parse", "HEAD")
}

// merge merges a branch that somebody pushed, as a person does.
func (w *worktree) merge(branch string) {
	w.t.Helper()
	gitIn(w.t, w.dir, "fetch", "--quiet", "origin")
	gitIn(w.t, w.dir, "merge", "--quiet", "--no-ff", "--message", "Merge "+branch, "origin/"+branch)
	gitIn(w.t, w.dir, "push", "--quiet", "origin", "main")
}

// revert pushes a revert of a commit to a branch, as a person does.
func (w *worktree) revert(commit, branch string) {
	w.t.Helper()
	gitIn(w.t, w.dir, "checkout", "--quiet", "-B", branch)
	gitIn(w.t, w.dir, "revert", "--no-edit", commit)
	gitIn(w.t, w.dir, "push", "--quiet", "origin", branch)
	gitIn(w.t, w.dir, "checkout", "--quiet", "main")
}

// show is a file at a commit of main, which is fetched where the checkout has not seen it yet. No reference moves, which a person may fetch
// just then.
func (w *worktree) show(commit, path string) string {
	w.t.Helper()
	if gittest.Command(w.dir, "cat-file", "-e", commit+"^{commit}").Run() != nil {
		gitIn(w.t, w.dir, "fetch", "--quiet", "--refmap=", "--no-write-fetch-head", "origin", "main")
	}
	return gitIn(w.t, w.dir, "show", commit+":"+path)
}

// serve serves a bare repository by git's own smart server, to whoever asks.
func serve(t testing.TB, bare string) string {
	t.Helper()
	program, err := exec.LookPath("git")
	require.NoError(t, err)
	server := httptest.NewServer(&cgi.Handler{
		Path: program, Args: []string{"http-backend"},
		Env: []string{"GIT_PROJECT_ROOT=" + filepath.Dir(bare), "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=person"},
	})
	t.Cleanup(server.Close)
	return server.URL + "/" + filepath.Base(bare)
}

// notStarted stands in place of an exit code for a Job that could not start.
const notStarted = -1

// judgeRunner runs no tool: it asks the test how each Job would end.
type judgeRunner struct {
	judge func(job runner.Job) int // the exit code
	mu    sync.Mutex
	jobs  []runner.Job
}

func (r *judgeRunner) Run(ctx context.Context, job runner.Job) (runner.Result, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	result := runner.Result{End: runner.Exited, Started: now, Finished: now}
	if job.Suite.Name() == "control" { // all is well but the shop
		return result, ctx.Err()
	}
	r.jobs = append(r.jobs, job)
	result.ExitCode = r.judge(job)
	if result.ExitCode == notStarted {
		result.End, result.Reason = runner.NotStarted, "no such program"
	}
	return result, ctx.Err()
}

// ran are the Jobs so far.
func (r *judgeRunner) ran() []runner.Job {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.jobs)
}

func (r *judgeRunner) Forget(context.Context, string) error { return nil }
func (r *judgeRunner) Recover(context.Context) error        { return nil }
func (r *judgeRunner) Isolation() (string, bool)            { return "nothing is run", true }

// assay is one Assay that a test starts and stops. Its folder survives a restart.
type assay struct {
	t       *testing.T
	data    string
	config  string           // URL of the config repository
	others  []string         // URLs of further ones
	sources []syncs.Source   // besides the Sites
	command syncs.RunCommand // runs what Sites ask for
	tests   *worktree
	mode    tests.Mode
	runner  *judgeRunner
	stopped bool // by the operator
	// environments besides staging, each by its overlay of the same name.
	environments []string
	auth         git.Auth
	provider     func(mirror *git.Mirror) gitprovider.Provider // plain when nil
	adjust       func(*reconciler.Options)                     // may be nil
	crash        *crash                                        // nil when none comes
	stop         func()
	past         *history.Store
	loop         *reconciler.Loop
}

// open opens the history.
func (a *assay) open() *history.Store {
	a.t.Helper()
	past, err := history.Open(context.Background(), filepath.Join(a.data, "history"))
	require.NoError(a.t, err)
	return past
}

func (a *assay) start() {
	a.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	past := a.open()
	if a.crash != nil {
		a.crash.arm(cancel)
	}
	mirrors := git.NewMirrors(filepath.Join(a.data, "mirrors"), func(string) git.Auth { return a.auth }, clock.RealClock{})
	builder := render.NewBuilder([]byte("key"))
	writable := map[string]reconciler.ConfigRepository{}
	for _, url := range append(a.others, a.config) {
		config, err := mirrors.Mirror(url)
		require.NoError(a.t, err)
		var provider gitprovider.Provider = plain.New(config)
		if a.provider != nil {
			provider = a.provider(config)
		}
		writable[git.Normalize(url)] = reconciler.ConfigRepository{URL: url, Provider: provider}
	}
	var environments []*reconciler.Environment
	for _, name := range append([]string{"staging"}, a.environments...) {
		environments = append(environments, &reconciler.Environment{
			Name:     name,
			Tests:    reconciler.TestRepository{URL: a.tests.bare, Branch: "main", Overlay: name, Interval: tick},
			Sites:    syncs.NewSites(mirrors, builder, a.command, clock.RealClock{}),
			Sources:  a.sources,
			Mode:     a.mode,
			Statuses: true,
			Writable: writable,
		})
	}
	options := reconciler.Options{
		Log:     slog.New(slog.NewTextHandler(a.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
		History: past, Runner: a.runner, Mirrors: mirrors, Builder: builder,
		Rollback:     reconciler.Rollback{Name: "Assay", Email: "assay@example.com", Interval: tick, Stop: a.stopped},
		Environments: environments,
	}
	if a.adjust != nil {
		a.adjust(&options)
	}
	loop, err := reconciler.New(options)
	require.NoError(a.t, err)
	stopped := make(chan error, 1)
	go func() { stopped <- loop.Run(ctx) }()
	a.past, a.loop = past, loop
	a.stop = sync.OnceFunc(func() { // a test that fails while nothing runs is stopped once more
		cancel()
		require.NoError(a.t, <-stopped)
		require.NoError(a.t, past.Close())
	})
}

func (a *assay) eventually(what string, holds func() bool) {
	a.t.Helper()
	deadline := time.Now().Add(patience)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for !holds() {
		if a.crash != nil && a.crash.over() {
			a.stop()
			if a.crash.forget {
				require.NoError(a.t, os.RemoveAll(filepath.Join(a.data, "history")))
			}
			a.start()
		}
		if time.Now().After(deadline) {
			decisions, _ := a.past.Decisions(context.Background(), history.Filter{Limit: 20})
			for _, d := range decisions {
				a.t.Logf("%s %s %s (%d times)", d.Key.Gate, d.Action, d.Reason, d.Times)
			}
			a.t.Fatalf("never came: %s", what)
		}
		<-ticker.C
	}
}

func (a *assay) incidents() []history.Incident {
	a.t.Helper()
	all, err := a.past.Incidents(context.Background(), history.Filter{})
	require.NoError(a.t, err)
	return all
}

// verified waits for a final Verification of the Gate at a commit, and returns it.
func (a *assay) verified(gateName, commit string) history.Verification {
	a.t.Helper()
	var found history.Verification
	a.eventually(gateName+" verified at "+commit, func() bool {
		all, err := a.past.Verifications(context.Background(), history.Filter{Gate: gateName})
		require.NoError(a.t, err)
		for _, v := range all {
			if v.Phase == history.Done && v.Targets[0].Revisions[0].Commit == commit {
				found = v
				return true
			}
		}
		return false
	})
	return found
}
